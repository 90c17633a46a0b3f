"""Decides which weights are copied from outside before they are read, and in which portions.

A layer with more weights than a portion may have is computed by several calls, each of some of its output's units,
where a kernel row can do that; else its weights are one portion, however large. Of a table in which indices choose,
the chosen rows are copied.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from edgegen.ir.graph import Graph, Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.portion import Portion, Share, Table, constant_arguments
from edgegen.ops.gather import chooses_rows
from edgegen.ops.select import rejection
from edgegen.ops.units import channels_read, some_units, unit_grain
from edgegen.targets import Target

Pack = Callable[[Node], Packed]

STAYS = 2048
"""Arrays of up to so many bytes stay in flash: biases, factors, tables. A copy would cost more than it saves."""

GRAINS = (16, 8, 4)
"""Units of a share are a multiple of one of these, since register tiles have as many: of the first that makes no more
shares than another does. None has less than the last of these."""


def stream_weights(graph: Graph, target: Target) -> bool:
    """Does nothing unless the target asks for weights in portions. In loops over rows no node is cut."""
    if not target.portion_bytes:
        return False
    target = replace(target, portion_bytes=graph.portion_bytes or target.portion_bytes)
    kept = _kept(graph, target)
    for each in graph.everywhere():
        for node in (n for n in each.nodes if n.has_kernel and n not in kept):
            if chooses_rows(node):
                _copy_rows(node, target)
                continue
            node.shares = () if each.in_turns else _in_shares(node, target)
            node.shares = node.shares or _whole(node, target)
    return True


def _kept(graph: Graph, target: Target) -> set[Node]:
    """The nodes whose weights stay in the flash that there is for some: those of least bytes, since each node takes a
    copy or more. Nodes that have the same weights are kept together."""
    if not target.kept_bytes:
        return set()
    readers: dict[str, tuple[int, list[Node]]] = {}
    for node in (n for n in graph.steps() if n.has_kernel):
        for share in _whole(node, target):
            readers.setdefault(share.portion.content, (share.portion.bytes, []))[1].append(node)
    kept: set[Node] = set()
    room = target.kept_bytes
    for size, nodes in sorted(readers.values(), key=lambda each: each[0]):
        if size > room:
            break
        room -= size
        kept.update(nodes)
    return kept


def _copy_rows(node: Node, target: Target) -> None:
    """Lets the rows that a node chooses be copied one by one, or leaves a small table in flash."""
    packed, rows = node.packed, node.input(0)
    assert packed is not None, node.name
    if rows.type.bytes > STAYS:
        node.table = Table(rows.values, node.input(1).type.elements, target.alignment)
        node.packed = replace(packed, scratch=node.table.step)


def resident_bytes(node: Node, target: Target) -> int:
    """What a packed node in a loop over rows takes of the arena for its weights."""
    return sum(share.portion.bytes for share in _whole(node, target)) if target.portion_bytes else 0


def _share(node: Node, start: int, read: int, copied: tuple[int, ...], target: Target) -> Share:
    """One call of the node's kernel, of which these arguments are copied."""
    constants = constant_arguments(node)
    return Share(node, start, read, Portion(tuple(constants[k][0] for k in copied), target.alignment), copied)


def _whole(node: Node, target: Target) -> tuple[Share, ...]:
    """The one call that computes all of the output; () if all its constants stay."""
    constants = constant_arguments(node).items()
    copied = tuple(k for k, (array, align) in constants if array.nbytes > STAYS and align <= target.alignment)
    return (_share(node, 0, 0, copied, target),) if copied else ()


