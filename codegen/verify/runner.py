"""Picks how a target's programs are built and run."""

from __future__ import annotations

from collections.abc import Sequence

from edgegen.compiler import Compiled
from edgegen.errors import ToolchainMissing, UsageError
from edgegen.targets import host_target
from edgegen.verify.host import HostProgram
from edgegen.verify.native import NativeProgram
from edgegen.verify.objects import Build
from edgegen.verify.program import Program, is_traced
from edgegen.verify.qemu_system import QemuSystemProgram
from edgegen.verify.qemu_user import QemuUserProgram


def build_program(models: Sequence[Compiled], build: Build | None = None) -> Program:
    """Compiles models of one target and links them into a program that can be called.

    Raises ToolchainMissing (with the Debian package to install), ToolchainFailed and UsageError.
    """
    build = build or Build()
    if len({m.target.name for m in models}) != 1:
        raise UsageError("a program needs models that are all for one target")
    target = models[0].target
    if target.runner == "native":
        lacking = target.features - host_target().features
        if lacking:
            why = [("lacks", ", ".join(sorted(lacking)))]
            raise ToolchainMissing(f"this machine cannot run code for {target.name}", why)
        own_process = build.sanitize or any(is_traced(m) for m in models)
        return NativeProgram(models, build) if own_process else HostProgram(models, build)
    return QemuUserProgram(models, build) if target.runner == "qemu-user" else QemuSystemProgram(models, build)
