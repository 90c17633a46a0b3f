"""Pool3d: one number for each window of a volume, whatever the dilation, the padding and the size of the output."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S64
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.kernel import Literal as Parameter
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.overlap import Overlaps, after
from edgegen.ops.window_overlap import first_inside

Triple = tuple[int, int, int]
Pooling = Literal["max", "argmax", "average", "lp"]


@dataclass(frozen=True)
class Pool3d(Op):
    """One number for each window of x[N,D,H,W,C] -> [N,size,C] (ONNX MaxPool, AveragePool and LpPool).

    pooling: the maximum, the average, the root (sum |x|^power)^(1/power) ("lp"), or the maximum together with the place
             s64[N,size,C] in x where the first of the largest stood ("argmax"); -1 where a window sees nothing
    size:    depth, height and width of the output; so are the others' elements
    pad:     voxels before the volume; behind it windows reach as far as they must. What is outside is not there, but
    counted: an average divides by the places of its window that lie among the `pad` voxels before, the volume and the
             `counted` voxels behind; None: in the volume
    column_major: places count depth fastest, then height, then width, instead of the way in which x is stored
    """

    pooling: Pooling
    size: Triple
    kernel: Triple
    stride: Triple = (1, 1, 1)
    dilation: Triple = (1, 1, 1)
    pad: Triple = (0, 0, 0)
    counted: Triple | None = None
    power: int = 2
    column_major: bool = False

    @property
    def kind(self) -> str:
        return f"{self.pooling.capitalize()}Pool3d"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if len(x.shape) != 5 or not (x.dtype.is_float or (x.dtype.is_integer and "max" in self.pooling)):
            raise InvalidGraph(f"{self.pooling} pooling of x {x}, which must have rank 5, is not defined")
        if min(*self.size, *self.kernel, *self.stride, *self.dilation, self.power) < 1 or min(self.pad) < 0:
            raise InvalidGraph(
                f"size {self.size}, kernel {self.kernel}, stride {self.stride} and dilation {self.dilation} must be "
                "positive"
            )
        shape = (x.shape[0], *self.size, x.shape[4])
        y = TensorType(x.dtype, shape)
        return (y, TensorType(S64, shape)) if self.pooling == "argmax" else (y,)

    def _places(self, tap: Triple, axis: int) -> Array:
        """[size]: where along an axis the tap of each window lies."""
        return np.arange(self.size[axis]) * self.stride[axis] - self.pad[axis] + tap[axis] * self.dilation[axis]

    def _seen(self, x: Array) -> Iterator[tuple[Array, Array, tuple[Array, ...]]]:
        """For each tap: (x[N,size,C] as it sees it, bool[size,1] where it sees something, its places)."""
        for tap in itertools.product(*map(range, self.kernel)):
            at = [self._places((tap[0], tap[1], tap[2]), axis) for axis in range(3)]
            inside = [(p >= 0) & (p < n) for p, n in zip(at, x.shape[1:4], strict=True)]
            near: tuple[Array, ...] = np.ix_(*(np.clip(p, 0, n - 1) for p, n in zip(at, x.shape[1:4], strict=True)))
            there = inside[0][:, None, None] & inside[1][:, None] & inside[2]
            yield x[:, near[0], near[1], near[2]], there[..., None], near

    def _counts(self, extents: tuple[int, ...]) -> Array:
        """[size,1]: by how many places each window's average divides."""
        behind = (0, 0, 0) if self.counted is None else self.counted
        before = (0, 0, 0) if self.counted is None else self.pad
        total = np.ones((1, 1, 1))
        for axis in range(3):
            at = np.stack([self._places((k, k, k), axis) for k in range(self.kernel[axis])])
            count = ((at >= -before[axis]) & (at < extents[axis] + behind[axis])).sum(0)
            total = total * count.reshape([-1 if i == axis else 1 for i in range(3)])
        return total[..., None]

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        shape = (x.shape[0], *self.size, x.shape[4])
        if "max" in self.pooling:
            return self._maxima(x, shape)
        total: Array = np.zeros(shape)
        for seen, there, _ in self._seen(x.astype(np.float64)):
            total += np.where(there, seen if self.pooling == "average" else np.abs(seen) ** self.power, 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            y = total / self._counts(x.shape[1:4]) if self.pooling == "average" else total ** (1 / self.power)
        return (y.astype(x.dtype),)

    def _maxima(self, x: Array, shape: tuple[int, ...]) -> tuple[Array, ...]:
        floats = x.dtype.kind not in "iu"
        y = np.full(shape, -np.inf if floats else np.iinfo(x.dtype).min, x.dtype)
        place = np.full(shape, -1)
        steps = self._place_steps(x.shape)
        first = np.arange(shape[0])[:, None, None, None, None] * int(np.prod(x.shape[1:])) + np.arange(shape[4])
        for seen, there, near in self._seen(x):
            larger = there & ((seen > y) | (place < 0))
            at = sum((p * s for p, s in zip(near, steps, strict=True)), np.zeros((), np.int64))
            place = np.where(larger, first + at[..., None], place)
            y = np.where(larger, seen, y)
        return (y, place) if self.pooling == "argmax" else (y,)

    def _place_steps(self, x: tuple[int, ...]) -> Triple:
        """What a step along depth, height and width adds to a place."""
        _, d, h, w, c = x
        return (c, d * c, d * h * c) if self.column_major else (h * w * c, w * c, c)


def _pack(node: Node) -> Packed:
    op, x = node.op, node.input(0)
    assert isinstance(op, Pool3d)
    params: dict[str, Parameter] = {
        "batch": x.shape[0],
        "in": x.shape[1:4],
        "out": op.size,
        "kernel": op.kernel,
        "stride": op.stride,
        "dilation": op.dilation,
        "pad": op.pad,
        "counted_before": (0, 0, 0) if op.counted is None else op.pad,
        "counted_behind": (0, 0, 0) if op.counted is None else op.counted,
        "place_step": op._place_steps(x.shape),
        "channels": x.shape[4],
        "power": op.power,
    }
    return Packed("edgegen_pool3d", params)


def _overlap(node: Node) -> Overlaps:
    """A voxel's window is read while the voxel itself holds what it has come to."""
    op, x = node.op, node.input(0)
    assert isinstance(op, Pool3d)
    found = np.arange(x.shape[0], dtype=np.int64)
    for axis in range(3):
        size, window = x.shape[1 + axis], (op.stride[axis], op.pad[axis], op.dilation[axis])
        found = np.add.outer(found * size, first_inside(op.size[axis], *window, size)).reshape(-1)
    return after(node, 0, found * x.shape[4], (np.arange(found.size) + 1) * x.shape[4])


def _row(pooling: Pooling, dtype: str) -> Kernel:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, Pool3d)
        return None if node.op.pooling == pooling else f"computes {pooling} pooling"

    outputs = f"{dtype} s64" if pooling == "argmax" else dtype
    return Kernel(f"{pooling}_pool3d_{dtype}", f"{dtype} -> {outputs}", _pack, "pool3d", when=when, overlap=_overlap)


_MAXIMA: tuple[Pooling, ...] = ("max", "argmax")
_SUMS: tuple[Pooling, ...] = ("average", "lp")
Pool3d.kernels = (
    *(_row(pooling, dtype) for pooling in _MAXIMA for dtype in ("f32", "f64", "s8", "u8")),
    *(_row(pooling, dtype) for pooling in _SUMS for dtype in ("f32", "f64")),
)
