"""The measurements as Markdown tables."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edgegen.report.table import Cell, markdown_table

Row = tuple[Cell, ...]

M4_TEXT = """\
Bare-metal firmware on QEMU's mps2-an386 with -icount shift=0: instructions, not cycles. The output is compared with the
judge's bytes (floats: within 1e-5 of the largest value). The peer was measured earlier, on the same emulated board:"""
HOST_TEXT = """\
Target {target}, built by gcc, one thread, pinned to one core. LiteRT runs XNNPACK with one thread. Both run in turn,
{rounds} rounds of about 20 ms each; every inference is timed by itself, and a figure is the median of the rounds'
medians. LiteRT's includes its Python binding's call, of which hello_world_f32 shows the order; ours is the C call
alone."""
MEMORY_TEXT = """\
The lower bound is the largest number of bytes in use at one node, where results lie over inputs that die there as far
as the kernels allow: no arena for that order can be smaller. State is what a model keeps from run to run, beside its
arena; of such a model the instructions are those of its first run. Text and rodata are the model's whole code and
constants, weights included; TFLM's code is without the model, and its arena includes the interpreter's structures."""


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0].strip() if done.stdout else "not installed"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        lines = []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def environment() -> dict[str, str]:
    """What the figures depend on."""
    return {
        "host CPU": _cpu(),
        "host compiler": _first_line(["gcc", "--version"]),
        "Cortex-M4 compiler": _first_line(["arm-none-eabi-gcc", "--version"]),
        "AArch64 compiler": _first_line(["aarch64-linux-gnu-gcc", "--version"]),
        "emulator": _first_line(["qemu-system-arm", "--version"]),
        "LiteRT": version("ai-edge-litert"),
    }


def _ratio(ours: float | None, theirs: float | None) -> str | None:
    return f"{ours / theirs:.2f}" if ours and theirs else None


def _emulated_rows(results: dict[str, Any], target: str) -> list[dict[str, Any]]:
    return [{"model": name, **r[target]} for name, r in results.items() if target in r]


def _cortex_m4(results: dict[str, Any], tflm: dict[str, Any]) -> str:
    rows: list[Row] = []
    for r in _emulated_rows(results, "cortex-m4"):
        peer = tflm.get(r["model"], {}).get("instructions")
        per_mac = f"{r['instructions'] / r['macs']:.2f}" if r["instructions"] and r["macs"] else None
        rows.append(
            (r["model"], r["macs"], r["instructions"], per_mac, peer, _ratio(r["instructions"], peer), _said(r))
        )
    header = ("model", "MACs", "instructions", "per MAC", "TFLM + CMSIS-NN", "ratio", "output")
    return markdown_table(header, rows)


def _said(r: dict[str, Any]) -> str:
    return "matches" if r["match"] else "DIFFERS"


def _arm(results: dict[str, Any]) -> str:
    targets = [t for t in ("arm-neon", "arm-neon-dotprod") if any(t in r for r in results.values())]
    rows: list[Row] = []
    for name, r in results.items():
        cells: list[Cell] = []
        for t in targets:
            count, macs = (r[t]["instructions"], r[t]["macs"]) if t in r else (None, 0)
            cells += [count, f"{count / macs:.3f}" if count and macs else None]
        rows.append((name, *cells, _said({"match": all(r[t]["match"] for t in targets if t in r)})))
    header = ("model", *(h for t in targets for h in (t, "per MAC")), "output")
    return markdown_table(header, rows)


def _host(results: dict[str, Any]) -> str:
    rows: list[Row] = [
        (
            name,
            f"{t['ours']:.2f}",
            None if t["litert"] is None else f"{t['litert']:.2f}",
            _ratio(t["ours"], t["litert"]),
            _said(t),
        )
        for name, t in ((n, r["host"]) for n, r in results.items() if "host" in r)
    ]
    return markdown_table(("model", "edgegen, us", "LiteRT, us", "ratio", "output"), rows)


def _memory(results: dict[str, Any], tflm: dict[str, Any]) -> str:
    rows: list[Row] = []
    for r in _emulated_rows(results, "cortex-m4"):
        peer = tflm.get(r["model"], {})
        rows.append(
            (
                r["model"],
                r["arena"],
                r["lower_bound"],
                r["state"],
                r["stack"],
                peer.get("arena_bytes"),
                r["text"],
                r["rodata"],
                r["text"] + r["rodata"],
                peer.get("code_bytes"),
            )
        )
    header = ("model", "arena", "lower bound", "state", "stack", "TFLM arena", "text", "rodata", "flash", "TFLM code")
    return markdown_table(header, rows)


def page(data: dict[str, Any], peer_figures: dict[str, Any]) -> str:
    """Everything measured, as one Markdown page."""
    results, tflm = data["models"], peer_figures["tflm"]
    facts = "\n".join(f"- {what}: {text}" for what, text in data["environment"].items())
    parts = [
        "# Benchmarks",
        "Written by `python -m benchmarks --page FILE`; edgegen's figures are all of that run, optimized for speed.",
        facts,
    ]
    if any("cortex-m4" in r for r in results.values()):
        parts += ["## Cortex-M4: instructions of one inference", M4_TEXT, "> " + tflm["how"]]
        parts += [_cortex_m4(results, tflm["models"])]
    if any("arm-neon" in r for r in results.values()):
        parts += ["## AArch64: instructions of one inference", "Counted by a QEMU plugin.", _arm(results)]
    if any("host" in r for r in results.values()):
        target = next(r["host"]["target"] for r in results.values() if "host" in r)
        text = HOST_TEXT.format(target=target, rounds=data["rounds"])
        parts += ["## Host: microseconds of one inference", text, _host(results)]
    if any("cortex-m4" in r for r in results.values()):
        parts += ["## Memory on the Cortex-M4: bytes", MEMORY_TEXT, _memory(results, tflm["models"])]
    return "\n\n".join(parts) + "\n"
