"""Builds emitted C with the host or a cross compiler, runs it natively or in an emulator and compares the results."""

from edgegen.verify.compare import Difference, compare
from edgegen.verify.host import HostProgram
from edgegen.verify.objects import Build, Sizes, object_sizes
from edgegen.verify.program import Call, Outcome, Program
from edgegen.verify.runner import build_program
from edgegen.verify.verification import Verification, verify_model

__all__ = [
    "Build",
    "Call",
    "Difference",
    "HostProgram",
    "Outcome",
    "Program",
    "Sizes",
    "Verification",
    "build_program",
    "compare",
    "object_sizes",
    "verify_model",
]
