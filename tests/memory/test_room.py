"""What is too large for the C's own counting is refused before anything is written."""

from __future__ import annotations

import pytest

from edgegen.errors import DoesNotFit, format_error
from edgegen.ir.dtypes import F32
from edgegen.ops.transpose import Transpose
from tests.build_graph import Builder
from tests.harness import compile_for_test


@pytest.mark.parametrize("target", ["generic", "cortex-m4"])
def test_tensors_beyond_int32_are_refused(target: str) -> None:
    b = Builder()
    x = b.input((5 << 18, 1024), F32)
    graph = b.graph(b.add(Transpose((1, 0)), x))
    with pytest.raises(DoesNotFit) as caught:
        compile_for_test(graph, target)
    assert format_error(caught.value).splitlines() == [
        "edgegen: the arena of test takes 10,737,418,240 B",
        "  why     the C counts bytes up to 2,147,483,647",
        '  largest  5,368,709,120 B  "in0" f32[1310720,1024]',
        '           5,368,709,120 B  "t0" f32[1024,1310720]',
        "  help    give the inputs smaller shapes",
    ]


def test_the_arena_counts_as_a_whole() -> None:
    b = Builder()
    x = b.input((1 << 14, 1 << 14), F32)
    graph = b.graph(b.add(Transpose((1, 0)), x))
    with pytest.raises(DoesNotFit, match="the arena of test takes 2,147,483,648 B"):
        compile_for_test(graph, "generic")
