"""Weights that the caller's function copies into the arena: their file, and the statements that ask for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgegen.emit.addresses import Addresses
from edgegen.emit.weights import Pieces, raw
from edgegen.ir.dtypes import DType
from edgegen.ir.graph import Graph
from edgegen.ir.plan import Plan
from edgegen.ir.portion import Portion, Share, Table
from edgegen.memory.portions import all_portions, all_tables, fetches


class Stream:
    """The portions of one model, equal ones once, one after the other in the order in which they are first read, and
    then the tables of which rows are copied.

    bytes: of the file; 0 if no weights are copied
    """

    def __init__(self, graph: Graph, plan: Plan, name: str, addresses: Addresses) -> None:
        self.name, self.plan, self.addresses = name, plan, addresses
        self.portions = all_portions(graph)
        self.fetches = fetches(graph)
        self._at: dict[str, int] = {}
        self.bytes = 0
        self.tables = all_tables(graph)
        sizes = [(p.content, p.bytes) for p in self.portions] + [(t.content, t.bytes) for t in self.tables]
        for content, size in sizes:
            self._at[content] = self.bytes
            self.bytes += size

    def pieces(self) -> Pieces:
        """The file."""
        found: list[memoryview] = []
        for portion in self.portions:
            for at, array in zip(portion.offsets, portion.arrays, strict=True):
                data = raw(array)
                found.append(data.data)
                following = next((o for o in portion.offsets if o > at), portion.bytes)
                found.append(memoryview(bytes(following - at - data.size)))
        for table in self.tables:
            whole = raw(table.rows).reshape(len(table.rows), table.row_bytes)
            padded = (
                np.pad(whole, ((0, 0), (0, table.step - table.row_bytes))) if table.step > table.row_bytes else whole
            )
            found.append(np.ascontiguousarray(padded).reshape(-1).data)
        return tuple(found)

    def statements(self, copies: Sequence[Portion | None]) -> list[str]:
        """C that waits for the copy that is under way and begins the next, for each of some copies."""
        lines = []
        for portion in copies:
            if portion is None:
                lines += self._copy("NULL", "0", 0)
            else:
                lines += self._copy(self._address(portion), f"{self._at[portion.content]}", portion.bytes)
        return lines

    def _copy(self, to: str, at: str, size: int) -> list[str]:
        failed = f"    return {self.name.upper()}_FETCH_FAILED;"
        return [f"if ({self.name}_fetch(m, {to}, {at}, {size}) != 0) {{", failed, "}"]

    def row_by_row(self, table: Table, index: DType, indices: str, row: str, out: str) -> list[str]:
        """C that copies the rows which indices choose.

        index: their type; indices, row, out: addresses of them, of room for a row, and of the result, as C expressions
        """
        at = f"{self._at[table.content]} + (uint32_t)at * {table.step}"
        copied = (*self._copy(row, at, table.step), *self._copy("NULL", "0", 0))
        return [
            f"for (uint32_t i = 0; i < {table.count}; i++) {{",
            f"    const int32_t at = edgegen_bounded_{index.name}(({indices})[i], {len(table.rows)});",
            *(f"    {line}" for line in copied),
            f"    memcpy({out} + i * {table.row_bytes}, {row}, {table.row_bytes});",
            "}",
        ]

    def arguments(self, share: Share) -> dict[int, str]:
        """Addresses of the share's copied constants, by the numbers of the arguments that they are."""
        start = self.plan.portions[share.portion].offset
        offsets = (self.addresses.of(start + offset) for offset in share.portion.offsets)
        return dict(zip(share.copied, offsets, strict=True))

    def _address(self, portion: Portion) -> str:
        return self.addresses.of(self.plan.portions[portion].offset)
