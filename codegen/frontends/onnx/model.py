"""A whole ONNX model: its inputs and outputs, and what its operators must be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnx.inliner

from edgegen.errors import InvalidGraph, InvalidModel, UnsupportedModel, UsageError
from edgegen.frontends.onnx.importer import REGISTRY, Importer, constants_of
from edgegen.frontends.onnx.reader import not_text, read_proto, versions_of
from edgegen.frontends.onnx.refused import REFUSED, reason
from edgegen.frontends.onnx.tensors import array_of, constant_tensor, input_type
from edgegen.frontends.onnx.values import NOTHING, Sized, TensorList, Value, flat
from edgegen.ir.dtypes import dtype_of
from edgegen.ir.graph import Graph, Node
from edgegen.ir.state import keep_state
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.reshape import Reshape

MAX_ELEMENTS = 1024
"""Of a sequence that is an input: each is an input of its own in C."""


class _Inputs:
    """The values of a model's inputs, while its graph gets those that are given at run time.

    shapes: sizes by input name, or of free dimensions by theirs; of a sequence, how many elements it has. The elements
            of a sequence "x" are called x_0, x_1, ...
    fixed:  values that inputs always have; None for an optional that holds nothing
    """

    def __init__(
        self,
        graph: Graph,
        names: Collection[str],
        dimensions: Collection[str],
        shapes: Mapping[str, tuple[int, ...]],
        fixed: Mapping[str, Array | None],
    ) -> None:
        """names: of all inputs; dimensions: that are free. Raises UsageError for shapes and values of others."""
        self._graph, self._names, self._shapes, self._fixed = graph, names, shapes, fixed
        self._unused = (shapes.keys() | fixed.keys()) - {d for d in dimensions if d not in names}
        self._check({n for n in self._unused if n not in names and n.rpartition("_")[0] not in names})

    def value(self, info: onnx.ValueInfoProto) -> Value:
        """Raises UnsupportedModel and UsageError."""
        name, type = info.name, info.type
        if type.WhichOneof("value") == "optional_type":
            if name in self._fixed and self._fixed[name] is None:
                self._used(name)
                return NOTHING
            type = type.optional_type.elem_type
        if type.WhichOneof("value") != "sequence_type":
            return self._tensor(name, type)
        count = self._shapes.get(name)
        self._used(name)
        if count is None:
            help = f"say how many: --shape {name}=3; sizes of element 0, if they are free: --shape {name}_0=..."
            raise UsageError(f'input "{name}" is a sequence of any length', help=help)
        if len(count) != 1 or not 0 <= count[0] <= MAX_ELEMENTS:
            raise UsageError(f'input "{name}" is a sequence of 0 to {MAX_ELEMENTS} elements, not of {list(count)}')
        elem_type = type.sequence_type.elem_type
        return TensorList(tuple(self._tensor(f"{name}_{k}", elem_type) for k in range(count[0])))

    def _tensor(self, name: str, type: onnx.TypeProto) -> Tensor:
        self._used(name)
        values = self._fixed.get(name)
        if values is not None:
            return constant_tensor(name, values, dtype_of(values))
        tensor = Tensor(name, input_type(name, type, self._shapes))
        self._graph.inputs.append(tensor)
        return tensor

    def _used(self, name: str) -> None:
        self._unused.discard(name)

    def check_all_used(self) -> None:
        """Raises UsageError for shapes and values of elements that sequences do not have."""
        self._check(self._unused)

    def _check(self, unknown: Collection[str]) -> None:
        for name in sorted(unknown):
            raise UsageError(f'the model has no input "{name}"', [("inputs", ", ".join(sorted(self._names)))])


def _free_dimensions(model: onnx.ModelProto) -> set[str]:
    types = (i.type.tensor_type for i in model.graph.input)
    return {d.dim_param for t in types for d in t.shape.dim if d.dim_param}


def _give(graph: Graph, tensor: Tensor, name: str) -> None:
    """Makes a tensor an output of the graph, of bytes of its own."""
    if tensor in graph.inputs or tensor.is_constant or tensor in graph.outputs:
        copy = Tensor(name, tensor.type)
        graph.nodes.append(Node(Reshape(tensor.shape), [tensor], [copy], name, "onnx output"))
        tensor = copy
    tensor.name = name
    graph.outputs.append(tensor)


def _import_graph(
    model: onnx.ModelProto, name: str, shapes: Mapping[str, tuple[int, ...]], fixed: Mapping[str, Array | None]
) -> Graph:
    graph = Graph(name, [], [])
    importer = Importer(versions_of(model), graph, constants_of(model.graph))
    inputs = _Inputs(graph, [i.name for i in model.graph.input], _free_dimensions(model), shapes, fixed)
    for info in model.graph.input:
        if info.name not in importer.scope:  # before IR version 4, initializers stood among the inputs
            value = inputs.value(info)
            importer.named.update(flat([value]))
            importer.scope[info.name] = value
    inputs.check_all_used()
    values = importer.add_nodes(model.graph)
    for info, value in zip(model.graph.output, values, strict=True):
        if isinstance(value, Tensor):
            _give(graph, value, info.name)
        if isinstance(value, Sized):
            _give(graph, value.tensor, info.name)
            _give(graph, value.shape, f"{info.name}_shape")
        for k, element in enumerate(value.elements if isinstance(value, TensorList) else ()):
            _give(graph, element, f"{info.name}_{k}")
    for tensors in (graph.inputs, graph.outputs):
        for called, count in Counter(t.name for t in tensors).items():
            if count > 1:
                raise UnsupportedModel(f'{count} inputs or outputs, elements of sequences among them, are "{called}"')
    return graph


def _all_nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Those of sub-graphs too."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _all_nodes(attribute.g)


def _key(node: onnx.NodeProto) -> tuple[str, str]:
    return "" if node.domain == "ai.onnx" else node.domain, node.op_type


def _check_operators(model: onnx.ModelProto) -> None:
    """Raises one UnsupportedModel that names every operator that edgegen does not read."""
    keys = list(map(_key, _all_nodes(model.graph)))
    unknown = Counter(key for key in keys if key not in REGISTRY)
    if not unknown:
        return
    first = next(i for i, key in enumerate(keys) if key in unknown)
    texts = sorted(f"{domain}{':' if domain else ''}{name} ({count})" for (domain, name), count in unknown.items())
    raise UnsupportedModel(
        f"onnx node {first} {keys[first][1]} is not supported",
        [
            ("lacks", ", ".join(texts)),
            *(("why", f"{name}: {reason(domain, name)}") for domain, name in sorted(unknown)),
        ],
        "README.md lists the supported operators; replace this one or report the model",
    )


def _inline_functions(model: onnx.ModelProto) -> onnx.ModelProto:
    """Operators without an import function of their own give way to the bodies that their schemas carry."""
    if all(_key(n) in REGISTRY for n in _all_nodes(model.graph)):
        return model
    known = [*REGISTRY, *REFUSED]
    kept = [*known, *(("ai.onnx", name) for domain, name in known if not domain)]
    try:
        return onnx.inliner.inline_selected_functions(model, kept, exclude=True, inline_schema_functions=True)
    except RuntimeError:  # it cannot tell types that a body needs: the operators are refused by name
        return model


def import_proto(
    model: onnx.ModelProto, name: str, shapes: Mapping[str, tuple[int, ...]], fixed: Mapping[str, Array | None]
) -> Graph:
    """The graph of a checked model. Raises InvalidModel, UnsupportedModel and UsageError.

    shapes: sizes of inputs with free dimensions, or of these by their names, and how many elements sequences have
    fixed:  values that inputs always have, which makes them constants; None for an optional that holds nothing
    """
    try:
        model = _inline_functions(model)
        _check_operators(model)
        with np.errstate(all="ignore"):
            graph = _import_graph(model, name, shapes, fixed)
    except UnicodeDecodeError as error:
        raise not_text(error) from error
    except InvalidGraph as error:
        raise InvalidModel(error.what, error.details, error.help) from error
    if not graph.outputs:
        raise InvalidModel("the model has no outputs")
    return graph


def read_onnx(
    data: bytes,
    name: str,
    folder: Path,
    shapes: Mapping[str, tuple[int, ...]],
    states: Mapping[str, str] | None = None,
    values: Mapping[str, Sequence[float]] | None = None,
) -> Graph:
    """The graph of an .onnx file, whose external data lie in `folder`; `shapes` as in `import_proto`.

    states: outputs that are fed back to inputs from run to run, by the input's name (ir.state). An input that has an
            initializer starts from it
    values: what inputs always hold, element after element

    Raises InvalidModel, UnsupportedModel (ValueNeeded among them) and UsageError.
    """
    model = read_proto(data, folder)
    ports = {info.name for info in model.graph.input}
    fed = [t for t in model.graph.initializer if t.name in (states or {}) and t.name in ports]
    initial = {t.name: array_of(t) for t in fed}
    for initializer in fed:
        model.graph.initializer.remove(initializer)
    fixed: dict[str, Array | None] = {}
    for info in model.graph.input:
        if (numbers := (values or {}).get(info.name)) is not None:
            type = input_type(info.name, info.type, dict(shapes))
            if type.elements != len(numbers):
                raise UsageError(f'input "{info.name}" is {type}, was given {len(numbers)} values')
            fixed[info.name] = np.array(numbers).astype(type.dtype.np).reshape(type.shape)
    for unknown in (values or {}).keys() - ports:
        raise UsageError(f'the model has no input "{unknown}"', [("inputs", ", ".join(sorted(ports)))])
    graph = import_proto(model, name, {n: s for n, s in shapes.items() if n not in fixed}, fixed)
    keep_state(graph, states or {}, initial)
    return graph
