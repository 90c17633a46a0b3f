"""Operators with every habit that planning must respect: in place or not, scratch, views, several results.

Their arithmetic is simple, wraps around and depends on every input byte, so that a disturbed byte shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S8, S32
from edgegen.ir.graph import Graph, Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.layout import NATURAL, NCHW
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, Tensor, TensorType


def _pack(node: Node) -> Packed:
    return Packed(inputs=tuple(range(len(node.inputs))))


def _pack_scratch(node: Node) -> Packed:
    return Packed(scratch=3 * node.input(0).type.bytes + 1)


@dataclass(frozen=True)
class Step(Op):
    """x + amount, in place."""

    amount: int = 1

    kernels = (Kernel("step", "_ -> _", _pack, in_place=(0,)),)

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        return (x + np.array(self.amount, x.dtype),)


@dataclass(frozen=True)
class Reverse(Step):
    """x backwards, with scratch, not in place."""

    kernels = (Kernel("reverse", "_ -> _", _pack_scratch),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        return (x.reshape(-1)[::-1].reshape(x.shape),)


@dataclass(frozen=True)
class Mix(Op):
    """3 * a + b of equal types, in place of either."""

    kernels = (Kernel("mix", "_ _ -> _", _pack, in_place=(0, 1)),)

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        a, b = known(inputs[0], "a"), known(inputs[1], "b")
        if (a.dtype, a.shape) != (b.dtype, b.shape):
            raise InvalidGraph(f"{a} and {b} differ")
        return (TensorType(a.dtype, a.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        a, b = present(inputs[0], "a"), present(inputs[1], "b")
        return (np.array(3, a.dtype) * a + b,)


@dataclass(frozen=True)
class MixFirst(Mix):
    """As Mix, in place of a only, because b is read in another order."""

    kernels = (Kernel("mix_first", "_ _ -> _", _pack, in_place=(0,)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        a, b = present(inputs[0], "a"), present(inputs[1], "b")
        return (np.array(3, a.dtype) * a + b.reshape(-1)[::-1].reshape(b.shape),)


@dataclass(frozen=True)
class Widen(Op):
    """s8 -> s32; the result has four times the bytes."""

    kernels = (Kernel("widen", "s8 -> s32", _pack, in_place=(0,)),)

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        return (TensorType(S32, known(inputs[0], "x").shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        return (present(inputs[0], "x").astype(np.int32) * 77777,)


@dataclass(frozen=True)
class Narrow(Op):
    """s32 -> s8, in place: the result has a quarter of the bytes."""

    kernels = (Kernel("narrow", "s32 -> s8", _pack, in_place=(0,)),)

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        return (TensorType(S8, known(inputs[0], "x").shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        return ((present(inputs[0], "x") >> 9).astype(np.int8),)


@dataclass(frozen=True)
class Both(Op):
    """x -> x + 1, x + 2: two results, the first in place."""

    kernels = (Kernel("both", "_ -> _ _", _pack, in_place=(0,)),)

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        return (TensorType(x.dtype, x.shape),) * 2

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        return x + np.array(1, x.dtype), x + np.array(2, x.dtype)


def execute(graph: Graph, inputs: list[Array]) -> list[Array]:
    """Runs a planned graph in an arena of bytes, as emitted C would, and does all damage that a kernel may do.

    Before a node reads its inputs, its scratch and whatever it writes, except over inputs where its kernel may, are
    overwritten.
    """
    plan = graph.plan
    assert plan is not None
    assert {t.type.layout for t in graph.tensors()} <= {NATURAL, NCHW}
    arena: Array = np.full(plan.total_bytes, 0x5A, np.uint8)

    def storage(tensor: Tensor) -> Array:
        start = plan.tensors[tensor].offset
        return arena[start : start + tensor.type.bytes]

    def load(tensor: Tensor | None) -> Array | None:
        if tensor is None or tensor.data is not None:
            return None if tensor is None else tensor.data
        stored = storage(tensor).copy().view(tensor.dtype.np)
        if tensor.type.layout == NCHW:
            n, h, w, c = tensor.shape
            return stored.reshape(n, c, h, w).transpose(0, 2, 3, 1)
        return stored.reshape(tensor.shape)

    def store(tensor: Tensor, values: Array) -> None:
        if tensor.type.layout == NCHW:
            values = values.transpose(0, 3, 1, 2)
        storage(tensor)[:] = np.ascontiguousarray(values).reshape(-1).view(np.uint8)

    for tensor, values in zip(graph.inputs, inputs, strict=True):
        store(tensor, values)
    for node in graph.nodes:
        if node.is_view:
            continue
        assert node.kernel is not None
        if node in plan.scratch:
            arena[plan.scratch[node].offset :][: plan.scratch[node].size] = 0xEE
        for k, tensor in enumerate(node.outputs):
            there = [i for i, t in enumerate(node.inputs) if t in plan.tensors]
            kept = [storage(node.input(i)) for i in there if node.overlap(i, k) is not None]
            saved = [bytes_.copy() for bytes_ in kept]
            storage(tensor)[:] = 0xDD
            for bytes_, values in zip(kept, saved, strict=True):
                bytes_[:] = values
        for tensor, values in zip(node.outputs, node.op.reference(*map(load, node.inputs)), strict=True):
            store(tensor, values)
    loaded = [load(t) for t in graph.outputs]
    return [values for values in loaded if values is not None]
