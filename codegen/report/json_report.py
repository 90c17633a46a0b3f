"""The report of one compiled model as plain data: what NAME.report.json holds and the HTML page draws."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from edgegen.boards import Fit
from edgegen.compiler import Compiled
from edgegen.emit.constants import constant_arrays
from edgegen.ir.graph import Graph, Node
from edgegen.ir.plan import Plan
from edgegen.ir.tensor import Tensor
from edgegen.memory.portions import copies, streamed_bytes
from edgegen.memory.usage import Occupant, bytes_in_use, occupants, peak_step
from edgegen.ops.select import rejection
from edgegen.ops.shuffle import Shuffle
from edgegen.ops.transpose import Transpose
from edgegen.targets import Target

FORMAT = 2  # of the report: grows when a field changes its meaning


def _port(tensor: Tensor, called: str) -> dict[str, Any]:
    q = tensor.type.quantization
    per_tensor = q is not None and q.per_tensor
    return {
        "name": called,
        "tensor": tensor.name,
        "dtype": tensor.dtype.name,
        "shape": list(tensor.shape),
        "scale": q.scale[0] if q is not None and per_tensor else None,
        "zero_point": q.zero_point[0] if q is not None and per_tensor else None,
        "bytes": tensor.type.bytes,
    }


def _occupant(occupant: Occupant) -> dict[str, Any]:
    place = occupant.place
    return {
        "name": occupant.name,
        "role": occupant.role,
        "type": occupant.type,
        "region": occupant.region or None,
        "offset": occupant.offset,
        "bytes": place.size,
        "first_step": place.first,
        "last_step": place.last,
    }


def _rejected(node: Node, target: Target) -> list[dict[str, str]]:
    """The rows that would have been preferred to the chosen one, with the reason why each does not hold."""
    better = []
    for kernel in () if node.is_view else node.op.kernels:
        if kernel is node.kernel:
            break
        better.append({"kernel": kernel.name, "reason": rejection(kernel, node, target) or "another row was preferred"})
    return better


def _weight_bytes(node: Node) -> int:
    """Bytes in flash that the node's call points to: packed constants and constants passed as they are."""
    if node.packed is None:
        return 0
    passed = {node.input(i) for i in node.packed.inputs if node.input(i).is_constant}
    return sum(c.array.nbytes for c in node.packed.constants) + sum(t.values.nbytes for t in passed)


def _node(index: int, node: Node, inside: str | None, target: Target) -> dict[str, Any]:
    return {
        "index": index,
        "op": node.op.kind,
        "name": node.name,
        "source": node.source,
        "inputs": [str(t.type) for t in node.inputs if t is not None and not t.is_constant],
        "outputs": [str(t.type) for t in node.outputs],
        "inside": inside,
        "macs": node.macs(),
        "macs_count": node.macs_count,
        "kernel": node.kernel.name if node.kernel else None,
        "rejected": _rejected(node, target),
        "weight_bytes": _weight_bytes(node),
        "scratch_bytes": node.packed.scratch if node.packed else 0,
        "portions": [share.portion.bytes for share in node.shares],
        "rows_copied": node.table.count if node.table is not None else 0,
    }


def _peak(graph: Graph, found: list[Occupant]) -> dict[str, Any]:
    step = peak_step(graph, found)
    node = graph.steps()[step] if graph.nodes else None
    return {
        "step": step,
        "node": node.name if node else None,
        "op": node.op.kind if node else None,
        "bytes": bytes_in_use(found, step),
        "alive": [_occupant(r) for r in found if r.alive(step) and r.role != "state"],
    }


def _board(fit: Fit) -> dict[str, Any]:
    board = fit.board
    return {
        "name": board.name,
        "description": board.description,
        "core": board.core,
        "clock_hz": board.clock_hz,
        "flash_bytes": board.bytes("flash"),
        "ram_bytes": board.bytes("ram"),
        "state_bytes": fit.state,
        "stack_reserve_bytes": fit.stack,
        "code_bytes": fit.code,
        "code_measured": fit.code_measured,
        "regions": [{**asdict(r), "holds": dict(fit.held.get(r.name, ()))} for r in board.regions],
    }


def _parts(plan: Plan, found: list[Occupant], steps: int) -> list[dict[str, Any]]:
    """What each memory of a board that has several holds."""
    return [
        {
            "region": part.region,
            "arena_bytes": part.arena_bytes,
            "lower_bound_bytes": part.lower_bound,
            "state_offset": part.state_offset,
            "state_bytes": part.state_bytes,
            "in_use": [
                bytes_in_use([r for r in found if r.region == part.region], step) for step in range(-1, steps + 1)
            ],
        }
        for part in plan.parts
    ]


