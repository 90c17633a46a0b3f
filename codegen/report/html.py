"""The report as one HTML page: the arena drawn as offset by step, MACs below it, and a table of nodes.

The page is self-contained (no script, no font, no link) and the same on every machine.
"""

from __future__ import annotations

from typing import Any

import jinja2

from edgegen.report.curves import portion_plan_curve, row_plan_curve
from edgegen.resources import resource

LEFT, TOP, DEPTH, GAP, BARS = 84, 14, 420, 14, 70  # pixels: axis labels, the map, the MACs below it
LABEL_WIDTH, LABEL_HEIGHT = 7, 16  # pixels of one letter and of a line
ROLES = ("input", "output", "activation", "view", "scratch", "weights", "state")


def _label(region: dict[str, Any], r: dict[str, Any]) -> str:
    """What is written on a rectangle: the operator that made it, or the input's name."""
    step = region["first_step"]
    return f"{region['name'] if step < 0 else r['nodes'][step]['op']} {region['bytes']:,}"


def _visible_steps(region: dict[str, Any], arena: list[dict[str, Any]]) -> int:
    """Steps until a later rectangle, of a view or an in-place result, is drawn over this one."""
    covering = (
        other["first_step"]
        for other in arena
        if region["first_step"] < other["first_step"] <= region["last_step"]
        and other["offset"] < region["offset"] + region["bytes"]
        and region["offset"] < other["offset"] + other["bytes"]
    )
    return min(covering, default=region["last_step"] + 1) - region["first_step"]


def _tick_size(total: int) -> int:
    """Bytes between grid lines: the smallest 1, 2 or 5 times a power of ten that gives at most 10 lines."""
    return next(n * 10**k for k in range(20) for n in (1, 2, 5) if n * 10**k * 10 >= total)


def _views(r: dict[str, Any]) -> list[dict[str, Any]]:
    """What is drawn: the arena with the state behind it, or that of each memory.

    title: of the drawing; bytes: its height; bound: lower bound; arena: what lies there
    """
    if len(r["parts"]) < 2:
        total = r["state_offset"] + r["state_bytes"] if r["state_bytes"] else r["arena_bytes"]
        return [{"title": "", "bytes": total, "bound": r["arena_lower_bound_bytes"], "arena": r["arena"]}]
    views = []
    for part in r["parts"]:
        title = f"{part['region']}: arena {part['arena_bytes']:,} B"
        title += f", state {part['state_bytes']:,} B" if part["state_bytes"] else ""
        end = max(part["arena_bytes"], part["state_offset"] + part["state_bytes"])
        arena = [t for t in r["arena"] if t["region"] == part["region"]]
        views.append({"title": title, "bytes": end, "bound": part["lower_bound_bytes"], "arena": arena})
    return views


def _map(r: dict[str, Any], view: dict[str, Any]) -> dict[str, Any]:
    """Pixel geometry of the memory map and of the MAC bars on the same horizontal axis."""
    count = len(r["nodes"]) + 2
    step = max(16, min(56, 1060 // count))
    total = max(view["bytes"], 1)
    scale = DEPTH / total

    def y(offset: float) -> float:
        return round(TOP + DEPTH - offset * scale, 2)

    boxes = []
    for t in view["arena"]:
        width = (t["last_step"] - t["first_step"] + 1) * step
        height = round(max(t["bytes"] * scale, 1), 2)
        label = _label(t, r)
        room = _visible_steps(t, view["arena"]) * step
        fits = height >= LABEL_HEIGHT and len(label) * LABEL_WIDTH <= room
        steps = f"steps {t['first_step']} to {t['last_step']}"
        boxes.append(
            {
                "role": t["role"],
                "x": LEFT + (t["first_step"] + 1) * step,
                "y": y(t["offset"] + t["bytes"]),
                "width": width,
                "height": height,
                "title": f"{t['name']}\n{t['role']} {t['type']}\n{t['bytes']:,} B at {t['offset']:,}, {steps}",
                "label": label if fits else "",
            }
        )
    most = max((n["macs"] for n in r["nodes"]), default=0) or 1
    bars_bottom = TOP + DEPTH + GAP + BARS
    bars = []
    for n in r["nodes"]:
        if n["macs"]:
            height = round(max(BARS * n["macs"] / most, 1), 2)
            bars.append(
                {
                    "x": LEFT + (n["index"] + 1) * step + 1,
                    "y": round(bars_bottom - height, 2),
                    "width": step - 2,
                    "height": height,
                    "title": f"{n['index']} {n['op']} {n['name']}\n{n['macs']:,} MACs {n['macs_count']}".rstrip(),
                }
            )
    every = max(1, 28 // step)
    names = ["in", *(str(i) for i in range(count - 2)), "out"]
    shown = [i for i in range(count) if i in (0, count - 1) or ((i - 1) % every == 0 and i < count - every)]
    tick = _tick_size(total)
    return {
        "title": view["title"],
        "width": LEFT + count * step + 10,
        "height": bars_bottom + 22,
        "left": LEFT,
        "right": LEFT + count * step,
        "top": TOP,
        "depth": DEPTH,
        "step": step,
        "bound": y(view["bound"]),
        "peak": LEFT + (r["peak"]["step"] + 1) * step,
        "ticks": [{"y": y(at), "label": f"{at:,}"} for at in range(0, total + 1, tick)],
        "boxes": boxes,
        "bars": bars,
        "bars_bottom": bars_bottom,
        "marks": [{"x": LEFT + i * step + step / 2, "label": names[i]} for i in shown],
    }


def html_report(r: dict[str, Any]) -> str:
    """The page for a report made by `report()`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource("templates")),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    facts = [
        ("arena", f"{r['arena_bytes']:,} B"),
        ("lower bound", f"{r['arena_lower_bound_bytes']:,} B{', reached' if r['arena_is_optimal'] else ''}"),
        *([("state", f"{r['state_bytes']:,} B")] if r["state_bytes"] else []),
        ("weights", f"{r['weights_bytes']:,} B"),
        ("work", f"{r['macs']:,} MACs"),
        ("nodes", f"{len(r['nodes']):,}"),
        *((f"{p['name']} (input)", f"{p['dtype']}{p['shape']}") for p in r["inputs"]),
        *((f"{p['name']} (output)", f"{p['dtype']}{p['shape']}") for p in r["outputs"]),
    ]
    used = {t["role"] for t in r["arena"]}
    portions = r["stream"]["plans"] if r["stream"] else []
    context = {
        "r": r,
        "maps": [_map(r, view) for view in _views(r)],
        "row_curve": row_plan_curve(r["row_plans"]),
        "portions": portions,
        "portion_curve": portion_plan_curve(portions),
        "facts": facts,
        "roles": [role for role in ROLES if role in used],
    }
    return environment.get_template("report.html.j2").render(context)
