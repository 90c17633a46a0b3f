"""The targets: one line of facts each. `target(name)` finds one."""

from __future__ import annotations

import difflib
from pathlib import Path

from edgegen.errors import UsageError
from edgegen.targets.region import Kind, Region
from edgegen.targets.target import Io, Optimize, Runner, Target

__all__ = ["TARGETS", "Io", "Kind", "Optimize", "Region", "Runner", "Target", "host_target", "target"]

_AVX2 = frozenset({"avx2", "fma", "f16c"})
_AVX512 = _AVX2 | {"avx512", "avx512vnni"}
_AARCH64 = "aarch64-linux-gnu-"

TARGETS: dict[str, Target] = {
    t.name: t
    for t in (
        Target("generic", "any core with a C99 compiler, run on the host"),
        Target(
            "x86-avx2",
            "x86-64 with AVX2, FMA and F16C",
            _AVX2,
            32,
            cflags=("-mavx2", "-mfma", "-mf16c"),
            clang=("-mavx2", "-mfma", "-mf16c"),
        ),
        Target(
            "x86-avx512",
            "x86-64 with AVX-512 (F, BW, DQ, VL, VBMI) and VNNI",
            _AVX512,
            64,
            cflags=("-march=icelake-client",),
            clang=("-march=icelake-client",),
        ),
        Target(
            "arm-neon",
            "AArch64 with NEON (Cortex-A53, A72)",
            frozenset({"neon"}),
            16,
            _AARCH64,
            "gcc-aarch64-linux-gnu",
            ("-march=armv8-a",),
            clang=("--target=aarch64-linux-gnu", "-march=armv8-a"),
            runner="qemu-user",
            cpu="cortex-a72",
        ),
        Target(
            "arm-neon-dotprod",
            "AArch64 with NEON dot products and f16 arithmetic (Cortex-A55, A76)",
            frozenset({"neon", "dotprod", "fp16"}),
            16,
            _AARCH64,
            "gcc-aarch64-linux-gnu",
            ("-march=armv8.2-a+dotprod+fp16",),
            clang=("--target=aarch64-linux-gnu", "-march=armv8.2-a+dotprod+fp16"),
            runner="qemu-user",
            cpu="max",
        ),
        Target(
            "cortex-m4",
            "Armv7E-M with DSP extension and single-precision FPU",
            frozenset({"dsp"}),
            4,
            "arm-none-eabi-",
            "gcc-arm-none-eabi",
            ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
            levels=("-O2", "-Os"),
            clang=(
                "--target=thumbv7em-none-eabihf",
                "-mcpu=cortex-m4",
                "-mfpu=fpv4-sp-d16",
                "-mfloat-abi=hard",
            ),
            runner="qemu-system",
            cpu="cortex-m4",
        ),
    )
}


def host_target() -> Target:
    """The best target that this machine itself can run; what the name "host" stands for."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split())
    except OSError:
        flags = set()
    if {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vbmi", "avx512_vnni"} <= flags:
        return TARGETS["x86-avx512"]
    if {"avx2", "fma", "f16c"} <= flags:
        return TARGETS["x86-avx2"]
    return TARGETS["generic"]


def target(name: str) -> Target:
    """The target called `name`; "host" is this machine's best. Raises UsageError with the nearest names."""
    if name == "host":
        return host_target()
    if name not in TARGETS:
        near = difflib.get_close_matches(name, [*TARGETS, "host"], 1)
        hint = f'did you mean "{near[0]}"?' if near else "edgegen targets lists them"
        raise UsageError(f'unknown target "{name}"', [("known", ", ".join([*TARGETS, "host"]))], hint)
    return TARGETS[name]
