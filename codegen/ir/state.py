"""Outputs that are fed back to inputs become the model's state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from edgegen.errors import UsageError
from edgegen.ir.graph import Graph, State
from edgegen.ir.tensor import Array


def keep_state(graph: Graph, fed: Mapping[str, str], initial: Mapping[str, Array] | None = None) -> None:
    """Makes inputs what the last run left in outputs: neither is a port any more, and nothing is copied between runs.

    fed:     output by input, as `Graph.input_names` and `Graph.output_names` call them
    initial: what the first run finds in an input, by the input's name; by default what stands for zeros

    Raises UsageError for names that the model does not have, tensors that do not fit, and if no output would remain.
    """
    if not fed:
        return
    inputs, outputs = graph.input_names(), graph.output_names()
    for names, there, kind in ((fed, inputs, "input"), (fed.values(), outputs, "output")):
        for name in names:
            if there.count(name) != 1:
                raise UsageError(f'the model has no {kind} "{name}" to keep as state', [(f"{kind}s", ", ".join(there))])
    if len(set(fed.values())) == len(outputs):
        raise UsageError("all outputs are kept as state: none would be left to read")
    for name, output in fed.items():
        value, after = graph.inputs[inputs.index(name)], graph.outputs[outputs.index(output)]
        if (value.dtype, value.shape) != (after.dtype, after.shape):
            raise UsageError(f'input "{name}" is {value.type}, output "{output}" {after.type}: it cannot become that')
        quantization = value.type.quantization
        zero = quantization.zero_point[0] if quantization is not None else 0
        start = (initial or {}).get(name, np.full(value.shape, zero, value.dtype.np))
        graph.state.append(State(name, value, after, start))
    kept_in = [i for i, name in enumerate(inputs) if name not in fed]
    kept_out = [i for i, name in enumerate(outputs) if name not in fed.values()]
    if graph.signature is not None:
        signature = graph.signature
        graph.signature = replace(
            signature,
            inputs=tuple(signature.inputs[i] for i in kept_in) if signature.inputs else (),
            outputs=tuple(signature.outputs[i] for i in kept_out) if signature.outputs else (),
        )
    graph.inputs = [graph.inputs[i] for i in kept_in]
    graph.outputs = [graph.outputs[i] for i in kept_out]
