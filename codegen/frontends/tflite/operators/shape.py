"""Operators that only rename dimensions."""

from __future__ import annotations

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.ops.reshape import Reshape


@operator("RESHAPE", last_version=1)
@operator("SQUEEZE", last_version=2)
@operator("EXPAND_DIMS", last_version=1)
def reshape(op: Operator) -> None:
    """The converter has already computed the output's shape."""
    op.add(Reshape(op.output.shape), [op.input(0)], op.output)
