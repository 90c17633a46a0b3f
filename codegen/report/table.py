"""Aligned text tables for terminals, and the same rows as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

Cell = str | int | float | None

PADDED = 40  # characters: one long cell must not widen every row of a Markdown table


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def _numeric(column: Sequence[Cell]) -> bool:
    """Whether a column holds numbers, as such or as text, and nothing else but absent cells."""
    present = [c for c in column if c is not None]
    numbers = (not isinstance(c, str) or c.replace(".", "", 1).isdecimal() for c in present)
    return bool(present) and all(numbers)


def _grid(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> tuple[list[list[str]], list[bool], list[int]]:
    """(rows of text, header first; whether each column holds numbers; each column's width)."""
    grid = [list(header), *([_text(c) for c in row] for row in rows)]
    numeric = [_numeric([row[i] for row in rows]) for i in range(len(header))]
    widths = [max(len(row[i]) for row in grid) for i in range(len(header))]
    return grid, numeric, widths


def text_table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Columns two spaces apart, numbers to the right with thousands separated, absent cells as "-"."""
    grid, numeric, widths = _grid(header, rows)
    lines = []
    for i, row in enumerate(grid):
        cells = [c.rjust(w) if n else c.ljust(w) for c, n, w in zip(row, numeric, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
        if i == 0:
            lines.append("  ".join("-" * w for w in widths))
    return "\n".join(lines)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """The same as GitHub-flavoured Markdown; columns are padded to at most PADDED."""
    grid, numeric, widths = _grid(header, rows)
    widths = [min(max(w, 3), PADDED) for w in widths]

    def line(row: Sequence[str]) -> str:
        cells = [c.rjust(w) if n else c.ljust(w) for c, n, w in zip(row, numeric, widths, strict=True)]
        return f"| {' | '.join(cells)} |"

    rule = [("-" * (w - 1) + ":") if n else "-" * w for n, w in zip(numeric, widths, strict=True)]
    return "\n".join([line(grid[0]), line(rule), *map(line, grid[1:])])
