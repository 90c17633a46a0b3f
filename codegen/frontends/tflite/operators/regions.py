"""Operators that combine elements by a sub-graph of one operator: STABLEHLO_SCATTER, windows of any shape."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import tflite

from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.frontends.tflite.operators.interior import pad_between
from edgegen.frontends.tflite.operators.windows import is_subset
from edgegen.frontends.tflite.tensors import check_size
from edgegen.ir.dtypes import BOOL, F32, S8, S16, S32, S64, U8
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.binary import Binary
from edgegen.ops.cast import Cast
from edgegen.ops.compare import Compare
from edgegen.ops.concat import Concat
from edgegen.ops.gather import Gather
from edgegen.ops.gather_nd import MAX_DEPTH
from edgegen.ops.reduce_window import Function, ReduceWindow
from edgegen.ops.reshape import Reshape
from edgegen.ops.scatter_nd import REDUCED, Reduction, ScatterNd
from edgegen.ops.select_op import Select
from edgegen.ops.transpose import Transpose

_FUNCTIONS: dict[str, Function] = {
    "STABLEHLO_ADD": "add",
    "STABLEHLO_AND": "minimum",
    "STABLEHLO_MAXIMUM": "maximum",
    "STABLEHLO_MINIMUM": "minimum",
    "STABLEHLO_MULTIPLY": "mul",
    "STABLEHLO_OR": "maximum",
}
_REDUCTIONS: dict[Function, Reduction] = {"add": "add", "mul": "mul", "minimum": "min", "maximum": "max"}
_COMBINED = (F32, S8, U8, S16, S32, S64, BOOL)
_BITWISE = ("STABLEHLO_AND", "STABLEHLO_OR")


def _combined(op: Operator, index: int, x: Tensor) -> Function | None:
    """What the sub-graph makes of two elements; None if it gives back the second. Raises UnsupportedModel."""
    graphs = op.model.source.model.graphs
    if not 0 < index < len(graphs):
        raise op.invalid(f"the sub-graph that combines elements, {index}, is not one of {len(graphs)}")
    graph = graphs[index]
    if not graph.operators and len(graph.inputs) == 2 and graph.outputs == graph.inputs[1:]:
        return None
    if len(graph.operators) == 1 and len(graph.inputs) == 2:
        (only,) = graph.operators
        known = only.name in _FUNCTIONS and (x.dtype == BOOL or only.name not in _BITWISE)
        if known and sorted(only.inputs) == sorted(graph.inputs) and only.outputs == graph.outputs:
            return _FUNCTIONS[only.name]
    names = ", ".join(o.name for o in graph.operators) or "nothing"
    raise op.unsupported(f"elements of {x.dtype} are combined by {names}", f"use one of {', '.join(_FUNCTIONS)}")


def _reduce(
    op: Operator,
    function: Function,
    x: Tensor,
    window: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> None:
    """Input 1 is what the results begin with."""
    if x.dtype not in _COMBINED or (x.dtype == BOOL and function in ("add", "mul")):
        raise op.unsupported(f"{function} of {x.dtype} is not supported", "use f32 or a signed integer")
    op.add(ReduceWindow(function, window, stride, dilation), [x, op.input(1)], op.output)


@operator("REDUCE_WINDOW", last_version=1)
def reduce_window(op: Operator) -> None:
    """Inputs: x, what results begin with, the window's shape, its strides and the distances between its elements."""
    functions: dict[int, Function] = {
        tflite.ReduceWindowFunction.ADD: "add",
        tflite.ReduceWindowFunction.MUL: "mul",
        tflite.ReduceWindowFunction.MINIMUM: "minimum",
        tflite.ReduceWindowFunction.MAXIMUM: "maximum",
        tflite.ReduceWindowFunction.ALL: "minimum",
        tflite.ReduceWindowFunction.ANY: "maximum",
    }
    x, chosen = op.input(0), op.options(tflite.ReduceWindowOptions).ReduceFunction
    logical = chosen in (tflite.ReduceWindowFunction.ALL, tflite.ReduceWindowFunction.ANY)
    if chosen not in functions or logical != (x.dtype == BOOL):
        raise op.unsupported(f"function {chosen} of {x.dtype} is not supported", "add, multiply, or take the extremes")
    window, stride, dilation = (
        op.integers(i + 2, what) for i, what in enumerate(("the window", "the strides", "the dilations"))
    )
    _reduce(op, functions[chosen], x, window, stride, dilation)


