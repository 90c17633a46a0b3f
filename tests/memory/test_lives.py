"""What bytes hold after which node: chains, views, joined parts, branches and loops."""

from __future__ import annotations

from edgegen.ir.dtypes import F32
from edgegen.ir.graph import Graph
from edgegen.memory.lives import lives
from edgegen.ops.concat import Concat
from edgegen.ops.determinant import Determinant
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose
from edgegen.ops.unary import Unary
from tests.build_graph import Builder
from tests.harness import compile_for_test
from tests.ops.test_control import main_loop

EXP = Unary("exp")


def rows(graph: Graph) -> list[tuple[str, int, int]]:
    """(name, first, last) of each row."""
    return sorted((r.name, r.first, r.last) for r in lives(compile_for_test(graph, "generic").graph))


def test_a_chain_with_a_shortcut() -> None:
    b = Builder()
    x = b.input((4,), F32)
    y = b.add(EXP, x)
    z = b.add(EXP, y)
    assert rows(b.graph(z, x)) == [("in0", -1, 2), ("t0", 0, 1), ("t1", 1, 2)]


def test_scratch_and_unread_inputs_live_for_one_node_or_not_at_all() -> None:
    b = Builder()
    x, _ = b.input((3, 3), F32), b.input((7,), F32)
    assert rows(b.graph(b.add(Determinant(), x))) == [("in0", -1, 0), ("scratch", 0, 0), ("t0", 0, 1)]


def test_a_view_lives_on_in_its_source_and_a_slice_keeps_its_part_alone() -> None:
    b = Builder()
    y = b.add(EXP, b.input((4, 4), F32))
    flat = b.add(Reshape((16,)), y)
    part = b.add(Slice((2, 0), (2, 4), (1, 1)), y)
    found = rows(b.graph(b.add(EXP, flat), part))
    assert found == [("in0", -1, 0), ("t1", 0, 3), ("t2", 0, 4), ("t3", 3, 4)]


def test_parts_that_are_joined_live_until_the_whole_is_read() -> None:
    b = Builder()
    x = b.input((2, 4), F32)
    parts = b.add(EXP, x), b.add(Unary("neg"), x)
    whole = b.add(Transpose((1, 0)), b.add(Concat(0), *parts))
    assert rows(b.graph(whole)) == [("in0", -1, 1), ("t0", 0, 3), ("t1", 1, 1), ("t2", 1, 3), ("t3", 3, 4)]


def test_branches_and_loops() -> None:
    """Copy 0; While 4: Less 1 of its condition, Add 2 and Mul 3 of its body; Less 5; If 7: Add 6 of one branch.

    Values carried from turn to turn are held through the condition, and in the body until they are read last.
    """
    carried = [("in0", 0, 2), ("in1", 0, 3), ("t0", 2, 5), ("t0.1", 3, 6)]
    around = [("in0", -1, 1), ("in1", -1, 5), ("t0", 1, 1), ("t1", 5, 5), ("in0", 5, 6), ("t2", 6, 8)]
    assert rows(main_loop()) == sorted([*carried, *around])
