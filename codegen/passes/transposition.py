"""What passes that move transposes have in common: the same operator over axes in another order."""

from __future__ import annotations

from dataclasses import replace

from edgegen.ir.graph import Node
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor, TensorType, constant
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.cast import Cast
from edgegen.ops.clamp import Clamp
from edgegen.ops.compare import Compare
from edgegen.ops.concat import Concat
from edgegen.ops.l2_normalize import L2Normalize
from edgegen.ops.local_response import LocalResponse
from edgegen.ops.log_softmax import LogSoftmax
from edgegen.ops.mirror_pad import MirrorPad
from edgegen.ops.pad import Pad
from edgegen.ops.prelu import Prelu
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import Dequantize, Quantize, Requantize
from edgegen.ops.select_op import Select
from edgegen.ops.shuffle import Shuffle
from edgegen.ops.slice import Slice
from edgegen.ops.softmax import Softmax
from edgegen.ops.table import Table
from edgegen.ops.transpose import Transpose
from edgegen.ops.unary import Unary

Axes = tuple[int, ...]


def inverse(perm: Axes) -> Axes:
    return tuple(perm.index(axis) for axis in range(len(perm)))


def before(values: Axes, perm: Axes) -> Axes:
    """One value for each axis of a transpose's result, in the order of its source's axes."""
    return tuple(values[i] for i in inverse(perm))


def on_source(op: Op, perm: Axes) -> tuple[Op, Axes] | None:
    """(operator, perm of its result) that does to sources what `op` does to their transposes; None if none does."""
    if isinstance(op, Cast | Clamp | Compare | Quantize | Select | Table | Unary | Prelu):
        return op, perm
    if isinstance(op, Binary | Requantize):
        return (op, perm) if op.requantize is None or len(op.requantize.multiplier) == 1 else None
    if isinstance(op, Dequantize):
        return replace(op, axis=perm[op.axis] if len(op.scale) > 1 else op.axis), perm
    if isinstance(op, Pad | MirrorPad):
        return replace(op, before=before(op.before, perm), after=before(op.after, perm)), perm
    if isinstance(op, Slice):
        return Slice(before(op.begin, perm), before(op.size, perm), before(op.stride, perm)), perm
    if isinstance(op, BroadcastTo):
        return (BroadcastTo(before(op.shape, perm)), perm) if len(op.shape) == len(perm) else None
    if isinstance(op, Concat | Shuffle):
        return replace(op, axis=perm[op.axis]), perm
    if isinstance(op, L2Normalize | LocalResponse | LogSoftmax | Softmax):  # of rows along the last axis
        return (op, perm) if perm[-1] == len(perm) - 1 else None
    if isinstance(op, Reduce):
        kept = [axis for i, axis in enumerate(perm) if op.keep_dims or i not in op.axes]
        return replace(op, axes=tuple(sorted(perm[i] for i in op.axes))), tuple(sorted(kept).index(k) for k in kept)
    return None


def regrouped(shape: Axes, other: Axes) -> list[tuple[list[int], list[int]]]:
    """Axes of two shapes of the same elements in groups, as few axes to each as possible, that hold the same places."""
    groups: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(shape) and j < len(other):
        a, b = shape[i], other[j]
        group = ([i], [j])
        i, j = i + 1, j + 1
        while a != b and (i < len(shape) if a < b else j < len(other)):
            if a < b:
                a, i = a * shape[i], i + 1
                group[0].append(i - 1)
            else:
                b, j = b * other[j], j + 1
                group[1].append(j - 1)
        groups.append(group)
    if groups:  # what is left has axes of 1
        groups[-1][0].extend(range(i, len(shape)))
        groups[-1][1].extend(range(j, len(other)))
    return groups


def through_reshape(shape: Axes, other: Axes, perm: Axes) -> tuple[Axes, Axes] | None:
    """(shape, perm) such that reshaping to `shape` and transposing by `perm` is transposing by the given perm, which
    results in `shape`, and reshaping that to `other`.

    None if the reshape splits or joins axes that do not lie side by side, in that order, in the transpose's source.
    """
    if 0 in shape:
        return None
    groups = regrouped(shape, other)
    for axes, _ in groups:
        if [perm[a] for a in axes] != list(range(perm[axes[0]], perm[axes[0]] + len(axes))):
            return None
    order = [axis for _, others in sorted(groups, key=lambda g: perm[g[0][0]]) for axis in others]
    return tuple(other[axis] for axis in order), inverse(tuple(order))


def source_type(type: TensorType, perm: Axes) -> TensorType:
    """The type of what a transpose makes a tensor of this type from."""
    return TensorType(type.dtype, before(type.shape, perm), type.quantization)


def untransposed(tensor: Tensor, perm: Axes) -> Tensor:
    """A constant whose transpose, broadcast like numpy, is the given one."""
    values = tensor.values.reshape((1,) * (len(perm) - tensor.rank) + tensor.shape)
    quantization = tensor.type.quantization
    if quantization is not None and not quantization.per_tensor:
        quantization = None
    return constant(tensor.name, values.transpose(inverse(perm)), tensor.dtype, quantization)


def moved_bytes(type: TensorType, perm: Axes) -> int:
    """Bytes that a transpose to a result of this type moves: none where only axes of 1 change places."""
    return 0 if Transpose(perm).aliases(source_type(type, perm), type) else type.bytes


def is_movable(node: Node, perm: Axes) -> bool:
    """Whether the node can work on tensors whose transposes by `perm` it works on now, its result being one, too."""
    if len(node.outputs) != 1 or node.out.rank != len(perm) or not node.inputs:
        return False
    for tensor in node.inputs:
        if tensor is None or tensor.rank > len(perm) or (not tensor.is_constant and tensor.rank < len(perm)):
            return False
    moved = on_source(node.op, perm)
    return moved is not None and moved[1] == perm
