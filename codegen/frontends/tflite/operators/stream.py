"""CIRCULAR_BUFFER, the custom operator of TensorFlow Lite Micro's streaming models."""

from __future__ import annotations

import numpy as np

from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.ir.dtypes import S8
from edgegen.ir.graph import State
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.push import Push

_EACH_RUN = (5, 13, 25)
"""Slots of buffers that go on in each run although their options do not say so; of others it is each second run."""


@operator("custom:CIRCULAR_BUFFER", last_version=1)
def circular_buffer(op: Operator) -> None:
    """The output, which outlives the run, loses its oldest slice and gets the input (TFLM CIRCULAR_BUFFER, int8).

    Where cycles_max is not 1, TensorFlow Lite Micro ends most runs here, with no results: Invoke returns kTfLiteAbort.
    """
    x, y = op.input(0), op.output
    if (x.dtype, y.dtype) != (S8, S8):
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use full int8")
    if x.rank != 4 or y.rank != 4 or x.shape[:2] != (1, 1) or y.shape[0] != 1 or x.shape[2:] != y.shape[2:]:
        raise op.invalid(f"{x.type} is no slice of {y.type}")
    if y not in op.model.variable_outputs:
        raise op.invalid(f'"{y.name}" must be a variable tensor: it carries state from run to run')
    cycles = op.custom_options().integer("cycles_max", 0)
    cycles = cycles if cycles > 0 else 1 if y.shape[1] in _EACH_RUN else 2
    if cycles != 1:
        raise op.unsupported(
            f"the model gives a result in one of {cycles} runs only, which edgegen's cannot",
            "export the part that follows as a model of its own, with cycles_max 1",
        )
    op.same_quantization(x, y)
    old = Tensor(f"{y.name}/before", TensorType(y.dtype, y.shape, y.type.quantization))
    zero = y.type.quantization.zero_point[0] if y.type.quantization is not None else 0
    op.model.graph.state.append(State(y.name, old, y, np.full(y.shape, zero, np.int8)))
    op.add(Push(), [x, old], y)