@operator("STABLEHLO_REDUCE_WINDOW", last_version=1)
def stablehlo_reduce_window(op: Operator) -> None:
    """Of x with gaps between its elements and around it, all of which hold what results begin with."""
    x, options = op.input(0), op.options(tflite.StablehloReduceWindowOptions)
    window = options.integers("WindowDimensions")
    ones = (1,) * x.rank
    stride, base, dilation = (
        options.integers(name) or ones for name in ("WindowStrides", "BaseDilations", "WindowDilations")
    )
    padding = options.integers("Padding") or (0,) * (2 * x.rank)
    function = _combined(op, options.BodySubgraphIndex, x)
    if function is None:
        raise op.unsupported("windows of which the last element is taken are not supported", "use STRIDED_SLICE")
    if min(base, default=1) < 1 or len(padding) != 2 * x.rank:
        raise op.invalid(f"dilation {list(base)} and padding {list(padding)} do not fit {x.type}")
    spread = pad_between(op, x, padding[::2], padding[1::2], tuple(n - 1 for n in base))
    _reduce(op, function, spread, window, stride, dilation)


@dataclass(frozen=True)
class _Scattered:
    """How updates lie in x, as the operator's options say.

    window:   axes of the updates along which a window lies; the others are those of the places
    inserted: axes of x that windows do not have
    named:    the axis of x that each element of a place is an index along
    vector:   the axis of the places that holds those elements; their rank if there is one for each place
    """

    window: tuple[int, ...]
    inserted: tuple[int, ...]
    named: tuple[int, ...]
    vector: int

    def kept(self, x: Tensor) -> list[int]:
        """The axes of x that windows have."""
        return [a for a in range(x.rank) if a not in self.inserted]

    def extents(self, x: Tensor, updates: Tensor) -> list[int]:
        """Of a window, along each axis of x."""
        sizes = iter(updates.shape[a] for a in self.window)
        return [1 if a in self.inserted else next(sizes) for a in range(x.rank)]


def _scattered(op: Operator, x: Tensor, places: Tensor, updates: Tensor) -> _Scattered:
    """Raises InvalidModel if the options contradict each other or the inputs."""
    options = op.options(tflite.StablehloScatterOptions)
    window, inserted = options.integers("UpdateWindowDims"), options.integers("InsertedWindowDims")
    named, vector = options.integers("ScatterDimsToOperandDims"), options.IndexVectorDim
    along = (*places.shape, 1)[vector] if 0 <= vector <= places.rank else 0
    sound = is_subset(window, updates.rank) and is_subset(inserted, x.rank) and is_subset(named, x.rank)
    sound &= len(window) == x.rank - len(inserted) and list(window) == sorted(window) and updates.dtype == x.dtype
    batch = tuple(n for a, n in enumerate(updates.shape) if a not in window)
    found = _Scattered(window, inserted, named, vector)
    sound = sound and batch == tuple(n for a, n in enumerate(places.shape) if a != vector)
    sound = sound and all(k <= n for k, n in zip(found.extents(x, updates), x.shape, strict=True))
    if not sound or not 1 <= len(named) == along or x.rank > MAX_DEPTH:
        raise op.invalid(f"windows along {list(window)} of {updates.type} do not scatter to {x.type} at {places.type}")
    if places.dtype not in (S32, S64):
        raise op.unsupported(f"places of {places.dtype} are not supported", "use int32 or int64")
    return found


