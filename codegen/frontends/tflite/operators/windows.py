"""STABLEHLO_GATHER: windows of a tensor, each at a place that indices name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tflite

from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.frontends.tflite.tensors import check_size
from edgegen.ir.dtypes import S32, S64
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.binary import Binary
from edgegen.ops.gather_nd import MAX_DEPTH, GatherNd
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose

Axes = tuple[int, ...]


@dataclass(frozen=True)
class _Windows:
    """How windows are named and laid out, as the operator's options say.

    offsets:   axes of the output along which a window lies; the others are those of the places
    collapsed: axes of x, of 1 in a window, that the output does not have
    named:     the axis of x that each element of a place is an index along
    vector:    the axis of the places that holds those elements; their rank if there is one for each place
    sizes:     of a window along each axis of x
    """

    offsets: Axes
    collapsed: Axes
    named: Axes
    vector: int
    sizes: Axes


def is_subset(axes: Axes, rank: int) -> bool:
    return len(set(axes)) == len(axes) and all(0 <= a < rank for a in axes)


def _windows(op: Operator, x: Tensor, places: Tensor) -> _Windows:
    """Raises InvalidModel if the options contradict each other or the inputs."""
    options = op.options(tflite.StablehloGatherOptions)
    offsets, collapsed = options.integers("OffsetDims"), options.integers("CollapsedSliceDims")
    named, vector, sizes = options.integers("StartIndexMap"), options.IndexVectorDim, options.integers("SliceSizes")
    along = (*places.shape, 1)[vector] if 0 <= vector <= places.rank else 0
    rank = places.rank - (vector < places.rank) + x.rank - len(collapsed)
    sound = is_subset(collapsed, x.rank) and is_subset(named, x.rank) and is_subset(offsets, rank)
    sound &= len(sizes) == x.rank and all(1 <= k <= n for k, n in zip(sizes, x.shape, strict=False))
    sound &= len(offsets) == x.rank - len(collapsed) and list(offsets) == sorted(offsets)
    if not sound or not 1 <= len(named) == along <= MAX_DEPTH or any(sizes[a] != 1 for a in collapsed):
        raise op.invalid(f"windows of {list(sizes)} do not gather from {x.type} at {places.type}")
    if places.dtype not in (S32, S64):
        raise op.unsupported(f"places of {places.dtype} are not supported", "use int32 or int64")
    return _Windows(offsets, collapsed, named, vector, sizes)


def _tuples(op: Operator, x: Tensor, places: Tensor, windows: _Windows) -> Tensor:
    """[places, window along each named axis, named]: the indices of all elements. A window that would leave x is moved
    to its edge."""
    named, sizes = windows.named, [windows.sizes[a] for a in windows.named]
    if windows.vector == places.rank:
        places = op.add(Reshape((*places.shape, 1)), [places])
    else:
        others = [a for a in range(places.rank) if a != windows.vector]
        places = op.add(Transpose((*others, windows.vector)), [places])
    room = np.array([x.shape[a] - windows.sizes[a] for a in named], places.dtype.np)
    for function, bound in (("maximum", np.zeros_like(room)), ("minimum", room)):
        places = op.add(Binary(function), [places, op.add_constant(function, bound, places.dtype)])
    grid = np.stack(np.meshgrid(*map(np.arange, sizes), indexing="ij"), -1).astype(places.dtype.np)
    spread = op.add(Reshape((*places.shape[:-1], *[1] * len(named), len(named))), [places])
    return op.add(Binary("add"), [spread, op.add_constant("window", grid, places.dtype)])


@operator("STABLEHLO_GATHER", last_version=1)
def stablehlo_gather(op: Operator) -> None:
    """As tuples of indices into x, whose named axes come first, with what that moves put back."""
    x, places = op.input(0), op.input(1)
    windows = _windows(op, x, places)
    named, sizes = windows.named, windows.sizes
    count = places.type.elements // len(named)
    check_size(op.output.name, TensorType(x.dtype, (count, *sizes)))
    check_size(op.output.name, TensorType(places.dtype, (count, *(sizes[a] for a in named), len(named))))
    tuples = _tuples(op, x, places, windows)

    rest = tuple(a for a in range(x.rank) if a not in named)
    box = tuple(x.shape[a] if a in named else k for a, k in enumerate(sizes))
    x = op.add(Slice((0,) * x.rank, box, (1,) * x.rank), [x])
    x = op.add(Transpose((*named, *rest)), [x])
    gathered = op.add(GatherNd(), [x, tuples])

    of_places = gathered.rank - x.rank
    kept = [a for a in (*named, *rest) if a not in windows.collapsed]
    whole = op.add(Reshape((*gathered.shape[:of_places], *(sizes[a] for a in kept))), [gathered])
    window = iter(of_places + kept.index(a) for a in sorted(kept))
    leading = iter(range(of_places))
    perm = tuple(next(window if i in windows.offsets else leading) for i in range(whole.rank))
    op.add(Transpose(perm), [whole], op.output)
