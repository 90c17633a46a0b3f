"""Computes parts of a graph a few rows at a time where that is what it takes to fit the RAM that there is.

Big images then never exist whole: see RowLoop. Nothing is computed twice; what it costs are calls of kernels on few
rows, rows that kernels take up again, and rows moved within buffers. The loops of least such work are taken that keep
the plan within the limit: see row_search.
"""

from __future__ import annotations

from collections.abc import Sequence

from edgegen.errors import DoesNotFit, UsageError
from edgegen.ir.graph import Graph
from edgegen.ir.rows import RowPlan
from edgegen.memory.room import room
from edgegen.memory.usage import bytes_in_use, occupants, peak_step
from edgegen.ops.reshape import Reshape
from edgegen.ops.transpose import Transpose
from edgegen.passes.row_search import Planned, Search, tiled, with_loops
from edgegen.targets import Target

_AS_NHWC = "export the model with an NHWC image (PyTorch: x.permute(0, 3, 1, 2) before the first layer)"


def _smallest(limit: int, tried: Sequence[Planned], target: Target) -> Planned:
    """Of plans that do not fit. Raises DoesNotFit where nothing but the plan decides about that."""
    smallest = min(tried, key=lambda p: p.bytes)
    if target.ram_bytes and smallest.bytes > limit:
        raise _does_not_fit(limit, smallest, target)
    if smallest.trial.refusal is not None:
        error = smallest.trial.refusal
        details = [*error.details, ("least", f"{smallest.bytes:,} B of arena and state{_by_rows(smallest)}")]
        raise DoesNotFit(error.what, details, error.help + _input_rows(smallest))
    return smallest


def _by_rows(planned: Planned) -> str:
    return ", some of it computed a few rows at a time" if planned.choices else ": nothing can be computed by rows"


def _input_rows(planned: Planned) -> str:
    """A way out: the input, which a loop goes through already or could in another order, need not be there whole."""
    graph = planned.graph
    if _is_channels_first(graph):
        return f", or {_AS_NHWC}: loops over rows and --input-rows can take that"
    loops = [n for n in graph.nodes if n.op.stretches]
    whole = len(graph.inputs) == 1 and any(n.input(0) is graph.inputs[0] for n in loops) and not graph.by_rows
    return ", or hand the image over row by row: --input-rows" if whole else ""


def _is_channels_first(graph: Graph) -> bool:
    """Whether the only input is an image [1, C, H, W], as exporters to ONNX write it, that a node brings to NHWC."""
    image = graph.inputs[0] if len(graph.inputs) == 1 else None
    if image is None or image.rank != 4 or image.shape[0] != 1:
        return False
    _, channels, height, width = image.shape
    readers = [n for n in graph.nodes if image in n.inputs and n.out.shape == (1, height, width, channels)]
    one = channels == 1  # its transpose has become a view
    return any(n.op == Transpose((0, 2, 3, 1)) or (one and isinstance(n.op, Reshape)) for n in readers)


def tile_rows(graph: Graph, target: Target) -> bool:
    """Loops where whole images do not fit into the RAM that the user allows or, without that, the board has.

    Raises DoesNotFit if no loops keep the plan within the user's limit or, if there are several, in the board's
    memories. Where one memory is too small, the smallest plan is taken.

    An input that the caller hands over by rows goes through the first loop in any case: without a limit, the loops of
    the smallest plan are taken. Raises UsageError if the input's readers do not work row by row.
    """
    if not (target.ram_bytes or target.memory("ram") or graph.by_rows):
        return False
    plain = with_loops(graph, target, ())
    assert plain is not None
    limit = room(plain.graph, target)
    if plain.trial.fits(limit) and not graph.by_rows:
        return False
    search = Search(graph, plain, target)
    least = search.parts.least()
    if graph.by_rows and (least is None or len(graph.inputs) != 1):
        raise _not_by_rows(graph)
    if least is None:
        return _smallest(limit, [plain], target) is not plain
    whole = [] if graph.by_rows else [plain]
    best = search.within(limit) if limit else None
    if best is None:
        smallest = search.smallest(least)
        best = _smallest(limit, [*whole, smallest], target) if limit else smallest
    search.curve(max(p.bytes for p in (*whole, *search.plans)))
    chosen = with_loops(graph, target, best.choices)  # with all the time that there is for offsets
    assert chosen is not None
    tiled(graph, chosen.choices)
    tried = [*whole, *(p for p in search.plans if p is not best), chosen]
    graph.row_plans = _curve(tried, chosen, plain.graph.macs())
    return True


def _curve(tried: Sequence[Planned], best: Planned, macs: int) -> tuple[RowPlan, ...]:
    """The plans of which none is both smaller and less work than another, and the chosen one."""
    kept: list[Planned] = []
    for made in sorted(tried, key=lambda p: (p.work, p.bytes)):
        if made is best or not kept or made.bytes < min(k.bytes for k in kept):
            kept.append(made)
    return tuple(p.described(macs, p is best) for p in sorted(kept, key=lambda p: p.bytes))


def _not_by_rows(graph: Graph) -> UsageError:
    images = ", ".join(f'"{t.name}" {t.type}' for t in graph.inputs)
    node = graph.nodes[0] if graph.nodes else None
    reader = f', read by {node.op.kind} "{node.name}"' if node else ""
    why = "it must have one input, an image of batch 1, that is read by nodes that work row by row"
    help = "leave out --input-rows"
    if _is_channels_first(graph):
        why = "the image is NCHW, and layers that work row by row read NHWC, where all channels of a row lie together"
        help = f"{_AS_NHWC}, or {help}"
    return UsageError("the model cannot take its input by rows", [("why", why), ("input", f"{images}{reader}")], help)


def _does_not_fit(limit: int, smallest: Planned, target: Target) -> DoesNotFit:
    found = occupants(smallest.graph)
    step = peak_step(smallest.graph, found)
    node = smallest.graph.steps()[step]
    details = [("least", f'{smallest.bytes:,} B, at node {step} {node.op.kind} "{node.name}"')]
    at = {(o.place.offset, o.role): o for o in sorted(found, key=lambda o: o.place.size) if o.alive(step)}
    alive = sorted(at.values(), key=lambda o: -o.place.size)
    details += [
        ("" if k else "alive", f'{o.place.size:>9,} B  {o.role} "{o.name}" {o.type}') for k, o in enumerate(alive[:6])
    ]
    in_use = bytes_in_use(found, step)
    shared = sum(o.place.size for o in alive if o.role != "state") - in_use
    if shared > 0:
        details.append(("", f"{shared:>9,} B of these hold two of them, as results lie over what dies"))
    plan = smallest.graph.plan
    assert plan is not None
    if plan.state_bytes:
        apart = target.io == "separate"
        beside = ", inputs and outputs with it: --io shared has them in the arena" if apart else ""
        details.append(("state", f"{plan.state_bytes:>9,} B kept from run to run{beside}"))
    ways = ["give it more RAM"]
    if target.portion_bytes and not target.fits_portion and any(o.role == "weights" for o in alive):
        ways.append(f"a --portion below {target.portion_bytes:,} B or none (the largest that fit are taken then)")
    rows = _input_rows(smallest)
    ways.append("take a smaller model" if rows else "or take a smaller model")
    return DoesNotFit(f"no plan needs {limit:,} B or less", details, ", ".join(ways) + rows)
