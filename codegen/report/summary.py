"""The few lines that a person reads after compiling."""

from __future__ import annotations

from typing import Any

from edgegen.report.curves import portion_plan_table, row_plan_table


def _loops(r: dict[str, Any]) -> str:
    """How loops are counted, if there are any."""
    return "; one turn of each loop" if any(n["macs_count"] == "a turn" for n in r["nodes"]) else ""


def _where(r: dict[str, Any]) -> str:
    """The file that holds separate weights, if there is one."""
    return f", in {', '.join(r['weights_files'])}" if r["weights_files"] and not r["stream"] else ""


def _stream(r: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What is copied while the model runs, if anything is."""
    s = r["stream"]
    if s is None:
        return []
    copied = f"{s['copied_bytes']:,} B a run in {s['copies']} copies of at most {s['largest_portion_bytes']:,} B"
    where = f"{', '.join(r['weights_files'])}: {copied}, {s['buffer_bytes']:,} B of the arena"
    return [("streamed", f"{s['file_bytes']:,} B", where)]


def _transposes(r: dict[str, Any]) -> str:
    """What is left of transposes, which move bytes and compute nothing."""
    left = r["transposes"]
    return f"; {left['count']} of them transpose {left['bytes']:,} B" if left["count"] else ""


def _regions(board: dict[str, Any], kind: str) -> list[tuple[str, str, str]]:
    """What each memory of a kind holds, if the board has several."""
    found = [region for region in board["regions"] if region["kind"] == kind]
    return [
        (
            f"  {region['name']}",
            f"{sum(region['holds'].values()):,} B",
            f"of {region['bytes']:,} B; {', '.join(region['holds'])}",
        )
        for region in found
        if len(found) > 1 and region["holds"]
    ]


def _rows_for_the_board(plans: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """That the board's RAM is why parts are computed a few rows at a time, if it is."""
    whole = next((p["bytes"] for p in plans if not p["loops"]), 0)
    loops = next((len(p["loops"]) for p in plans if p["chosen"]), 0)
    if not whole or not loops:
        return []
    plural = "loops" if loops > 1 else "loop"
    return [("rows", f"{loops} {plural}", f"a few rows at a time: whole images take {whole:,} B, which do not fit")]


def _plans(what: str, table: str) -> list[str]:
    return ["", f"  plans of {what} (* chosen)", *(f"  {line}".rstrip() for line in table.splitlines()), ""]


def summary(r: dict[str, Any]) -> str:
    """Sizes, work and peak of a report made by `report()`."""
    target, peak = r["target"], r["peak"]
    where = f"most in use at node {peak['step']} {peak['op']}" if peak["op"] else "no nodes"
    least = f"{r['arena_lower_bound_bytes']:,} B"
    what = "what each memory holds" if len(r["parts"]) > 1 else "this order of nodes"
    bound = f"the least for {what}" if r["arena_is_optimal"] else f"lower bound {least}"
    if r["arena_least_bytes"] == r["arena_bytes"] and len(r["parts"]) < 2:
        bound = "the least for any order of nodes"
    rows = [
        ("arena", f"{r['arena_bytes']:,} B", f"{bound}, {where}"),
        *(
            [
                (
                    "state",
                    f"{r['state_bytes']:,} B",
                    "kept from run to run" + (", inputs and outputs with it" if r["io"] == "separate" else ""),
                )
            ]
            if r["state_bytes"]
            else []
        ),
        ("weights", f"{r['weights_bytes']:,} B", f"constants as packed for the kernels{_where(r)}"),
        *_stream(r),
        ("work", f"{r['macs']:,} MACs", f"{len(r['nodes'])} nodes{_loops(r)}{_transposes(r)}"),
    ]
    board = r["board"]
    if board and board["flash_bytes"]:
        used = f"{r['weights_bytes'] + board['code_bytes']:,} B"
        how = "measured" if board["code_measured"] else "estimated"
        rows.append(("flash", used, f"of {board['flash_bytes']:,} B on {board['name']}; code {how}"))
        rows += _regions(board, "flash")
    if board and board["ram_bytes"]:
        used = f"{r['arena_bytes'] + r['state_bytes'] + board['stack_reserve_bytes']:,} B"
        rows.append(("RAM", used, f"of {board['ram_bytes']:,} B on {board['name']}; arena, state and stack reserve"))
        rows += _regions(board, "ram")
    if board and r["ram_limit_bytes"] is None:
        rows += _rows_for_the_board(r["row_plans"])
    widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
    lines = [f"  {a.ljust(widths[0])}  {b.rjust(widths[1])}   {c}" for a, b, c in rows]
    if r["row_plans"]:
        lines += _plans("whole images and of loops over rows", row_plan_table(r["row_plans"]))
    if r["stream"] and r["stream"]["plans"]:
        lines += _plans("larger and of smaller portions of weights", portion_plan_table(r["stream"]["plans"]))
    return "\n".join([f"{r['name']} for {target['name']}, optimized for {target['optimize']}", *lines])


def sharing(r: dict[str, Any]) -> str:
    """What models of a report of edgegen.Together take together, and what sharing saves."""
    names = ", ".join(m["name"] for m in r["models"])
    lines = [
        f"{r['name']}: {names} in one arena",
        f"  RAM  {r['ram_bytes']:,} B   arena {r['arena_bytes']:,} B and the state of each; "
        f"{r['separate_ram_bytes']:,} B without sharing, which saves {r['saved_bytes']:,} B",
    ]
    lines += [
        f"    {name}  {m['arena_bytes'] + m['state_bytes']:,} B   arena {m['arena_bytes']:,} B"
        + (f", state {m['state_bytes']:,} B" if m["state_bytes"] else "")
        for name, m in r["memories"].items()
    ]
    return "\n".join(lines)
