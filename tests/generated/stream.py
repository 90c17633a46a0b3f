"""CIRCULAR_BUFFER: several runs of one instance."""

from __future__ import annotations

from dataclasses import replace

from tests.generated.single import Draw, Single, generates, like
from tests.models.tflite_builder import Operator, custom_options


@generates("custom:CIRCULAR_BUFFER", "INT8")
def circular_buffer(draw: Draw, kind: str) -> Single:
    slots, height, channels = draw.integer(1, 6), draw.integer(1, 4), draw.integer(1, 5)
    x = draw.tensor("x", kind, (1, 1, height, channels))
    y = replace(like("y", x, (1, slots, height, channels)), is_variable=True)
    operator = Operator("custom:CIRCULAR_BUFFER", ["x"], ["y"], custom=custom_options(cycles_max=1))
    return Single([x, y], operator, runs=slots + 2)
