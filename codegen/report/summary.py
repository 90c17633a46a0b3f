"""The few lines that a person reads after compiling."""

from __future__ import annotations

from typing import Any


def summary(r: dict[str, Any]) -> str:
    """Sizes, work and peak of a report made by `report()`."""
    target, peak = r["target"], r["peak"]
    where = f"node {peak['step']} {peak['op']}" if peak["node"] else "the caller's inputs or outputs"
    rows = [
        ("arena", f"{r['arena_bytes']:,} B", f"lower bound {r['arena_lower_bound_bytes']:,} B, most in use at {where}"),
        ("weights", f"{r['weights_bytes']:,} B", "constants as packed for the kernels"),
        ("work", f"{r['macs']:,} MACs", f"{len(r['nodes'])} nodes"),
    ]
    widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
    lines = [f"  {a.ljust(widths[0])}  {b.rjust(widths[1])}   {c}" for a, b, c in rows]
    return "\n".join([f"{r['name']} for {target['name']}, optimized for {target['optimize']}", *lines])
