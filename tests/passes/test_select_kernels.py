from __future__ import annotations

from dataclasses import dataclass

import pytest

from edgegen.errors import NoKernel
from edgegen.ir.dtypes import S8, S16
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ops.reshape import Reshape
from edgegen.passes.post_optimize.select_kernels import select_kernels
from edgegen.targets import TARGETS
from tests.build_graph import GENERIC, Builder
from tests.planned_ops import Step


def _packed(_node: Node) -> Packed:
    return Packed()


def _even(node: Node) -> str | None:
    return None if node.out.type.elements % 2 == 0 else "elements must be even"


@dataclass(frozen=True)
class Choosy(Step):
    kernels = (
        Kernel("fast", "s8 -> s8", _packed, requires=frozenset({"neon"}), when=_even),
        Kernel("even", "s8 -> s8", _packed, when=_even),
        Kernel("any", "x1 -> _", _packed),
    )


def chosen(elements: int, target: str) -> str:
    b = Builder()
    graph = b.graph(b.add(Choosy(), b.input((elements,), S8)))
    assert select_kernels(graph, TARGETS[target])
    kernel = graph.nodes[0].kernel
    assert kernel is not None
    return kernel.name


def test_the_first_row_that_holds_is_taken() -> None:
    assert chosen(4, "arm-neon") == "fast"
    assert chosen(4, "generic") == "even"
    assert chosen(5, "arm-neon") == "any"


def test_views_get_no_kernel() -> None:
    b = Builder()
    graph = b.graph(b.add(Reshape((2, 2)), b.input((4,))))
    select_kernels(graph, GENERIC)
    assert graph.nodes[0].kernel is None


def test_every_rejected_row_says_why() -> None:
    b = Builder()
    graph = b.graph(b.add(Choosy(), b.input((4,), S16)))
    graph.nodes[0].source = "tflite op 3 ADD"
    with pytest.raises(NoKernel, match=r'no kernel for Choosy "n0" \(tflite op 3 ADD\) on generic') as error:
        select_kernels(graph, GENERIC)
    assert error.value.details == (
        ("types", "s16[4] -> s16[4]"),
        ("tried", "fast: target lacks neon"),
        ("", "even: computes s8 -> s8"),
        ("", "any: computes x1 -> _"),
    )