def _targets(op: Operator, places: Tensor, named: tuple[int, ...], extents: list[int]) -> Tensor:
    """[places, window, axes]: where each element of a window of these extents goes, which begins at its place along
    the axes that are named and at 0 along the others; those below 0 lie beyond every axis."""
    count, axes = places.type.elements // len(named), len(extents)
    rows = op.add(Reshape((count, len(named))), [places])
    zeros = op.add_constant("zeros", np.zeros((count, 1)), places.dtype)
    columns = np.array([named.index(a) if a in named else len(named) for a in range(axes)])
    starts = op.add(Gather(1), [op.add(Concat(1), [rows, zeros]), op.add_constant("columns", columns, S32)])
    grid = np.stack(np.meshgrid(*map(np.arange, extents), indexing="ij"), -1).reshape(1, -1, axes)
    spread = op.add(Reshape((count, 1, axes)), [starts])
    targets = op.add(Binary("add"), [spread, op.add_constant("window", grid, places.dtype)])
    low, far = (op.add_constant(f"from{n}", np.array(n), places.dtype) for n in (0, np.iinfo(np.int32).max))
    return op.add(Select(), [op.add(Compare("less"), [targets, low]), far, targets])


@operator("STABLEHLO_SCATTER", last_version=1)
def stablehlo_scatter(op: Operator) -> None:
    """Windows of updates combined with x at places; elements that would lie outside are left out.

    Of several updates of an element the last in the tensor stays. Trailing axes that every window covers, and which are
    the updates' last ones too, stay runs of elements.
    """
    x, places, updates = op.input(0), op.input(1), op.input(2)
    if x.dtype not in _COMBINED:
        raise op.unsupported(f"{x.dtype} is not supported", "use f32 or a signed integer")
    form = _scattered(op, x, places, updates)
    function = _combined(op, op.options(tflite.StablehloScatterOptions).UpdateComputationSubgraphIndex, x)
    if x.dtype == BOOL and function in ("mul", "minimum"):
        raise op.unsupported(f"{function} of bool is not supported", "use STABLEHLO_OR")
    reduction: Reduction = "none" if function is None else "add" if x.dtype == BOOL else _REDUCTIONS[function]
    extents = form.extents(x, updates)
    axes = max(a + 1 for a in range(x.rank) if a in form.named or extents[a] != x.shape[a])
    runs = [u for u, a in zip(form.window, form.kept(x), strict=True) if a >= axes]
    if runs != list(range(updates.rank - len(runs), updates.rank)):
        axes, runs = x.rank, []
    check_size(op.output.name, TensorType(places.dtype, (updates.type.elements // math.prod(x.shape[axes:]), axes)))
    if form.vector < places.rank:
        others = [a for a in range(places.rank) if a != form.vector]
        places = op.add(Transpose((*others, form.vector)), [places])
    order = [*(a for a in range(updates.rank) if a not in form.window), *(a for a in form.window if a not in runs)]
    targets = _targets(op, places, form.named, extents[:axes])
    targets = op.add(Reshape((*(updates.shape[a] for a in order), axes)), [targets])
    perm = (*(order.index(a) for a in range(len(order))), len(order))
    targets = op.add(Transpose(perm), [targets])
    count = updates.type.elements // math.prod(x.shape[axes:])
    targets = op.add(Reshape((count, axes)), [targets])
    rows = op.add(Reshape((count, *x.shape[axes:])), [updates])
    if reduction == "none" or x.dtype.name in REDUCED[reduction]:
        op.add(ScatterNd(reduction), [x, targets, rows], op.output)
        return
    wide = op.add(ScatterNd(reduction), [op.cast(x, S32), targets, op.cast(rows, S32)])
    op.add(Cast(x.dtype.name), [wide], op.output)
