"""The arrays and structs of one model's C that never change: weights, packed constants, parameters of kernels."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable

from edgegen.emit import literals
from edgegen.emit.printed import ArrayText
from edgegen.emit.symbols import comment_text, identifier
from edgegen.emit.weights import raw
from edgegen.ir.dtypes import dtype_of
from edgegen.ir.graph import Graph, Node
from edgegen.ir.kernel import Packed
from edgegen.ir.portion import constants_that_stay
from edgegen.ir.tensor import Array, Tensor


class Constants:
    """Collects them; equal ones are one.

    name:      prefix of their symbols
    alignment: bytes; of every array that is as large
    separate:  the arrays' values stand in a file of their own
    """

    def __init__(self, name: str, alignment: int, separate: bool) -> None:
        self.name, self.alignment, self.separate = name, alignment, separate
        self.arrays: dict[Hashable, ArrayText] = {}
        self.structs: dict[tuple[str, str], str] = {}
        self._tensors: dict[Tensor, str] = {}

    def add(self, symbol: str, array: Array, align: int, use: str, reads: float = 0.0) -> str:
        """The name of a constant array: `symbol`, unless an equal one is there already."""
        dtype = dtype_of(array)
        align = max(align, self.alignment if array.nbytes >= self.alignment else dtype.size)
        content = _content(array)
        known = self.arrays.get(content)
        if known is not None:
            known.align = max(known.align, align)
            known.uses.append(use)
            known.reads += reads
            return known.symbol
        body = "" if self.separate and array.size else literals.array(array, dtype) if array.size else "    0"
        self.arrays[content] = ArrayText(symbol, dtype.c, max(array.size, 1), align, [use], body, array, reads)
        return symbol

    def tensor(self, tensor: Tensor, reads: float = 0.0) -> str:
        """The name of a constant that a kernel reads as the file has it. reads: how often it is"""
        if tensor not in self._tensors:
            symbol = f"{self.name}_c{len(self._tensors)}_{identifier(tensor.name)}"
            label = f'"{comment_text(tensor.name)}" {tensor.type}'
            self._tensors[tensor] = self.add(symbol, tensor.values, tensor.dtype.size, label, reads)
        return self._tensors[tensor]

    def params(self, node: Node, packed: Packed, number: str) -> str:
        """Symbol of the params struct of a node's call; calls with equal params share one."""
        if not packed.struct:
            return ""
        fields = []
        for key, value in packed.params.items():
            if isinstance(value, tuple):
                fields.append(f".{key} = {{{', '.join(map(literals.scalar, value))}}}")
            else:
                fields.append(f".{key} = {literals.scalar(value)}")
        body = literals.wrapped(fields)
        return self.structs.setdefault((packed.struct, body), f"{self.name}_p{number}_{identifier(node.op.kind)}")


def constant_arrays(graph: Graph) -> list[Array]:
    """Every array that the C holds in flash, equal ones once; initial values of state do not count."""
    found: dict[Hashable, Array] = {}
    for node in (n for n in graph.steps() if n.packed is not None):
        found |= {_content(array): array for array in constants_that_stay(node)}
    return list(found.values())


def _content(array: Array) -> Hashable:
    """Equal for arrays that are the same in C."""
    return dtype_of(array).c, hashlib.sha256(raw(array).data).digest()
