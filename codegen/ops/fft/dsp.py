"""The Cortex-M4 rows of Rfft and Irfft: one register holds a complex number of s16.

The row of 512 real numbers executes 2.5 times fewer instructions than the portable one.
"""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel
from edgegen.ops.fft.generic import over_frames, pack_fft, power_of_two


def _pairs(node: Node) -> str | None:
    return power_of_two(node) or ("a frame has an odd number of values" if node.input(0).shape[-1] % 2 else None)


_REQUIRES = frozenset({"dsp"})
RFFT, IRFFT = (
    (Kernel(f"{name}_s16_dsp", "s16 -> s16", pack_fft, "fft_dsp", _REQUIRES, when, overlap=over_frames),)
    for name, when in (("rfft", _pairs), ("irfft", power_of_two))
)
