"""Linear models and support vectors (ai.onnx.ml): LinearRegressor, LinearClassifier, SVMRegressor, SVMClassifier."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.scores import (
    DOMAIN,
    best_label,
    both_classes,
    label_above,
    numbered_labels,
    rows_of,
    transformed,
)
from edgegen.ir.dtypes import F32
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.coupling import Coupling
from edgegen.ops.dense import Dense
from edgegen.ops.reduce import Reduce
from edgegen.ops.select_op import Select
from edgegen.ops.unary import Unary


def _matrix(op: Operator, values: Sequence[float], rows: int, columns: int, what: str) -> Array:
    if len(values) != rows * columns or not values:
        raise op.invalid(f"{len(values)} {what}, not {rows} times {columns}")
    return np.array(values, np.float32).reshape(rows, columns)


def _product(op: Operator, x: Tensor, weights: Array, bias: Sequence[float] = ()) -> Tensor:
    """x[N, C] * weights[E, C] + bias[E]."""
    return op.add(Dense(), [x, op.constant(weights, F32), op.constant(bias, F32) if bias else None])


@operator("LinearRegressor", domain=DOMAIN)
def linear_regressor(
    op: Operator,
    x: Tensor,
    *,
    coefficients: tuple[float, ...],
    intercepts: tuple[float, ...] = (),
    post_transform: str = "NONE",
    targets: int = 1,
) -> Tensor:
    rows = op.cast(rows_of(op, x), F32)
    if len(intercepts) not in (0, targets):
        raise op.invalid(f"{len(intercepts)} intercepts for {targets} targets")
    weights = _matrix(op, coefficients, targets, rows.shape[1], "coefficients")
    return transformed(op, _product(op, rows, weights, intercepts), post_transform)


@operator("LinearClassifier", domain=DOMAIN)
def linear_classifier(
    op: Operator,
    x: Tensor,
    *,
    classlabels_ints: tuple[int, ...] = (),
    classlabels_strings: tuple[str, ...] = (),
    coefficients: tuple[float, ...],
    intercepts: tuple[float, ...] = (),
    multi_class: int = 0,
    post_transform: str = "NONE",
) -> list[Tensor]:
    """(label s64[N], scores f32[N, classes]). One row of coefficients scores the second of two classes."""
    del multi_class  # onnxruntime does not read it
    rows = op.cast(rows_of(op, x), F32)
    labels = numbered_labels(op, classlabels_ints, classlabels_strings)
    count = len(coefficients) // rows.shape[1]
    if count != len(labels) and (count, len(labels)) != (1, 2):
        raise op.invalid(f"coefficients of {count} classes, {len(labels)} labels")
    if len(intercepts) not in (0, count):
        raise op.invalid(f"{len(intercepts)} intercepts for {count} classes")
    weights = _matrix(op, coefficients, count, rows.shape[1], "coefficients")
    scores = _product(op, rows, weights, intercepts)
    if count == 1 and len(labels) == 2:
        return [label_above(op, scores, 0.0, labels), both_classes(op, scores, post_transform, True)]
    return [best_label(op, scores, labels), transformed(op, scores, post_transform)]


def _kernel(op: Operator, x: Tensor, vectors: Array, kind: str, params: Sequence[float]) -> Tensor:
    """f32[N, V]: the kernel function of each row and each support vector; params: gamma, coef0, degree."""
    gamma, shift, degree = (*params, 0.0, 0.0, 0.0)[:3] if params else (0.0, 0.0, 0.0)
    products = _product(op, x, vectors)
    if kind == "LINEAR":
        return products
    if kind == "RBF":  # |x - v|^2, difference by difference: squares taken apart would cancel
        apart = op.add(Binary("sub"), [op.reshape(x, (x.shape[0], 1, x.shape[1])), op.constant(vectors, F32)])
        distance = op.add(Reduce("sum", (2,), False), [op.add(Binary("mul"), [apart, apart])])
        return op.add(Unary("exp"), [op.scaled(distance, -gamma)])
    if kind not in ("POLY", "SIGMOID"):
        raise op.invalid(f'kernel_type is "{kind}"')
    inner = op.add(Binary("add"), [op.scaled(products, gamma), op.constant(shift, F32)])
    if kind == "SIGMOID":
        return op.add(Unary("tanh"), [inner])
    return op.add(Binary("pow"), [inner, op.constant(degree, F32)])


@operator("SVMRegressor", domain=DOMAIN)
def svm_regressor(
    op: Operator,
    x: Tensor,
    *,
    coefficients: tuple[float, ...],
    kernel_params: tuple[float, ...] = (),
    kernel_type: str = "LINEAR",
    n_supports: int = 0,
    one_class: int = 0,
    post_transform: str = "NONE",
    rho: tuple[float, ...],
    support_vectors: tuple[float, ...] = (),
) -> Tensor:
    """f32[N, 1]; one_class: 1 where the sum exceeds 0, else -1. Without support vectors the model is linear."""
    rows = op.cast(rows_of(op, x), F32)
    if len(rho) != 1:
        raise op.invalid(f"{len(rho)} values of rho")
    if n_supports:
        vectors = _matrix(op, support_vectors, n_supports, rows.shape[1], "elements of support vectors")
        rows = _kernel(op, rows, vectors, kernel_type, kernel_params)
    y = _product(op, rows, _matrix(op, coefficients, 1, rows.shape[1], "coefficients"), rho)
    if one_class:
        inside = op.add(Compare("less"), [op.constant(0, F32), y])
        return op.add(Select(), [inside, op.constant(1, F32), op.constant(-1, F32)])
    return transformed(op, y, post_transform)


def _decisions(sizes: Sequence[int], coefficients: Array) -> Array:
    """[pairs, V]: with what weight each support vector speaks in the decision between each two classes.

    coefficients[classes - 1, V]: of a vector of class i against class j in row j - 1 if i < j, else in row j.
    """
    starts = np.cumsum([0, *sizes])
    weights = np.zeros((len(sizes) * (len(sizes) - 1) // 2, starts[-1]), np.float32)
    for pair, (i, j) in enumerate(combinations(range(len(sizes)), 2)):
        weights[pair, starts[i] : starts[i + 1]] = coefficients[j - 1, starts[i] : starts[i + 1]]
        weights[pair, starts[j] : starts[j + 1]] = coefficients[i, starts[j] : starts[j + 1]]
    return weights


def _votes(op: Operator, decisions: Tensor, classes: int) -> Tensor:
    """f32[N, classes]: how many decisions each class wins; a decision above 0 goes to the first of its two."""
    won = op.cast(op.add(Compare("less"), [op.constant(0, F32), decisions]), F32)
    first = np.zeros((classes, decisions.shape[1]), np.float32)
    lost = np.zeros(classes, np.float32)
    for pair, (i, j) in enumerate(combinations(range(classes), 2)):
        first[i, pair], first[j, pair] = 1, -1
        lost[j] += 1
    return _product(op, won, first, lost.tolist())


def _pair_probabilities(op: Operator, decisions: Tensor, a: Sequence[float], b: Sequence[float]) -> Tensor:
    """f32[N, pairs] by Platt's scaling: 1 / (1 + exp(a * decision + b)), cut at 1e-7 from 0 and 1 as in libsvm."""
    turned = op.add(Binary("mul"), [decisions, op.constant([-v for v in a], F32)])
    shares = op.add(Unary("logistic"), [op.add(Binary("sub"), [turned, op.constant(b, F32)])])
    least, most = op.constant(1e-7, F32), op.constant(1 - 1e-7, F32)
    return op.add(Binary("minimum"), [op.add(Binary("maximum"), [shares, least]), most])


