"""Conv3d and TransposeConv3d: convolutions over volumes, on f32 and f64."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, F64, DType
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ir.op import NO_CLAMP, Op, Range, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.epilogue import bias_or_zeros, clamp_f32, clamp_f64, constant_bias, given_weights
from edgegen.ops.overlap import Offsets, Overlaps, after
from edgegen.ops.window_overlap import first_inside

Triple = tuple[int, int, int]


def _reach(count: int, stride: int, tap: int, dilation: int) -> int:
    return (count - 1) * stride + tap * dilation + 1


@dataclass(frozen=True)
class Conv3d(Op):
    """x[N,D,H,W,C] * w[O,kD,kH,kW,C/groups] + b[O] -> [N,size,O], then clamp (TFLite CONV_3D).

    size:             depth, height and width of the output; so are the others' elements
    pad:              before the volume; behind it there are as many zeros as the windows reach
    transposed:       x is spread: voxel i adds to i * stride - pad + tap * dilation of the output's channels in its
                      group, as far as that lies in the output (TFLite CONV_3D_TRANSPOSE)

    Groups are implied: x has C channels, each filter reads C/groups of them, and O divides into as many groups.
    """

    size: Triple
    stride: Triple = (1, 1, 1)
    dilation: Triple = (1, 1, 1)
    pad: Triple = (0, 0, 0)
    clamp: Range = NO_CLAMP
    transposed: bool = False

    @property
    def kind(self) -> str:
        return "TransposeConv3d" if self.transposed else "Conv3d"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, w = known(inputs[0], "x"), known(inputs[1], "weights")
        b = inputs[2] if len(inputs) > 2 else None
        if len(x.shape) != 5 or len(w.shape) != 5 or x.dtype not in (F32, F64) or w.dtype != x.dtype:
            raise InvalidGraph(f"x {x} and weights {w} must be f32 or f64, of rank 5")
        units, depth = w.shape[0], w.shape[4]
        if 0 in (x.shape[4], *w.shape) or x.shape[4] % depth or units % (x.shape[4] // depth):
            raise InvalidGraph(f"{x.shape[4]} channels of x do not divide into filters {w}")
        if b is not None and b.shape != (units,):
            raise InvalidGraph(f"weights {w} and bias {b} do not fit x {x}")
        if min(*self.size, *self.stride, *self.dilation) < 1 or min(self.pad) < 0:
            raise InvalidGraph(f"size {self.size}, stride {self.stride} and dilation {self.dilation} must be positive")
        return (TensorType(x.dtype, (x.shape[0], *self.size, units)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, w = present(inputs[0], "x"), present(inputs[1], "weights").astype(np.float64)
        # The larger side has a border, so that every window and every spread voxel lies within it.
        steps = x.shape[1:4] if self.transposed else self.size
        large = self.size if self.transposed else x.shape[1:4]
        geometry = tuple(zip(self.stride, self.dilation, strict=True))
        ends = [_reach(n, s, k - 1, d) for n, k, (s, d) in zip(steps, w.shape[1:4], geometry, strict=True)]
        whole = [max(e, n + p) for e, n, p in zip(ends, large, self.pad, strict=True)]
        inside = (slice(None), *(slice(p, p + n) for n, p in zip(large, self.pad, strict=True)))
        wide = x.astype(np.float64)
        groups, units = x.shape[4] // w.shape[4], w.shape[0]
        padded = np.zeros((x.shape[0], *whole, units if self.transposed else x.shape[4]))
        acc = np.zeros((x.shape[0], *self.size, units))
        if not self.transposed:
            padded[inside] = wide
        for tap in itertools.product(*map(range, w.shape[1:4])):
            places = zip(tap, steps, geometry, strict=True)
            seen = (slice(None), *(slice(k * d, k * d + (n - 1) * s + 1, s) for k, n, (s, d) in places))
            for g in range(groups):
                read = slice(g * w.shape[4], (g + 1) * w.shape[4])
                written = slice(g * units // groups, (g + 1) * units // groups)
                filters = w[written, tap[0], tap[1], tap[2]].T
                if self.transposed:
                    padded[(*seen, written)] += wide[..., read] @ filters
                else:
                    acc[..., written] += padded[(*seen, read)] @ filters
        acc = padded[inside] if self.transposed else acc
        bias = inputs[2] if len(inputs) > 2 and inputs[2] is not None else np.float64(0)
        return (np.clip(acc + bias, self.clamp.low, self.clamp.high).astype(x.dtype),)

    def macs(self, *inputs: TensorType | None) -> int:
        """Of all taps, those outside the volumes included."""
        x, w = known(inputs[0], "x"), known(inputs[1], "weights")
        (y,) = self.infer(*inputs)
        voxels = x.elements // x.shape[4] if self.transposed else y.elements // y.shape[4]
        return voxels * w.elements


def _pack(node: Node) -> Packed:
    op, x, w = node.op, node.input(0), node.input(1)
    assert isinstance(op, Conv3d)
    low, high = clamp_f32(op.clamp) if x.dtype == F32 else clamp_f64(op.clamp)
    params: dict[str, Literal] = {
        "batch": x.shape[0],
        "in": x.shape[1:4],
        "out": op.size,
        "kernel": w.shape[1:4],
        "stride": op.stride,
        "dilation": op.dilation,
        "pad": op.pad,
        "channels": x.shape[4],
        "depth": w.shape[4],
        "units": w.shape[0],
        "group_units": w.shape[0] * w.shape[4] // x.shape[4],
        "low": low,
        "high": high,
    }
    weights, inputs = given_weights(node)
    bias = Constant("bias", bias_or_zeros(node).astype(x.dtype.np), align=x.dtype.size)
    return Packed(f"edgegen_conv3d_{x.dtype}", params, (*weights, bias), inputs)


def _first(node: Node, axis: int) -> Offsets:
    """Along an axis, the first voxel that each place of the output sees, or one before it."""
    op, size = node.op, node.input(0).shape[1 + axis]
    assert isinstance(op, Conv3d)
    stride, dilation, pad = op.stride[axis], op.dilation[axis], op.pad[axis]
    if not op.transposed:
        return first_inside(op.size[axis], stride, pad, dilation, size)
    reach = (node.input(1).shape[1 + axis] - 1) * dilation
    return np.clip(-((reach - pad - np.arange(op.size[axis], dtype=np.int64)) // stride), 0, size - 1)


def _overlap(node: Node) -> Overlaps:
    """A voxel's window is read until the last of its units is written."""
    x, units = node.input(0), node.out.shape[4]
    found = np.arange(x.shape[0], dtype=np.int64)
    for axis in range(3):
        found = np.add.outer(found * x.shape[1 + axis], _first(node, axis)).reshape(-1)
    return after(node, 0, found * x.shape[4], (np.arange(found.size) + 1) * units - 1)


def _row(transposed: bool, dtype: DType) -> Kernel:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, Conv3d)
        wrong = "is transposed" if node.op.transposed else "is not transposed"
        return constant_bias(node) or (None if node.op.transposed == transposed else wrong)

    name = f"{'transpose_' if transposed else ''}conv3d_{dtype}"
    return Kernel(name, f"{dtype} {dtype} {dtype}? -> {dtype}", _pack, "conv3d", when=when, overlap=_overlap)


Conv3d.kernels = tuple(_row(transposed, dtype) for transposed in (False, True) for dtype in (F32, F64))
