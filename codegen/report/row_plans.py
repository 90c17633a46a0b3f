"""RAM against work: the plans among which loops over rows were chosen, as a table and as a curve."""

from __future__ import annotations

from typing import Any

from edgegen.report.table import text_table

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 560, 220, 84, 34, 14  # pixels of the drawing, and of its margins
HEADER = ("", "RAM B", "extra MACs", "moved B", "kernel calls", "loops")


def row_plan_table(plans: list[dict[str, Any]]) -> str:
    """One line for each plan, the chosen one marked."""
    rows = [
        ("*" if p["chosen"] else "", p["bytes"], p["extra_macs"], p["moved_bytes"], p["calls"], len(p["loops"]))
        for p in plans
    ]
    return text_table(HEADER, rows)


def row_plan_curve(plans: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Pixel geometry: bytes to the right, bytes moved upwards; None for fewer than two plans."""
    if len(plans) < 2:
        return None
    most_ram = max(p["bytes"] for p in plans)
    most_work = max(*(p["moved_bytes"] for p in plans), 1)
    right, bottom = WIDTH - 20, HEIGHT - BOTTOM
    points = [
        {
            "x": round(LEFT + (right - LEFT) * p["bytes"] / most_ram, 2),
            "y": round(bottom - (bottom - TOP) * p["moved_bytes"] / most_work, 2),
            "chosen": p["chosen"],
            "title": f"{p['bytes']:,} B of RAM, {p['moved_bytes']:,} B moved, {p['calls']:,} kernel calls, "
            f"{p['extra_macs']:,} extra MACs",
            "label": f"{p['bytes']:,}",
        }
        for p in plans
    ]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": right,
        "top": TOP,
        "bottom": bottom,
        "most_work": f"{most_work:,}",
        "points": points,
        "line": " ".join(f"{p['x']},{p['y']}" for p in points),
    }
