"""What classifiers of ai.onnx.ml make of scores: labels, and probabilities of all classes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edgegen.frontends.onnx.importer import Operator
from edgegen.ir.dtypes import S64
from edgegen.ir.tensor import Tensor
from edgegen.ops.arg_reduce import ArgReduce
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.concat import Concat
from edgegen.ops.gather import Gather
from edgegen.ops.reduce import Reduce
from edgegen.ops.select_op import Select
from edgegen.ops.softmax import Softmax
from edgegen.ops.unary import Unary

TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
"""In the order in which TreeEnsemble numbers them."""
DOMAIN = "ai.onnx.ml"
_TEXT_LABELS = "strings have no place on a device"
_TEXT_HELP = "train on numbers, or remove the output of labels from the model and name the classes outside of it"


def _softmax_zero(op: Operator, scores: Tensor) -> Tensor:
    """Softmax over the scores that are not 0, which stay 0 (onnxruntime takes 1e-7 and less for 0)."""
    small = op.add(Compare("less"), [op.constant(1e-7, scores.dtype), op.add(Unary("abs"), [scores])])
    most = op.add(Reduce("max", (1,), True), [scores])
    powers = op.add(Unary("exp"), [op.add(Binary("sub"), [scores, most])])
    chosen = op.add(Select(), [small, powers, op.constant(0, scores.dtype)])
    total = op.add(Reduce("sum", (1,), True), [chosen])
    some = op.add(Compare("less"), [op.constant(0, scores.dtype), total])
    return op.add(Binary("div"), [chosen, op.add(Select(), [some, total, op.constant(1, scores.dtype)])])


def _probit(op: Operator, p: Tensor) -> Tensor:
    """The normal distribution's quantile, by Winitzki's approximation of the inverse of erf, as onnxruntime."""

    def number(value: float) -> Tensor:
        return op.constant(value, p.dtype)

    x = op.add(Binary("sub"), [op.scaled(p, 2), number(1)])
    log = op.add(
        Unary("log"),
        [op.add(Binary("mul"), [op.add(Binary("sub"), [number(1), x]), op.add(Binary("add"), [x, number(1)])])],
    )
    v = op.add(Binary("add"), [op.scaled(log, 0.5), number(2 / (math.pi * 0.147))])
    square = op.add(Binary("mul"), [v, v])
    root = op.add(Unary("sqrt"), [op.add(Binary("sub"), [square, op.scaled(log, 1 / 0.147)])])
    size = op.add(Unary("sqrt"), [op.add(Binary("sub"), [root, v])])
    return op.scaled(op.add(Binary("mul"), [op.add(Unary("sign"), [x]), size]), 1.41421356)


def transformed(op: Operator, scores: Tensor, transform: str) -> Tensor:
    """scores[N, E] after a post_transform. Raises InvalidModel."""
    if transform not in TRANSFORMS:
        raise op.invalid(f'post_transform is "{transform}"')
    if transform == "LOGISTIC":
        return op.add(Unary("logistic"), [scores])
    if transform == "SOFTMAX":
        return op.add(Softmax(), [scores])
    if transform == "SOFTMAX_ZERO":
        return _softmax_zero(op, scores)
    return _probit(op, scores) if transform == "PROBIT" else scores


def both_classes(op: Operator, score: Tensor, transform: str, is_share: bool) -> Tensor:
    """score[N, 1] of the second of two classes -> [N, 2].

    As onnxruntime: LOGISTIC of -s and s; else s beside 1 - s if it is a share of 1, or beside -s.
    """
    if transform not in TRANSFORMS:
        raise op.invalid(f'post_transform is "{transform}"')
    if transform == "PROBIT":
        raise op.unsupported("PROBIT of one score for two classes")
    other = op.add(Unary("neg"), [score])
    if transform == "LOGISTIC":
        pair = [op.add(Unary("logistic"), [t]) for t in (other, score)]
    else:
        pair = [op.add(Binary("add"), [other, op.constant(1, score.dtype)]) if is_share else other, score]
    return op.add(Concat(1), pair)


def numbered_labels(op: Operator, numbers: Sequence[int], strings: Sequence[str]) -> tuple[int, ...]:
    """The labels of the classes; places instead of strings, which no output asks for. Raises UnsupportedModel."""
    if strings and op.wanted[0]:
        raise op.unsupported(_TEXT_LABELS, _TEXT_HELP)
    return tuple(range(len(strings))) if strings else tuple(numbers)


def best_label(op: Operator, scores: Tensor, labels: Sequence[int]) -> Tensor:
    """s64[N]: the label of the first of the greatest scores."""
    place = op.add(ArgReduce("max", 1, "s32"), [scores])
    return op.add(Gather(0), [op.constant(labels, S64), place])


def label_above(op: Operator, score: Tensor, least: float, labels: Sequence[int]) -> Tensor:
    """s64[N]: the second label where score[N, 1] exceeds `least`, else the first."""
    above = op.add(Compare("less"), [op.constant(least, score.dtype), op.reshape(score, (score.shape[0],))])
    return op.add(Select(), [above, op.constant(labels[1], S64), op.constant(labels[0], S64)])


def rows_of(op: Operator, x: Tensor) -> Tensor:
    """[C] or [N, C] as rows of features. Raises InvalidModel."""
    if x.rank not in (1, 2) or not x.type.elements:
        raise op.invalid(f"{x.type} has no rows of features")
    return op.reshape(x, (1, *x.shape)) if x.rank == 1 else x
