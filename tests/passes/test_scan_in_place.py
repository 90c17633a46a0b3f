"""Loops through a tensor collect their results in it, where what is taken and what is written lie at one place."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.graph import Graph
from edgegen.ops.control import While
from tests.frontends.onnx.test_control import check, graph_of, model
from tests.harness import compile_for_test

STEP = """body = step (float[6] a, float[6] r) => (float[6] n, float[6] o) { n = Add(a, r) o = Mul(n, n) }"""

SUMS = f"""m (float[6] s, float[20, 6] x) => (float[6] t, float[20, 6] y) {{
    t, y = Scan <num_scan_inputs = 1, {STEP}> (s, x)
}}"""

FROM_THE_END = f"""m (float[6] s, float[20, 6] x) => (float[6] t, float[20, 6] y) {{
    t, y = Scan <num_scan_inputs = 1, scan_input_directions = [1], scan_output_directions = [1], {STEP}> (s, x)
}}"""

ALONG_THE_LAST_AXIS = f"""m (float[6] s, float[6, 20] x) => (float[6] t, float[6, 20] y) {{
    t, y = Scan <num_scan_inputs = 1, scan_input_axes = [1], scan_output_axes = [1], {STEP}> (s, x)
}}"""

TURNED = f"""m (float[6] s, float[20, 6] x) => (float[6] t, float[20, 6] y) {{
    t, y = Scan <num_scan_inputs = 1, scan_input_directions = [1], {STEP}> (s, x)
}}"""

READ_AGAIN = f"""m (float[6] s, float[20, 6] x) => (float[6] t, float[20, 6] z) {{
    t, y = Scan <num_scan_inputs = 1, {STEP}> (s, x)
    z = Sub(y, x)
}}"""

WIDER = """m (float[6] s, float[20, 6] x) => (float[6] t, float[20, 12] y) {
    t, y = Scan <num_scan_inputs = 1,
        body = step (float[6] a, float[6] r) => (float[6] n, float[12] o) { n = Add(a, r) o = Concat <axis = 0> (n, r) }
    > (s, x)
}"""

TWO = """m (float[6] s, float[20, 6] x, float[20, 6] v) => (float[6] t, float[20, 6] y, float[20, 6] z) {
    t, y, z = Scan <num_scan_inputs = 2, body = step (float[6] a, float[6] r, float[6] q)
        => (float[6] n, float[6] o, float[6] p) { n = Add(a, r) o = Mul(n, q) p = Sub(a, r) }
    > (s, x, v)
}"""


UNITED = {"sums": SUMS, "from the end": FROM_THE_END, "last axis": ALONG_THE_LAST_AXIS, "read again": READ_AGAIN}
APART = {"turned": TURNED, "wider": WIDER}


def _inputs(text: str) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [
        rng.standard_normal([d.dim_value for d in i.type.tensor_type.shape.dim]).astype(np.float32)
        for i in model(text).graph.input
    ]


def _carried(graph: Graph) -> list[int]:
    """Tensors that each loop takes and carries."""
    return [len(n.inputs) for n in graph.nodes if isinstance(n.op, While)]


def test_they_compute_what_onnxruntime_does() -> None:
    check([(model(t), [_inputs(t)]) for t in (*UNITED.values(), *APART.values(), TWO)])


@pytest.mark.parametrize("text", UNITED.values(), ids=UNITED)
def test_one_tensor_does_for_both(text: str) -> None:
    plain = compile_for_test(graph_of(model(text)), "generic", disabled=["scan_in_place"])
    united = compile_for_test(graph_of(model(text)), "generic")
    assert [n - 1 for n in _carried(plain.graph)] == _carried(united.graph)
    assert plain.graph.plan is not None
    assert united.graph.plan is not None
    saved = plain.graph.plan.arena_bytes - united.graph.plan.arena_bytes
    assert saved == (0 if text is READ_AGAIN else 20 * 6 * 4)


def test_of_two_tensors_each_holds_one_result() -> None:
    (count,) = _carried(compile_for_test(graph_of(model(TWO)), "generic").graph)
    assert count == 4


@pytest.mark.parametrize("text", APART.values(), ids=APART)
def test_other_loops_stay_as_they_are(text: str) -> None:
    """Slices that are written where others are still to be taken, and longer ones."""
    plain = compile_for_test(graph_of(model(text)), "generic", disabled=["scan_in_place"])
    assert _carried(compile_for_test(graph_of(model(text)), "generic").graph) == _carried(plain.graph)
