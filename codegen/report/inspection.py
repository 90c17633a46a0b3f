"""What is in a model file, before anything is compiled."""

from __future__ import annotations

from typing import Any

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor
from edgegen.report.table import text_table


def _constants(graph: Graph) -> int:
    return sum(t.type.bytes for g in graph.everywhere() for t in g.tensors() if t.is_constant)


def _node(index: int, node: Node, inside: str | None) -> dict[str, Any]:
    constants = [t for t in dict.fromkeys(node.inputs) if t is not None and t.is_constant]
    return {
        "index": index,
        "op": node.op.kind,
        "name": node.name,
        "source": node.source,
        "attributes": {k: str(v) for k, v in node.op.attributes().items()},
        "inputs": [str(t.type) for t in node.inputs if t is not None and not t.is_constant],
        "outputs": [str(t.type) for t in node.outputs],
        "inside": inside,
        "macs": node.macs(),
        "macs_count": node.macs_count,
        "constant_bytes": sum(t.type.bytes for t in constants),
        "output_bytes": sum(t.type.bytes for t in node.outputs),
    }


def inspection(graph: Graph) -> dict[str, Any]:
    """A graph's nodes with their types, MACs and bytes; JSON-serializable. Constants count once in the total.

    Nodes of sub-graphs are listed before the node that runs them, as in the report of a compiled model.
    """
    owners = graph.owners()

    def port(tensor: Tensor, called: str) -> dict[str, Any]:
        q = tensor.type.quantization
        return {"name": called, "tensor": tensor.name, "type": str(tensor.type), "quantization": str(q) if q else None}

    def ports(tensors: list[Tensor], names: list[str]) -> list[dict[str, Any]]:
        return [port(t, n) for t, n in zip(tensors, names, strict=True)]

    return {
        "name": graph.name,
        "signature": graph.signature.key if graph.signature else None,
        "signatures": [{"key": s.key, "inputs": s.inputs, "outputs": s.outputs} for s in graph.signatures],
        "inputs": ports(graph.inputs, graph.input_names()),
        "outputs": ports(graph.outputs, graph.output_names()),
        "macs": graph.macs(),
        "constant_bytes": _constants(graph),
        "nodes": [_node(i, n, owners.get(n)) for i, n in enumerate(graph.steps())],
    }


def inspection_text(data: dict[str, Any], width: int = 40) -> str:
    """The same for people; names longer than `width` keep their end, which tells them apart."""

    def short(name: str) -> str:
        return name if len(name) <= width else f"...{name[3 - width :]}"

    lines = [
        f"{data['name']}: {len(data['nodes'])} nodes, {data['macs']:,} MACs, {data['constant_bytes']:,} B constants"
    ]
    for s in data["signatures"]:
        chosen = " (shown here)" if s["key"] == data["signature"] else ""
        lines.append(f'  signature  "{s["key"]}": {", ".join(s["inputs"])} -> {", ".join(s["outputs"])}{chosen}')
    for kind in ("inputs", "outputs"):
        for port in data[kind]:
            quantization = f"  ({port['quantization']})" if port["quantization"] else ""
            lines.append(f'  {kind[:-1]:<6}  {port["type"]}  "{short(port["name"])}"{quantization}')
    rows = [
        (
            n["index"],
            f"{n['op']} ({n['inside']})" if n["inside"] else n["op"],
            short(n["name"]),
            ", ".join(n["inputs"]),
            ", ".join(n["outputs"]),
            n["macs"] or None,
            n["constant_bytes"] or None,
            n["output_bytes"],
        )
        for n in data["nodes"]
    ]
    header = ("node", "op", "name", "inputs", "outputs", "MACs", "constant B", "output B")
    return "\n".join([*lines, "", text_table(header, rows)])
