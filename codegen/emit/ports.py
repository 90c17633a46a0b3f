"""What a caller meets: the model's inputs and outputs, and how state gets its first values."""

from __future__ import annotations

import numpy as np

from edgegen.emit import literals
from edgegen.emit.printed import InitialValue, Port
from edgegen.emit.statements import Statements
from edgegen.emit.symbols import comment_text, identifier
from edgegen.ir.graph import Graph, State


def ports(graph: Graph, statements: Statements, kind: str) -> list[Port]:
    """The model's inputs or outputs; numbered only if there are several."""
    tensors, names = (graph.inputs, graph.input_names()) if kind == "input" else (graph.outputs, graph.output_names())
    prefix = statements.name
    aliases = _aliases(f"{prefix}_{kind}", names) if graph.signature is not None else [""] * len(names)
    result = []
    for i, (tensor, called, alias) in enumerate(zip(tensors, names, aliases, strict=True)):
        place = statements.plan.tensors.get(tensor)
        bases = () if place is None else (statements.addresses.base(place.offset),)
        suffix = kind if len(tensors) == 1 else f"{kind}{i}"
        q = tensor.type.quantization
        quantized = q is not None and q.per_tensor
        result.append(
            Port(
                f"{prefix}_{suffix}",
                alias,
                f"{prefix}_{suffix}".upper(),
                tensor.dtype.c,
                str(tensor.type),
                comment_text(called),
                tensor.shape,
                tensor.type.elements,
                literals.float32(q.scale[0]) if q is not None and quantized else "",
                q.zero_point[0] if q is not None and quantized else 0,
                "" if tensor is graph.fed else statements.pointer(tensor, write=kind == "input"),
                bases,
            )
        )
    return result


def _aliases(prefix: str, names: list[str]) -> list[str]:
    """C names made from those of a signature; "" where two would be the same."""
    found = [f"{prefix}_{identifier(n)}" for n in names]
    return [a if found.count(a) == 1 else "" for a in found]


def initial_value(state: State, statements: Statements) -> InitialValue:
    """How NAME_init gives a state its first value."""
    offset = statements.plan.tensors[state.value].offset
    base = statements.addresses.base(offset)
    at = offset - base.start
    place = f"{base.value} + {at}"
    data = np.ascontiguousarray(state.initial)
    raw = data.tobytes()
    label = f'"{comment_text(state.name)}" {state.value.type}'
    if len(set(raw)) <= 1:
        return InitialValue(label, place, len(raw), str(raw[0]) if raw else "0", "")
    symbol = f"{statements.name}_s{at}_{identifier(state.name)}"
    symbol = statements.constants.add(symbol, data, state.value.dtype.size, f"initial value of state {label}")
    return InitialValue(label, place, len(raw), "", symbol)
