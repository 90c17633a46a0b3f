"""Conv3d and TransposeConv3d: convolutions over volumes, on f32."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ir.op import NO_CLAMP, Op, Range, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.epilogue import clamp_f32, constant_weights

Triple = tuple[int, int, int]


def _reach(count: int, stride: int, tap: int, dilation: int) -> int:
    return (count - 1) * stride + tap * dilation + 1


@dataclass(frozen=True)
class Conv3d(Op):
    """x[N,D,H,W,C] * w[kD,kH,kW,C,O] + b[O] -> [N,size,O], then clamp (TFLite CONV_3D).

    size:             depth, height and width of the output; so are the others' elements
    pad:              before the volume; behind it there are as many zeros as the windows reach
    transposed:       x[N,D,H,W,C] is spread through w[kD,kH,kW,O,C]: voxel i adds to i * stride - pad + tap * dilation,
                      as far as that lies in the output (TFLite CONV_3D_TRANSPOSE)
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
        if len(x.shape) != 5 or len(w.shape) != 5 or x.dtype != F32 or w.dtype != F32 or min(w.shape) == 0:
            raise InvalidGraph(f"x {x} and weights {w} must be f32 of rank 5")
        units, depth = w.shape[3:] if self.transposed else w.shape[:2:-1]
        if x.shape[4] != depth or (b is not None and b.shape != (units,)):
            raise InvalidGraph(f"weights {w} and bias {b} do not fit x {x}")
        if min(*self.size, *self.stride, *self.dilation) < 1 or min(self.pad) < 0:
            raise InvalidGraph(f"size {self.size}, stride {self.stride} and dilation {self.dilation} must be positive")
        return (TensorType(F32, (x.shape[0], *self.size, units)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, w = present(inputs[0], "x"), present(inputs[1], "weights").astype(np.float64)
        # The larger side has a border, so that every window and every spread voxel lies within it.
        steps = x.shape[1:4] if self.transposed else self.size
        large = self.size if self.transposed else x.shape[1:4]
        geometry = tuple(zip(self.stride, self.dilation, strict=True))
        ends = [_reach(n, s, k - 1, d) for n, k, (s, d) in zip(steps, w.shape[:3], geometry, strict=True)]
        whole = [max(e, n + p) for e, n, p in zip(ends, large, self.pad, strict=True)]
        inside = (slice(None), *(slice(p, p + n) for n, p in zip(large, self.pad, strict=True)))
        (y,) = self.infer(*(None if t is None else TensorType(F32, t.shape) for t in inputs))
        padded = np.zeros((x.shape[0], *whole, y.shape[4] if self.transposed else x.shape[4]))
        acc = np.zeros(y.shape)
        if not self.transposed:
            padded[inside] = x
        for tap in itertools.product(*map(range, w.shape[:3])):
            places = zip(tap, steps, geometry, strict=True)
            seen = (slice(None), *(slice(k * d, k * d + (n - 1) * s + 1, s) for k, n, (s, d) in places))
            if self.transposed:
                padded[seen] += x.astype(np.float64) @ w[tap].T
            else:
                acc += padded[seen] @ w[tap]
        acc = padded[inside] if self.transposed else acc
        bias = inputs[2] if len(inputs) > 2 and inputs[2] is not None else np.float64(0)
        return (np.clip(acc + bias, self.clamp.low, self.clamp.high).astype(np.float32),)

    def macs(self, *inputs: TensorType | None) -> int:
        """Of all taps, those outside the volumes included."""
        x, w = known(inputs[0], "x"), known(inputs[1], "weights")
        (y,) = self.infer(*inputs)
        voxels = x.elements // x.shape[4] if self.transposed else y.elements // y.shape[4]
        return voxels * w.elements


def _pack(node: Node) -> Packed:
    """Weights [O,kD,kH,kW,C], so that a tap's channels are adjacent."""
    op, x, w = node.op, node.input(0), node.input(1)
    assert isinstance(op, Conv3d)
    weights = np.moveaxis(w.values, 3 if op.transposed else 4, 0)
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    low, high = clamp_f32(op.clamp)
    params: dict[str, Literal] = {
        "batch": x.shape[0],
        "in": x.shape[1:4],
        "out": op.size,
        "kernel": w.shape[:3],
        "stride": op.stride,
        "dilation": op.dilation,
        "pad": op.pad,
        "depth": x.shape[4],
        "units": node.out.shape[4],
        "low": low,
        "high": high,
    }
    offsets = np.zeros(node.out.shape[4], np.float32) if bias is None else bias.values
    constants = (Constant("weights", np.ascontiguousarray(weights)), Constant("bias", offsets))
    return Packed("edgegen_conv3d", params, constants)


def _when(transposed: bool, node: Node) -> str | None:
    assert isinstance(node.op, Conv3d)
    wrong = "is transposed" if node.op.transposed else "is not transposed"
    return constant_weights(node) or (None if node.op.transposed == transposed else wrong)


def _row(name: str, transposed: bool) -> Kernel:
    def when(node: Node) -> str | None:
        return _when(transposed, node)

    return Kernel(name, "f32 f32 f32? -> f32", _pack, header="conv3d", when=when)


Conv3d.kernels = (_row("conv3d_f32", False), _row("transpose_conv3d_f32", True))