def _in_shares(node: Node, target: Target) -> tuple[Share, ...]:
    """The calls of a node whose weights are too large for a portion, by the first row that has few enough or can be
    cut; () if there is nothing to cut, or no way."""
    chosen, packed = node.kernel, node.packed
    assert chosen is not None, node.name
    whole = _whole(node, target)
    if not whole or whole[0].portion.bytes <= target.portion_bytes:
        return whole
    rows = node.op.kernels
    for row in rows[rows.index(chosen) :] if unit_grain(node) else ():
        if row is not chosen and (bool(row.requires) != bool(chosen.requires) or rejection(row, node, target)):
            continue  # portable rows are many times slower than others
        found: list[tuple[tuple[Share, ...], Packed]] = []
        for pack in (row.pack, row.compact):
            if pack is None:
                continue
            node.kernel, node.packed = row, pack(node)
            whole = _whole(node, target)
            if not whole or whole[0].portion.bytes <= target.portion_bytes:
                return whole
            found.append((_cut(node, whole[0], pack, target), node.packed))
        possible = [each for each in found if each[0]]
        if possible:
            shares, node.packed = min(possible, key=lambda p: (_largest(p[0]) > target.portion_bytes, len(p[0])))
            return shares
    node.kernel, node.packed = chosen, packed
    return ()


def _cut(node: Node, whole: Share, pack: Pack, target: Target) -> tuple[Share, ...]:
    """The node's calls by its kernel, or () if that cannot compute some units alone."""
    kernel, packed = node.kernel, node.packed
    assert kernel is not None, node.name
    assert packed is not None, node.name
    out = node.out
    if kernel.split is None or not (kernel.split or out.type.elements == out.shape[-1]):
        return ()
    units, apart = out.shape[-1], unit_grain(node)
    if units < 2 * GRAINS[-1]:
        return ()
    best: tuple[Share, ...] = ()
    grains = [*(math.lcm(g, apart) for g in GRAINS), *([apart] if apart > GRAINS[-1] else [])]
    for size in _sizes(units, whole.portion.bytes, target.portion_bytes, grains):
        shares = _shares(node, whole, size, pack, target)
        if not shares:
            break
        if not best or _largest(shares) < _largest(best):
            best = shares
        if _largest(best) <= target.portion_bytes:
            break
    scratch = [s.node.packed.scratch for s in best if s.node.packed is not None]
    node.packed = replace(packed, scratch=max([packed.scratch, *scratch]))
    return best


def _largest(shares: tuple[Share, ...]) -> int:
    return max(s.portion.bytes for s in shares)


def _shares(node: Node, whole: Share, size: int, pack: Pack, target: Target) -> tuple[Share, ...]:
    """The calls for `size` units at a time; () if the row does not hold for so few."""
    kernel, packed, out = node.kernel, node.packed, node.out
    assert kernel is not None, node.name
    assert packed is not None, node.name
    channel = out.type.layout.strides(out.shape)[3] if out.rank == 4 else 1
    x = node.input(0)
    x_channel = x.type.layout.strides(x.shape)[3] if x.rank == 4 else 1
    found = []
    for first, end in pairwise(_edges(out.shape[-1], size)):
        part = _part(node, kernel, packed, pack, first, end)
        if rejection(kernel, part, target) is not None:
            return ()
        read = channels_read(node, first, end)[0] * x_channel * x.dtype.size
        found.append(_share(part, first * channel * out.dtype.size, read, whole.copied, target))
    return tuple(found)


def _part(node: Node, kernel: Kernel, whole: Packed, pack: Pack, first: int, end: int) -> Node:
    part = some_units(node, first, end)
    packed = pack(part)
    apart = {name: whole.params[name] for name in kernel.split or ()}
    part.kernel, part.packed = kernel, replace(packed, params={**packed.params, **apart})
    return part


def _sizes(units: int, bytes: int, most: int, grains: Sequence[int]) -> list[int]:
    """Numbers of units to try for a share, the best first, where about `bytes` for all may be `most` for each.

    grains: of one of which they are multiples; the last is the least
    """
    found = []
    for grain in grains:
        limit = most * units // bytes // grain * grain
        for size in (limit, limit - grain):
            if size > 0:
                each = -(-units // -(-units // size))  # shares of one size have wrappers in common
                found.append(-(-each // grain) * grain)
    found.sort(key=lambda size: -(-units // size))
    return [size for size in dict.fromkeys([*found, grains[-1]]) if size < units]


def _edges(units: int, size: int) -> list[int]:
    """Where shares begin, and the end. The last one takes on what is left if that is less than a grain."""
    edges = [*range(0, units, size), units]
    if edges[-1] - edges[-2] < GRAINS[-1]:
        del edges[-2]
    return edges
