"""Every operator of the installed standard, in each of its versions, is read, has a body, or has its own reason."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.defs
import onnx.helper
import pytest

from edgegen.errors import UnsupportedModel
from edgegen.frontends.onnx import import_proto
from edgegen.frontends.onnx.importer import REGISTRY
from edgegen.frontends.onnx.refused import REFUSED, reason
from edgegen.ir.evaluate import evaluate

SCHEMAS = [s for s in onnx.defs.get_all_schemas_with_history() if not s.deprecated]


def test_every_version_is_read_or_refused() -> None:
    lacking = []
    for schema in SCHEMAS:
        key = (schema.domain, schema.name)
        read = any(row.since <= schema.since_version <= row.until for row in REGISTRY.get(key, []))
        body = schema.has_function or schema.has_context_dependent_function
        if not read and not (key not in REGISTRY and (body or key in REFUSED)):
            lacking.append((*key, schema.since_version))
    assert not lacking


def test_nothing_is_both_read_and_refused() -> None:
    assert not REFUSED.keys() & REGISTRY.keys()
    assert REFUSED.keys() <= {(s.domain, s.name) for s in SCHEMAS}


def model(kind: str, domain: str = "", version: int = 18, type: int = onnx.TensorProto.FLOAT) -> onnx.ModelProto:
    node = onnx.helper.make_node(kind, ["x"], ["y"], domain=domain)
    ports = [onnx.helper.make_tensor_value_info(name, type, [2]) for name in ("x", "y")]
    opsets = [onnx.helper.make_opsetid("", 18), *([onnx.helper.make_opsetid(domain, version)] if domain else [])]
    return onnx.helper.make_model(onnx.helper.make_graph([node], "g", ports[:1], ports[1:]), opset_imports=opsets)


@pytest.mark.parametrize(("domain", "name"), sorted(REFUSED))
def test_a_refusal_gives_its_reason(domain: str, name: str) -> None:
    with pytest.raises(UnsupportedModel, match=f"{name} is not supported") as refusal:
        import_proto(model(name, domain), "m", {}, {})
    assert ("why", f"{name}: {REFUSED[domain, name]}") in refusal.value.details


@pytest.mark.parametrize(
    ("domain", "name", "text"),
    [
        ("", "NoSuch", "no such operator"),
        ("com.example", "NoSuch", "not a part of the standard"),
        ("", "Gelu", "needs types"),
    ],
)
def test_other_operators_have_a_reason_too(domain: str, name: str, text: str) -> None:
    assert text in reason(domain, name)


def test_text_is_refused_as_such() -> None:
    with pytest.raises(UnsupportedModel, match="is text"):
        import_proto(model("Identity", type=onnx.TensorProto.STRING), "m", {}, {})


@pytest.mark.parametrize(
    ("kind", "attributes", "version"),
    [
        ("LabelEncoder", {"keys_strings": ["a"], "values_int64s": [1]}, 2),
        ("LabelEncoder", {"classes_strings": ["a"]}, 1),
        ("OneHotEncoder", {"cats_strings": ["a"]}, 2),
        ("TreeEnsembleClassifier", {"classlabels_strings": ["a", "b"]}, 1),
        ("LinearClassifier", {"classlabels_strings": ["a", "b"], "coefficients": [1.0, 2.0]}, 1),
    ],
)
def test_labels_of_text_are_refused(kind: str, attributes: dict[str, object], version: int) -> None:
    tree = {
        "class_ids": [0],
        "class_nodeids": [0],
        "class_treeids": [0],
        "class_weights": [1.0],
        "nodes_falsenodeids": [0],
        "nodes_featureids": [0],
        "nodes_modes": ["LEAF"],
        "nodes_nodeids": [0],
        "nodes_treeids": [0],
        "nodes_truenodeids": [0],
        "nodes_values": [0.0],
    }
    proto = model(kind, "ai.onnx.ml", version)
    given = attributes | (tree if kind.startswith("Tree") else {})
    proto.graph.node[0].attribute.extend(onnx.helper.make_attribute(k, v) for k, v in given.items())
    with pytest.raises(UnsupportedModel, match="strings have no place"):
        import_proto(proto, "m", {}, {})


def test_old_versions_mean_the_same() -> None:
    """Cast, Concat, Clip, Reshape and Tile before opset 6 took attributes that later became inputs."""
    make = onnx.helper.make_node
    nodes = [
        make("Reshape", ["x"], ["a"], shape=[2, 3]),
        make("Concat", ["a", "a"], ["b"]),
        make("Clip", ["b"], ["c"], max=3.0),
        make("Tile", ["c", "count", "axis"], ["d"]),
        make("Cast", ["d"], ["y"], to="INT32"),
    ]
    constants = [
        onnx.numpy_helper.from_array(np.array(v, np.int64), name) for name, v in (("count", [2]), ("axis", [0]))
    ]
    ports = [
        onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [6]),
        onnx.helper.make_tensor_value_info("y", onnx.TensorProto.INT32, [4, 6]),
    ]
    graph = onnx.helper.make_graph(nodes, "g", ports[:1], ports[1:], constants)
    proto = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 1)])
    x = np.arange(6, dtype=np.float32)
    (y,) = evaluate(import_proto(proto, "m", {}, {}), [x])
    row = np.minimum(np.concatenate([x.reshape(2, 3)] * 2, 1), 3)
    np.testing.assert_array_equal(y, np.tile(row, (2, 1)).astype(np.int32))
