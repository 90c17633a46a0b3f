"""What a model can be compiled for: the targets and the boards."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from edgegen.boards import board, board_names
from edgegen.report.table import text_table
from edgegen.targets import TARGETS, host_target


def target_rows() -> list[dict[str, Any]]:
    """Every target, for programs. "host": whether this is what the name host stands for on this machine."""
    host = host_target().name
    return [
        {
            "name": t.name,
            "description": t.description,
            "features": sorted(t.features),
            "alignment": t.alignment,
            "compiler": f"{t.prefix}gcc",
            "package": t.package,
            "flags": list(t.cflags),
            "runner": t.runner,
            "host": t.name == host,
        }
        for t in TARGETS.values()
    ]


def targets_text() -> str:
    """The same for people."""
    rows = [
        (t["name"], t["description"], " ".join(t["features"]) or None, t["compiler"], t["runner"])
        for t in target_rows()
    ]
    table = text_table(("target", "core", "features", "compiler", "run by verify"), rows)
    return f'{table}\n\n"host" stands for {host_target().name}, the best of these on this machine'


def board_rows() -> list[dict[str, Any]]:
    """Every board that has a file in boards/, for programs."""
    boards = [board(name) for name in board_names()]
    return [
        {
            "name": b.name,
            "description": b.description,
            "core": b.core,
            "target": b.target.name,
            "clock_hz": b.clock_hz,
            "flash_bytes": b.bytes("flash"),
            "ram_bytes": b.bytes("ram"),
            "stack_bytes": b.stack_bytes,
            "regions": [asdict(r) for r in b.regions],
            "emulator": asdict(b.emulator) if b.emulator else None,
        }
        for b in boards
    ]


def boards_text() -> str:
    """The same for people."""
    rows = [
        (
            b["name"],
            b["core"],
            b["target"],
            f"{b['clock_hz'] / 1e6:g} MHz" if b["clock_hz"] else None,
            b["flash_bytes"],
            b["ram_bytes"],
            b["emulator"]["program"] if b["emulator"] else None,
        )
        for b in board_rows()
    ]
    return text_table(("board", "core", "target", "clock", "flash B", "RAM B", "emulator"), rows)
