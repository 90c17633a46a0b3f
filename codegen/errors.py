"""What can go wrong, told to a user: what, where, why and the way out.

Every error a user can cause is an `EdgegenError`. The command line prints it with `format_error` and exits with
code 1; a traceback is shown only with --debug.
"""

from __future__ import annotations

from collections.abc import Sequence


class EdgegenError(Exception):
    """An error that a user can act on.

    what:    one line that names the node, tensor, file or byte
    details: (label, text) lines that explain it; a label of "" continues the one before
    help:    the way out, if there is one
    """

    def __init__(self, what: str, details: Sequence[tuple[str, str]] = (), help: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.details = tuple(details)
        self.help = help
        if self.details or help:  # shown below a traceback, where format_error is not used
            self.add_note("\n".join(format_error(self).splitlines()[1:]))


class UnsupportedModel(EdgegenError):
    """The model is valid, but uses something that edgegen does not compile."""


class InvalidModel(EdgegenError):
    """The file is truncated, corrupt or contradicts its own schema."""


class InvalidGraph(EdgegenError):
    """Shapes, types or connections do not fit together."""


class NoKernel(EdgegenError):
    """No kernel row of an operator holds for a node on the target."""


class DoesNotFit(EdgegenError):
    """The model needs more flash or RAM than the board has."""


class ToolchainMissing(EdgegenError):
    """A compiler, emulator or Python package that the request needs is not installed."""


class ToolchainFailed(EdgegenError):
    """A compiler or emulator was run and failed."""


class UsageError(EdgegenError):
    """The request itself makes no sense: an unknown target, board, pass or shape."""


def format_error(error: EdgegenError) -> str:
    """The message as the command line prints it, without a trailing newline."""
    lines = [f"edgegen: {error.what}"]
    rows = (*error.details, *((("help", error.help),) if error.help else ()))
    width = max([6, *(len(label) for label, _ in rows)]) + 1
    for label, text in rows:
        for i, line in enumerate(text.splitlines() or [""]):
            lines.append(f"  {label if i == 0 else '':<{width}}{line}".rstrip())
    return "\n".join(lines)
