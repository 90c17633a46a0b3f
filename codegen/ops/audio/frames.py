"""Frames, Stacker and OverlapAdd: sound cut into frames that overlap, and put together again."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BOOL, F32, S16, S32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.overlap import Overlaps, after, param
from edgegen.ops.strided_copy import Dim, natural_strides, pack_copy, scalar_overlap


@dataclass(frozen=True)
class Frames(Op):
    """y[..., f, i] = x[..., f * step + i] for `count` frames of `size`, which overlap where step < size."""

    size: int = 1
    step: int = 1
    count: int = 1

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if not x.shape or min(self.size, self.step, self.count) < 1:
            raise InvalidGraph(f"x {x} has no {self.count} frames of {self.size} in steps of {self.step}")
        if (self.count - 1) * self.step + self.size > x.shape[-1]:
            raise InvalidGraph(f"{self.count} frames of {self.size} in steps of {self.step} leave x {x}")
        return (TensorType(x.dtype, (*x.shape[:-1], self.count, self.size)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        windows = np.lib.stride_tricks.sliding_window_view(x, self.size, axis=-1)
        return (np.ascontiguousarray(windows[..., :: self.step, :][..., : self.count, :]),)


def _pack_frames(node: Node) -> Packed:
    op, x = node.op, node.input(0).type
    assert isinstance(op, Frames)
    outer = math.prod(x.shape[:-1])
    strides = natural_strides((outer, op.count, op.size))
    steps = (x.shape[-1], op.step, 1)
    dims = [Dim(n, a, b) for n, a, b in zip((outer, op.count, op.size), steps, strides, strict=True)]
    return pack_copy(dims, 0, x.dtype.size)


Frames.kernels = (Kernel("copy", "_ -> _", _pack_frames, overlap=scalar_overlap),)


@dataclass(frozen=True)
class Stacker(Op):
    """The latest left + 1 + right frames joined, and whether they are due: every `step` calls, once the first frame has
    `right` successors. The first frame also stands for the `left` ones before it.

    From x s16[n], the frames before it, history s16[(left + right) * n], and how many calls there were, calls s32[]
    (counted on in steps of `step` once they suffice), come y s16[(left + 1 + right) * n], due bool[], and history and
    calls for the next call. (TFLM signal operator SignalStacker, which leaves y as it lies while nothing is due.)
    """

    left: int = 0
    right: int = 0
    step: int = 1

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, history, calls = (known(t, w) for t, w in zip(inputs, ("x", "history", "calls"), strict=True))
        kept = self.left + self.right
        if x.dtype != S16 or len(x.shape) != 1 or history != TensorType(S16, (kept * x.elements,)):
            raise InvalidGraph(f"x {x} and history {history} are no frame of s16 and {kept} before it")
        if min(self.left, self.right) < 0 or kept < 1 or not 1 <= self.step <= kept + 1 or calls != TensorType(S32, ()):
            raise InvalidGraph(f"{self.left} and {self.right} frames in steps of {self.step} cannot be stacked")
        y = TensorType(S16, ((kept + 1) * x.elements,))
        return (y, TensorType(BOOL, ()), history, calls)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, history, calls = (present(t, w) for t, w in zip(inputs, ("x", "history", "calls"), strict=True))
        count = int(calls)
        before = np.tile(x, self.left + self.right) if count == 0 else history
        y = np.concatenate([before, x])
        due = count in (self.right, self.right + self.step)
        following = count + 1 if count < self.right + self.step else self.right + 1
        return (y, np.array(due), y[x.size :].copy(), np.array(following, np.int32))


def _pack_stacker(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Stacker)
    params = {"length": node.input(0).type.elements, "kept": op.left + op.right, "right": op.right, "step": op.step}
    return Packed("edgegen_stacker", params, inputs=(0, 1, 2))


Stacker.kernels = (
    Kernel("stacker_s16", "s16 s16 s32 -> s16 bool s16 s32", _pack_stacker, header="stacker", updates=((1, 2), (2, 3))),
)


@dataclass(frozen=True)
class OverlapAdd(Op):
    """The sum of frames x[..., frames, size], each `step` after the one before it, as far as it is complete:
    y[..., frames * step]; and the rest, which the next call's frames add to.

    From x and the rest so far, tail[..., size - step]. Sums of s16 saturate with each frame. (TFLM signal operator
    SignalOverlapAdd.)
    """

    step: int = 1

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, tail = known(inputs[0], "x"), known(inputs[1], "tail")
        if x.dtype not in (S16, F32) or len(x.shape) < 2 or not 1 <= self.step < x.shape[-1]:
            raise InvalidGraph(f"frames x {x} in steps of {self.step} do not overlap")
        if tail != TensorType(x.dtype, (*x.shape[:-2], x.shape[-1] - self.step)):
            raise InvalidGraph(f"tail {tail} is not what frames x {x} leave in steps of {self.step}")
        return (TensorType(x.dtype, (*x.shape[:-2], x.shape[-2] * self.step)), tail)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, tail = present(inputs[0], "x"), present(inputs[1], "tail")
        finished = []
        for f in range(x.shape[-2]):
            wide = np.float32 if x.dtype.kind == "f" else np.int64
            before = np.pad(tail.astype(wide), [(0, 0)] * (tail.ndim - 1) + [(0, self.step)])
            frame = x[..., f, :].astype(wide) + before
            frame = frame if x.dtype.kind == "f" else np.clip(frame, -32768, 32767).astype(np.int16)
            finished.append(frame[..., : self.step])
            tail = frame[..., self.step :]
        return (np.concatenate(finished, -1), tail)


def _pack_overlap_add(node: Node) -> Packed:
    x = node.input(0)
    assert isinstance(node.op, OverlapAdd)
    params = {
        "outer": math.prod(x.shape[:-2]),
        "frames": x.shape[-2],
        "kept": x.shape[-1] - node.op.step,
        "step": node.op.step,
    }
    return Packed("edgegen_overlap_add", params, inputs=(0, 1))


def _over_frames(node: Node) -> Overlaps:
    """What a frame gives of the output is written element by element, as it is read."""
    frames, step, kept = (param(node, name) for name in ("frames", "step", "kept"))
    read = np.arange(param(node, "outer") * frames * (step + kept), dtype=np.int64)
    frame, at = np.divmod(read, step + kept)
    return after(node, 0, read, frame * step + np.minimum(at, step))


OverlapAdd.kernels = tuple(
    Kernel(
        f"overlap_add_{t}",
        f"{t} {t} -> {t} {t}",
        _pack_overlap_add,
        "overlap_add",
        updates=((1, 1),),
        overlap=_over_frames,
    )
    for t in ("s16", "f32")
)
