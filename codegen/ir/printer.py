"""A graph as text: stable, one line per node, for people and for diffs."""

from __future__ import annotations

import textwrap

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor


def _attribute(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def print_graph(graph: Graph) -> str:
    """The whole graph; ends with a newline. Tensors are numbered in order of first appearance, in each sub-graph anew.

    Sub-graphs follow the node that runs them, indented.
    """
    numbers = {t: i for i, t in enumerate(graph.tensors())}

    def use(tensor: Tensor | None) -> str:
        if tensor is None:
            return "-"
        return f"{'c' if tensor.is_constant else '%'}{numbers[tensor]}"

    def line(node: Node) -> str:
        attributes = " ".join(f"{k}={_attribute(v)}" for k, v in node.op.attributes().items())
        outputs = ", ".join(f"{use(t)}: {t.type}" for t in node.outputs)
        text = f"  {outputs} = {node.op.kind}({', '.join(map(use, node.inputs))})"
        text += f" {attributes}" if attributes else ""
        text += f"  [{node.kernel.name}]" if node.kernel else ""
        inner = "".join("\n" + textwrap.indent(print_graph(g), "    ").rstrip("\n") for g in node.op.graphs)
        return f'{text}  # "{node.name}"{inner}'

    lines = [f'graph "{graph.name}"']
    lines += [f'  input  %{numbers[t]}: {t.type}  # "{t.name}"' for t in graph.inputs]
    lines += [f'  const  c{i}: {t.type}  # "{t.name}"' for t, i in numbers.items() if t.is_constant]
    lines += [line(n) for n in graph.nodes]
    lines += [f'  output {use(t)}  # "{t.name}"' for t in graph.outputs]
    lines += [f'  state  {use(s.value)}: {s.value.type} becomes {use(s.next)}  # "{s.name}"' for s in graph.state]
    return "\n".join(lines) + "\n"
