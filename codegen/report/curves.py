"""RAM against what less of it costs: the plans among which one was chosen, as a table and as a curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgegen.report.table import text_table

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 560, 220, 84, 34, 14  # pixels of the drawing, and of its margins
ROW_HEADER = ("", "RAM B", "extra MACs", "moved B", "kernel calls", "loops")
PORTION_HEADER = ("", "RAM B", "largest portion B", "copies", "copied B", "begin")


def row_plan_table(plans: list[dict[str, Any]]) -> str:
    """One line for each plan of loops over rows, the chosen one marked."""
    rows = [
        ("*" if p["chosen"] else "", p["bytes"], p["extra_macs"], p["moved_bytes"], p["calls"], len(p["loops"]))
        for p in plans
    ]
    return text_table(ROW_HEADER, rows)


def portion_plan_table(plans: list[dict[str, Any]]) -> str:
    """One line for each plan of portions of weights, the chosen one marked."""
    rows = [
        ("*" if p["chosen"] else "", p["bytes"], p["portion_bytes"], p["copies"], p["copied_bytes"], _begin(p))
        for p in plans
    ]
    return text_table(PORTION_HEADER, rows)


def _begin(plan: dict[str, Any]) -> str:
    return "a call ahead" if plan["ahead"] else "when needed"


def row_plan_curve(plans: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Of bytes moved; None for fewer than two plans."""
    titles = [
        f"{p['bytes']:,} B of RAM, {p['moved_bytes']:,} B moved, {p['calls']:,} kernel calls, "
        f"{p['extra_macs']:,} extra MACs"
        for p in plans
    ]
    return _curve(plans, [p["moved_bytes"] for p in plans], titles)


def portion_plan_curve(plans: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Of copies; None for fewer than two plans."""
    titles = [
        f"{p['bytes']:,} B of RAM, {p['copies']:,} copies of at most {p['portion_bytes']:,} B, {p['copied_bytes']:,} B "
        f"together, begun {_begin(p)}"
        for p in plans
    ]
    return _curve(plans, [p["copies"] for p in plans], titles)


def _curve(plans: list[dict[str, Any]], costs: Sequence[int], titles: Sequence[str]) -> dict[str, Any] | None:
    """Pixel geometry: bytes to the right, what they cost upwards."""
    if len(plans) < 2:
        return None
    most_ram = max(p["bytes"] for p in plans)
    most = max(*costs, 1)
    right, bottom = WIDTH - 20, HEIGHT - BOTTOM
    points = [
        {
            "x": round(LEFT + (right - LEFT) * p["bytes"] / most_ram, 2),
            "y": round(bottom - (bottom - TOP) * each / most, 2),
            "chosen": p["chosen"],
            "title": title,
            "label": f"{p['bytes']:,}",
        }
        for p, each, title in zip(plans, costs, titles, strict=True)
    ]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": right,
        "top": TOP,
        "bottom": bottom,
        "most": f"{most:,}",
        "points": points,
        "line": " ".join(f"{p['x']},{p['y']}" for p in points),
    }
