"""GatherElements and ScatterElements: single elements along one axis, chosen by indices of the result's own shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import DTYPES
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.gather import INDEX_TYPES, bounded, check_indices
from edgegen.ops.overlap import NONE, Overlaps, in_turn
from edgegen.ops.scatter_nd import REDUCED, Reduction, combine
from edgegen.ops.strided_copy import natural_strides

LOOPS = 8  # axes that the kernels have


def _check(x: TensorType, indices: TensorType, axis: int) -> None:
    check_indices(indices)
    rank = len(x.shape)
    if not 0 <= axis < rank or len(indices.shape) != rank or rank > LOOPS or x.shape[axis] == 0:
        raise InvalidGraph(f"indices {indices} do not choose elements along axis {axis} of x {x}, of at most {LOOPS}")
    if any(i > n for k, (i, n) in enumerate(zip(indices.shape, x.shape, strict=True)) if k != axis):
        raise InvalidGraph(f"indices {indices} reach beyond x {x}")


def _places(indices: Array, axis: int) -> tuple[Array, ...]:
    """Index arrays of the elements that the indices name."""
    places = np.indices(indices.shape)
    places[axis] = indices
    return tuple(places)


def _geometry(x: TensorType, indices: TensorType, axis: int) -> dict[str, Literal]:
    more = LOOPS - len(x.shape)
    steps = list(natural_strides(x.shape))
    step, steps[axis] = steps[axis], 0
    return {
        "extent": (*(1,) * more, *indices.shape),
        "x_step": (*(0,) * more, *steps),
        "along": x.shape[axis],
        "along_step": step,
    }


def _pack_gather(node: Node) -> Packed:
    assert isinstance(node.op, GatherElements)
    geometry = _geometry(node.input(0).type, node.input(1).type, node.op.axis)
    return Packed("edgegen_elements", geometry | {"bytes": 0}, inputs=(0, 1))


def _pack_scatter(node: Node) -> Packed:
    assert isinstance(node.op, ScatterElements)
    x = node.input(0).type
    geometry = _geometry(x, node.input(1).type, node.op.axis)
    return Packed("edgegen_elements", geometry | {"bytes": x.bytes}, inputs=(0, 1, 2))


def _gather_overlap(node: Node) -> Overlaps:
    """Where indices are known."""
    op, x, indices = node.op, node.input(0), node.input(1)
    assert isinstance(op, GatherElements)
    if not indices.is_constant or x.is_constant:
        return NONE
    places = _places(bounded(indices.values, x.shape[op.axis]), op.axis)
    return in_turn(node, np.ravel_multi_index(places, x.shape).reshape(-1))


@dataclass(frozen=True)
class GatherElements(Op):
    """y[i, j, k] = x[i, indices[i, j, k], k], for axis 1 of 3 (ONNX GatherElements).

    Indices below 0 and outside of x are taken as Gather takes them.
    """

    axis: int = 0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, indices = known(inputs[0], "x"), known(inputs[1], "indices")
        _check(x, indices, self.axis)
        return (TensorType(x.dtype, indices.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, indices = present(inputs[0], "x"), present(inputs[1], "indices")
        return (x[_places(bounded(indices, x.shape[self.axis]), self.axis)],)

    kernels = tuple(
        Kernel(
            f"gather_elements_{8 * size}_{i}",
            f"x{size} {i} -> x{size}",
            _pack_gather,
            header="elements",
            overlap=_gather_overlap,
        )
        for size in (1, 2, 4, 8)
        for i in INDEX_TYPES
    )


@dataclass(frozen=True)
class ScatterElements(Op):
    """x, but with y[i, indices[i, j, k], k] = updates[i, j, k], for axis 1 of 3, in order (ONNX ScatterElements).

    reduction: as ScatterNd's

    Indices below 0 count from the end; one that lies outside of x then is passed over.
    """

    axis: int = 0
    reduction: Reduction = "none"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, indices, updates = known(inputs[0], "x"), known(inputs[1], "indices"), known(inputs[2], "updates")
        _check(x, indices, self.axis)
        if updates.shape != indices.shape or updates.dtype != x.dtype:
            raise InvalidGraph(f"updates {updates} at {indices} do not fit x {x}")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, indices, updates = present(inputs[0], "x"), present(inputs[1], "indices"), present(inputs[2], "updates")
        y, extent = x.copy(), x.shape[self.axis]
        wide = indices.astype(np.int64)
        wide = np.where(wide < 0, wide + extent, wide)
        places = [p.reshape(-1) for p in _places(wide, self.axis)]
        with np.errstate(over="ignore"):
            for at, value in zip(zip(*places, strict=True), updates.reshape(-1), strict=True):
                if 0 <= at[self.axis] < extent:
                    y[at] = combine(self.reduction, y[at], value)
        return (y,)


def _scatter_row(reduction: Reduction, dtype: str, index: str) -> Kernel:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, ScatterElements)
        return None if node.op.reduction == reduction else f'reduces by "{reduction}"'

    name = f"scatter_elements_{reduction}_{dtype}_{index}"
    if dtype.startswith("x"):
        name = f"scatter_elements_{8 * int(dtype[1:])}_{index}"
    signature = f"{dtype} {index} {dtype} -> {dtype}"
    return Kernel(name, signature, _pack_scatter, header="elements", when=when, in_place=(0,))


ScatterElements.kernels = (
    *(_scatter_row("none", dtype, i) for dtype in ("x1", "x2", "x4", "x8") for i in ("s32", "s64")),
    *(_scatter_row(r, DTYPES[d].name, i) for r, dtypes in REDUCED.items() for d in dtypes for i in ("s32", "s64")),
)
