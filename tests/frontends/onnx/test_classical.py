"""Models of ai.onnx.ml beside onnxruntime: trees, linear models, support vectors, and features made ready for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.helper
import onnxruntime
import pytest

from edgegen.errors import InvalidModel
from edgegen.frontends.onnx import import_proto, read_onnx
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from edgegen.verify import Build, Call, build_program
from tests.corpus import model as corpus_model
from tests.corpus import samples
from tests.harness import compile_for_test

FLOAT, INT64 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO")
MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ")


@dataclass(frozen=True)
class Question:
    """One operator of ai.onnx.ml over x; outputs: the types of its outputs."""

    kind: str
    x: Array
    outputs: tuple[int, ...]
    attributes: dict[str, Any]
    version: int = 3

    def model(self) -> onnx.ModelProto:
        inputs = ["x"] * (2 if self.kind == "FeatureVectorizer" else 1)
        names = [f"y{i}" for i in range(len(self.outputs))]
        node = onnx.helper.make_node(self.kind, inputs, names, domain="ai.onnx.ml", **self.attributes)
        port = onnx.helper.make_tensor_value_info("x", onnx.helper.np_dtype_to_tensor_dtype(self.x.dtype), self.x.shape)
        given = [onnx.helper.make_tensor_value_info(n, t, None) for n, t in zip(names, self.outputs, strict=True)]
        opsets = [onnx.helper.make_opsetid("", 18), onnx.helper.make_opsetid("ai.onnx.ml", self.version)]
        graph = onnx.helper.make_graph([node], "question", [port], given)
        return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)

    def graph(self) -> Graph:
        return import_proto(self.model(), "question", {}, {})

    def answer(self) -> list[Array]:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        return list(onnxruntime.InferenceSession(self.model().SerializeToString(), options).run(None, {"x": self.x}))


def check(questions: Sequence[Question]) -> None:
    """Compares references and compiled C with onnxruntime."""
    graphs = [q.graph() for q in questions]
    program = build_program([compile_for_test(g, "generic", f"m{i}") for i, g in enumerate(graphs)], Build())
    outcomes = program.execute([Call([q.x], i) for i, q in enumerate(questions)])
    for question, graph, outcome in zip(questions, graphs, outcomes, strict=True):
        wanted = question.answer()
        for got in (evaluate(graph, [question.x]), outcome.outputs):
            for a, b in zip(got, wanted, strict=True):
                assert (a.shape, a.dtype) == (b.shape, b.dtype), question
                np.testing.assert_allclose(a, b, 1e-5, 2e-6, err_msg=str(question))


def tables(rng: np.random.Generator, leaf: str, ids: Sequence[int], modes: Sequence[str]) -> dict[str, Any]:
    """Five trees of depth 4 over 4 features as attributes; each leaf has a weight for each of `ids`."""
    names = ("treeids", "nodeids", "featureids", "truenodeids", "falsenodeids", "missing_value_tracks_true")
    nodes: dict[str, list[Any]] = {f"nodes_{name}": [] for name in (*names, "values", "modes")}
    ends: list[tuple[int, int, int, float]] = []

    def grow(tree: int, depth: int) -> int:
        at = len(nodes["nodes_treeids"])
        number = nodes["nodes_treeids"].count(tree)
        for column in nodes.values():
            column.append(0)
        is_leaf = depth == 0 or rng.random() < 0.15
        nodes["nodes_treeids"][at], nodes["nodes_nodeids"][at] = tree, number
        nodes["nodes_values"][at] = float(rng.integers(-2, 3))
        nodes["nodes_modes"][at] = "LEAF" if is_leaf else str(rng.choice(modes))
        if is_leaf:
            ends.extend((tree, number, i, float(rng.integers(-8, 9)) / 8) for i in ids)
        else:
            nodes["nodes_featureids"][at] = int(rng.integers(4))
            nodes["nodes_missing_value_tracks_true"][at] = int(rng.integers(2))
            nodes["nodes_truenodeids"][at] = grow(tree, depth - 1)
            nodes["nodes_falsenodeids"][at] = grow(tree, depth - 1)
        return number

    for tree in range(5):
        grow(tree, 4)
    columns = dict(zip(("treeids", "nodeids", "ids", "weights"), map(list, zip(*ends, strict=True)), strict=True))
    return nodes | {f"{leaf}_{name}": values for name, values in columns.items()}


def rows(seed: int, features: int = 4) -> Array:
    x = np.random.default_rng(seed).integers(-3, 4, (7, features)).astype(np.float32)
    x[0, 0] = np.nan
    return x


def trees() -> Iterator[Question]:
    for seed, aggregate in enumerate(("SUM", "AVERAGE", "MIN", "MAX")):
        table = tables(np.random.default_rng(seed), "target", range(3), MODES[: 1 + seed * 2])
        more = {"n_targets": 3, "aggregate_function": aggregate, "base_values": [0.5, 1.0, -1.0]}
        yield Question("TreeEnsembleRegressor", rows(seed), (FLOAT,), table | more)
    for seed, transform in enumerate(TRANSFORMS[:3]):
        for ids, labels in ((range(3), [4, 7, 2]), ([0], [3, 9]), ([1], [3, 9])):
            table = tables(np.random.default_rng(seed), "class", ids, MODES)
            if seed == 1 and len(ids) == 1:
                table["class_weights"] = [abs(w) for w in table["class_weights"]]
            more = {"classlabels_int64s": labels, "post_transform": transform}
            yield Question("TreeEnsembleClassifier", rows(seed), (INT64, FLOAT), table | more)


def linear_models() -> Iterator[Question]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 3)).astype(np.float32)
    for transform in TRANSFORMS:
        for classes, labels in ((1, [10, 20]), (3, [5, 6, 9])):
            weights = {
                "coefficients": rng.normal(size=3 * classes).tolist(),
                "intercepts": rng.normal(size=classes).tolist(),
            }
            more = {"classlabels_ints": labels, "post_transform": transform}
            yield Question("LinearClassifier", x, (INT64, FLOAT), weights | more)
    weights = {"coefficients": rng.normal(size=6).tolist(), "intercepts": [0.25, 1.0], "targets": 2}
    yield Question("LinearRegressor", x, (FLOAT,), weights)
    for kind, kernel in enumerate(("LINEAR", "POLY", "RBF", "SIGMOID")):
        shape: dict[str, Any] = {"kernel_type": kernel, "kernel_params": [0.5, 0.25, 2.0]}
        vectors = {"support_vectors": rng.normal(size=12).tolist(), "coefficients": rng.normal(size=4).tolist()}
        more = {"n_supports": 4, "rho": [0.25], "one_class": int(kind == 2)}
        yield Question("SVMRegressor", x, (FLOAT,), shape | vectors | more)
        for sizes in ([2, 2], [2, 1, 3]):
            count, classes = sum(sizes), len(sizes)
            pairs = classes * (classes - 1) // 2
            machine = {
                "support_vectors": rng.normal(size=3 * count).tolist(),
                "coefficients": rng.normal(size=count * (classes - 1)).tolist(),
                "rho": rng.normal(size=pairs).tolist(),
                "vectors_per_class": sizes,
                "classlabels_ints": list(range(5, 5 + classes)),
            }
            yield Question("SVMClassifier", x, (INT64, FLOAT), shape | machine)
            shares = {"prob_a": [-1.25] * pairs, "prob_b": [0.125] * pairs}
            yield Question("SVMClassifier", x, (INT64, FLOAT), shape | machine | shares)


def features() -> Iterator[Question]:
    x = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    x[3] = 0
    holes = x.copy()
    holes[0, 1] = np.nan
    whole = np.arange(6).reshape(2, 3)
    for norm in ("MAX", "L1", "L2"):
        yield Question("Normalizer", x, (FLOAT,), {"norm": norm})
    yield Question("Scaler", x, (FLOAT,), {"offset": [0.25, 1.0, 3.0], "scale": [2.0, 1.0, 4.0]})
    yield Question("Scaler", whole, (FLOAT,), {"offset": [0.5], "scale": [2.0]})
    yield Question("Binarizer", x, (FLOAT,), {"threshold": 0.25})
    imputed = {"imputed_value_floats": [1.0, 2.0, 3.0], "replaced_value_float": float("nan")}
    yield Question("Imputer", holes, (FLOAT,), imputed)
    yield Question("Imputer", whole, (INT64,), {"imputed_value_int64s": [9], "replaced_value_int64": 2})
    yield Question("FeatureVectorizer", x, (FLOAT,), {"inputdimensions": [3, 3]})
    yield Question("OneHotEncoder", whole, (FLOAT,), {"cats_int64s": [1, 2, 7]})
    yield Question("OneHotEncoder", x * 3, (FLOAT,), {"cats_int64s": [0, -1, 2]})
    named = {"keys_int64s": [1, 2, 7], "values_floats": [0.5, 1.5, 2.5], "default_float": 9.0}
    yield Question("LabelEncoder", whole, (FLOAT,), named, version=2)
    numbered = {"keys_floats": [1.0, float("nan")], "values_int64s": [1, 3]}
    for version in (2, 4):
        yield Question("LabelEncoder", np.array([1, 5, np.nan], np.float32), (INT64,), numbered, version)


@pytest.mark.parametrize("family", [trees, linear_models, features])
def test_as_onnxruntime(family: Any) -> None:
    check(list(family()))


def damaged(key: str, at: int, value: Any) -> Question:
    table = tables(np.random.default_rng(0), "target", [0], MODES)
    table[key] = [*table[key][:at], value, *table[key][at + 1 :]]
    return Question("TreeEnsembleRegressor", rows(0), (FLOAT,), table)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (damaged("nodes_truenodeids", 0, 999), "not there"),
        (damaged("nodes_truenodeids", 0, 0), "two ways"),
        (damaged("nodes_featureids", 0, 4), "compares feature 4"),
        (damaged("nodes_modes", 0, "BRANCH_MAYBE"), "BRANCH_MAYBE"),
        (damaged("nodes_nodeids", 1, 0), "twice"),
        (damaged("target_ids", 0, 5), "targets"),
        (Question("LinearRegressor", rows(0), (FLOAT,), {"coefficients": [1.0]}), "coefficients"),
        (Question("Scaler", rows(0), (FLOAT,), {"offset": [1.0, 2.0], "scale": [1.0]}), "2 offsets"),
    ],
)
def test_broken_models_are_refused(question: Question, text: str) -> None:
    with pytest.raises(InvalidModel, match=text):
        question.graph()


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["o2c_treeensemble", "tract_lgbm_clf"])
def test_the_corpus(name: str, corpus: Path) -> None:
    path = corpus_model(corpus, name, "onnx")
    found = samples(corpus, name, "onnx")
    proto = onnx.load(path)
    shapes = {proto.graph.input[0].name: found[0][0][0].shape}
    graph = read_onnx(path.read_bytes(), name, path.parent, shapes)
    program = build_program([compile_for_test(graph, "generic")], Build())
    outcomes = program.execute([Call(inputs) for inputs, _ in found])
    for (inputs, wanted), outcome in zip(found, outcomes, strict=True):
        for got in (evaluate(graph, inputs), outcome.outputs):
            for a, b in zip(got, wanted, strict=True):
                np.testing.assert_allclose(a, b, 1e-5, 1e-6)