def _stream(graph: Graph, target: Target, found: list[Occupant]) -> dict[str, Any] | None:
    """What is copied into the arena; None if no weights are."""
    copied, file = copies(graph), streamed_bytes(graph)
    if not file:
        return None
    weights = [r for r in found if r.role == "weights"]
    return {
        "file_bytes": file,
        "portion_bytes": graph.portion_bytes or target.portion_bytes,
        "largest_portion_bytes": max(copied, default=0),
        "copies": len(copied),
        "copied_bytes": sum(copied),
        "buffer_bytes": max(bytes_in_use(weights, step) for step in range(len(graph.steps()))),
        "plans": [asdict(p) for p in graph.portion_plans],
    }


def _transposes(nodes: list[Node]) -> dict[str, int]:
    """How many nodes transpose or shuffle, and the bytes that they move: what layouts did not make superfluous."""
    left = [n.out.type.bytes for n in nodes if isinstance(n.op, Transpose | Shuffle) and not n.is_view]
    return {"count": len(left), "bytes": sum(left)}


def report(compiled: Compiled, fit: Fit | None = None) -> dict[str, Any]:
    """Everything known about a compiled model without running it; JSON-serializable, the same on every machine.

    fit: of the board that it was compiled for

    Sizes are bytes. Step i is node i; step -1 is the caller filling the inputs, step len(nodes) the caller reading
    the outputs. `arena_bytes` is what the C reserves, `arena_lower_bound_bytes` what no offsets can
    undercut in this order of nodes, with every result as far over its dying inputs as kernels allow (see `Plan`);
    `arena_is_optimal` says that both are equal. `arena_least_bytes` is what no order of nodes can undercut, null where
    that is not known.
    `ram_limit_bytes` is the most that the user lets arena and state take, null without such a limit.
    `weights_files` names the files of weights that do not stand in the C. Of those that are copied, `stream` has the
    size of their file, the limit of a portion and the largest, what one run copies (of branches the larger, of a loop
    one turn), how many bytes of the arena they take at most, and under a limit the `plans` among which the size of
    portions was chosen (`PortionPlan`), smallest first; `weights_bytes` is without them. A node's `portions`
    are those of its calls; of a table it may choose `rows_copied` in its place.
    `parts` lists what each memory of a board with several holds; offsets count from the start of each one's struct, and
    bounds are those of what the part holds. The board's `regions` say what they hold.
    Inputs and outputs have the names that the file's signature gives them, beside those of their tensors.
    `row_plans` are the plans among which loops over rows were chosen under a limit (`RowPlan`), smallest first.
    Persistent state, and with `io` "separate" inputs and outputs, lie behind the arena in the same struct, from
    `state_offset` on. Nodes of sub-graphs, which say what they are `inside`, come before the node that runs them, whose
    `macs` count theirs: of branches the larger, of a loop one turn (`macs_count`).
    """
    graph, target = compiled.graph, compiled.target
    plan = graph.plan
    assert plan is not None, f"{graph.name} is not planned"
    found = occupants(graph)
    steps, owners = graph.steps(), graph.owners()
    kinds = Counter(n.op.kind for n in steps)
    return {
        "format": FORMAT,
        "edgegen": compiled.origin.version,
        "name": compiled.name,
        "model": {"file": compiled.origin.file, "sha256": compiled.origin.sha256},
        "target": {
            "name": target.name,
            "optimize": target.optimize,
            "features": sorted(target.features),
            "compiler": f"{target.prefix}gcc",
            "flags": [target.level, *target.cflags],
        },
        "board": _board(fit) if fit else None,
        "macs": graph.macs(),
        "weights_bytes": sum(a.nbytes for a in constant_arrays(graph)),
        "weights_files": sorted(compiled.binaries),
        "stream": _stream(graph, target, found),
        "arena_bytes": plan.arena_bytes,
        "arena_lower_bound_bytes": plan.lower_bound,
        "arena_is_optimal": plan.is_optimal,
        "arena_least_bytes": plan.order_bound or None,
        "arena_alignment": target.alignment,
        "io": target.io,
        "state_offset": plan.state_offset,
        "state_bytes": plan.state_bytes,
        "parts": _parts(plan, found, len(steps)),
        "peak": _peak(graph, found),
        "signature": graph.signature.key if graph.signature else None,
        "inputs": [_port(t, n) for t, n in zip(graph.inputs, graph.input_names(), strict=True)],
        "outputs": [_port(t, n) for t, n in zip(graph.outputs, graph.output_names(), strict=True)],
        "input_by_rows": graph.fed is not None,
        "ram_limit_bytes": target.ram_bytes or None,
        "row_plans": [{**asdict(p), "loops": list(p.loops)} for p in graph.row_plans],
        "transposes": _transposes(steps),
        "operators": dict(sorted(kinds.items())),
        "nodes": [_node(i, n, owners.get(n), target) for i, n in enumerate(steps)],
        "arena": [_occupant(r) for r in found],
        "in_use": [bytes_in_use(found, step) for step in range(-1, len(steps) + 1)],
    }
