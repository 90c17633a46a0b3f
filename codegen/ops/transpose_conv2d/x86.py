"""Rows for x86-64: convolutions whose outputs are rows apart."""

from __future__ import annotations

from edgegen.ir.kernel import Kernel
from edgegen.ops.transpose_conv2d.phases import in_phases, not_in_phases
from edgegen.ops.x86_convolution import rows


def _quantized(kernel: Kernel) -> bool:
    return not kernel.signature.endswith("s32")


ROWS = tuple(filter(_quantized, rows(lambda node, _: in_phases(node), lambda node, _: not_in_phases(node))))
