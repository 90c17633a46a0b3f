"""Builds emitted C with the host or a cross compiler, runs it natively or in an emulator and compares the results."""

from edgegen.verify.build_program import build_program
from edgegen.verify.compare import Difference, compare
from edgegen.verify.host import HostProgram
from edgegen.verify.program import Build, Call, Outcome, Program, Sizes
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
    "verify_model",
]