@operator("SVMClassifier", domain=DOMAIN)
def svm_classifier(
    op: Operator,
    x: Tensor,
    *,
    classlabels_ints: tuple[int, ...] = (),
    classlabels_strings: tuple[str, ...] = (),
    coefficients: tuple[float, ...],
    kernel_params: tuple[float, ...] = (),
    kernel_type: str = "LINEAR",
    post_transform: str = "NONE",
    prob_a: tuple[float, ...] = (),
    prob_b: tuple[float, ...] = (),
    rho: tuple[float, ...],
    support_vectors: tuple[float, ...] = (),
    vectors_per_class: tuple[int, ...] = (),
) -> list[Tensor]:
    """(label s64[N], scores): by votes of the decisions between each two classes.

    The scores are the decisions, or the probabilities if there are prob_a and prob_b. Without support vectors the model
    is linear.
    """
    rows = op.cast(rows_of(op, x), F32)
    labels = numbered_labels(op, classlabels_ints, classlabels_strings)
    classes = len(labels)
    if not vectors_per_class:
        weights = _matrix(op, coefficients, classes, rows.shape[1], "coefficients")
        scores = _product(op, rows, weights, [rho[0]] * classes if rho else [])
        if kernel_type != "LINEAR":
            raise op.unsupported(f"a model without support vectors whose kernel is {kernel_type}")
        return [best_label(op, scores, labels), transformed(op, scores, post_transform)]
    pairs = classes * (classes - 1) // 2
    if len(vectors_per_class) != classes or min(vectors_per_class) < 0 or len(rho) != pairs or classes < 2:
        raise op.invalid(f"{classes} classes, vectors of {len(vectors_per_class)}, {len(rho)} values of rho")
    count = sum(vectors_per_class)
    vectors = _matrix(op, support_vectors, count, rows.shape[1], "elements of support vectors")
    weights = _decisions(vectors_per_class, _matrix(op, coefficients, classes - 1, count, "coefficients"))
    decisions = _product(op, _kernel(op, rows, vectors, kernel_type, kernel_params), weights, rho)
    label = best_label(op, _votes(op, decisions, classes), labels)
    if prob_a:
        if len(prob_a) != pairs or len(prob_b) != pairs:
            raise op.invalid(f"{len(prob_a)} and {len(prob_b)} parameters of probabilities for {pairs} pairs")
        scores = op.add(Coupling(classes), [_pair_probabilities(op, decisions, prob_a, prob_b)])
        return [label, transformed(op, scores, post_transform)]
    if classes == 2:
        share = post_transform in ("SOFTMAX", "SOFTMAX_ZERO")  # so onnxruntime has it
        return [label, both_classes(op, decisions, post_transform, share)]
    return [label, transformed(op, decisions, post_transform)]
