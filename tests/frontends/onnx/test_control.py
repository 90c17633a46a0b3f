"""If, Loop, Scan and sequences whose course is decided at run time, beside onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import pytest

from edgegen.errors import EdgegenError, InvalidModel, UnsupportedModel, UsageError
from edgegen.frontends.onnx import ValueNeeded, import_proto, read_proto
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from edgegen.onnx_backend import run_model, structured
from edgegen.verify import Build, Call, build_program
from tests.harness import compile_for_test


def model(text: str, opset: int = 17) -> onnx.ModelProto:
    head = f'<ir_version: 8, opset_import: ["": {opset}]>\n'
    return onnx.parser.parse_model(head + text)


def graph_of(proto: onnx.ModelProto) -> Graph:
    return import_proto(read_proto(proto.SerializeToString(), Path()), "m", {}, {})


def kinds(graph: Graph) -> set[str]:
    return {n.op.kind for g in graph.everywhere() for n in g.nodes}


def judged(proto: onnx.ModelProto, inputs: Sequence[Array]) -> list[Array]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options)
    return list(session.run(None, dict(zip([i.name for i in proto.graph.input], inputs, strict=True))))


def check(cases: Sequence[tuple[onnx.ModelProto, Sequence[Sequence[Array]]]], target: str = "generic") -> None:
    """Each model on each row of inputs: the reference and the C give what onnxruntime does."""
    graphs = [graph_of(proto) for proto, _ in cases]
    compiled = [compile_for_test(g, target, f"m{i}") for i, g in enumerate(graphs)]
    program = build_program(compiled, Build(cflags=("-O1",)))
    calls = [Call(list(values), i) for i, (_, rows) in enumerate(cases) for values in rows]
    outcomes = iter(program.execute(calls))
    for graph, (proto, rows) in zip(graphs, cases, strict=True):
        names = [t.name for t in graph.outputs]
        for values in rows:
            for outputs in (evaluate(graph, list(values)), next(outcomes).outputs):
                got = structured(proto, names, outputs)
                for a, b in zip(got, judged(proto, values), strict=True):
                    np.testing.assert_allclose(a, b, 1e-6, 1e-6)


IF = """m (float[4] x, bool c) => (float[4] y, float[4] z) {
    twice = Add (x, x)
    y, kept = If (c) <
        then_branch = then () => (float[4] a, float[4] b) { a = Mul (twice, x) b = Identity (x) },
        else_branch = other () => (float[4] a2, float[4] b2) {
            a2 = Neg (twice)
            b2 = Constant <value = float[4] {1,2,3,4}> ()
        }
    >
    z = Add (kept, y)
}"""

NESTED = """m (float[3] x, bool c, bool d) => (float[3] y) {
    y = If (c) <
        then_branch = then () => (float[3] a) {
            n = Neg (x)
            a = If (d) <
                then_branch = inner () => (float[3] p) { p = Add (n, x) },
                else_branch = inner2 () => (float[3] q) { q = Mul (n, x) }
            >
        },
        else_branch = other () => (float[3] b) { b = Identity (x) }
    >
}"""

COUNTED = """m (float[2] x, int64 n, float[2] step) => (float[2] y) {
    y = Loop (n, "", x) <body = body (int64 i, bool c, float[2] v) => (bool again, float[2] w) {
        again = Identity (c)
        part = CastLike (i, v)
        s = Mul (part, step)
        w = Add (v, s)
    }>
}"""

UNTIL = """m (float[1] x, float[1] most) => (float[1] y, int64 turns) {
    zero = Constant <value = int64 {0}> ()
    one = Constant <value = int64 {1}> ()
    first = Constant <value = bool {1}> ()
    y, turns = Loop ("", first, x, zero) <
        body = body (int64 i, bool c, float[1] v, int64 k) => (bool again, float[1] w, int64 k2) {
            w = Add (v, v)
            k2 = Add (k, one)
            less = Less (w, most)
            shape = Constant <value = int64[1] {0}> ()
            none = Constant <value_ints: ints = [0]> ()
            again = Squeeze (less, none)
        }>
}"""

COLLECTED = """m (float[3] x) => (float[3] y, float[20, 3] z, float[20] total) {
    n = Constant <value = int64 {20}> ()
    y, z, total = Loop (n, "", x) <
        body = body (int64 i, bool c, float[3] v) => (bool again, float[3] w, float[3] u, float sum) {
            again = Identity (c)
            w = Sin (v)
            sum = ReduceSum <keepdims = 0> (w)
            u = Sub (w, x)
        }>
}"""

BROKEN_OFF = """m (float[2] x, float most) => (float[2] y, float[m, 2] z) {
    n = Constant <value = int64 {30}> ()
    y, z = Loop (n, "", x) <
        body = body (int64 i, bool c, float[2] v) => (bool again, float[2] w, float[2] u) {
            w = Add (v, x)
            sum = ReduceSum <keepdims = 0> (w)
            again = Less (sum, most)
            u = Neg (w)
        }>
}"""

SCAN = """m (float[2] start, float[3, 12] p, float[12, 2] q) => (float[2] y, float[2, 12] r, float[12, 2] s) {
    y, r, s = Scan <num_scan_inputs = 2, scan_input_axes = [-1, 0], scan_input_directions = [0, 1],
        scan_output_axes = [1, 0], scan_output_directions = [0, 1],
        body = body (float[2] v, float[3] a, float[2] b) => (float[2] w, float[2] c, float[2] d) {
            sum = ReduceSum <keepdims = 1> (a)
            t = Mul (sum, b)
            w = Add (v, t)
            c = Identity (w)
            d = Sub (t, start)
        }> (start, p, q)
}"""

SEQUENCE = """m (float[2] x, float[2] y, int64 k) => (float[2] z, int64 n) {
    s = SequenceConstruct (x, y)
    one = Constant <value = int64 {-1}> ()
    m = Add (x, y)
    t = SequenceInsert (s, m, one)
    z = SequenceAt (t, k)
    n = SequenceLength (t)
}"""

CARRIED_SEQUENCE = """m (float[2] x, float[2] y, int64 n) => (seq(float[2]) t) {
    s = SequenceConstruct (x, y)
    t = Loop (n, "", s) <body = body (int64 i, bool c, seq(float[2]) v) => (bool again, seq(float[2]) w) {
        again = Identity (c)
        zero = Constant <value = int64 {0}> ()
        a = SequenceAt (v, zero)
        rest = SequenceErase (v, zero)
        b = SequenceAt (rest, zero)
        sum = Add (a, b)
        w = SequenceInsert (rest, sum)
    }>
}"""

NESTED_LOOPS = """m (float[3] x, int64 n, bool d) => (float[3] y, float[12, 3] z) {
    m = Constant <value = int64 {12}> ()
    y, z = Loop (m, "", x) <body = body (int64 i, bool c, float[3] v) => (bool again, float[3] w, float[3] u) {
        again = Identity (c)
        k = Sub (n, i)
        w = Loop (k, d, v) <body = inner (int64 j, bool e, float[3] p) => (bool more, float[3] q) {
            part = CastLike (j, p)
            t = Mul (part, x)
            r = Add (p, t)
            half = Constant <value = float {0.5}> ()
            q = Mul (r, half)
            s = ReduceSum <keepdims = 0> (q)
            two = Constant <value = float {2.0}> ()
            more = Less (s, two)
        }>
        u = If (d) <
            then_branch = then () => (float[3] a) { a = Add (w, v) },
            else_branch = other () => (float[3] b) { b = Identity (x) }
        >
    }>
}"""

SWAPPED = """m (float[2] a, float[2] b, int64 n) => (float[2] y, float[2] z, float[2] kept) {
    y, z, kept = Loop (n, "", a, b, a) <
        body = body (int64 i, bool c, float[2] v, float[2] w, float[2] k)
            => (bool again, float[2] p, float[2] q, float[2] l) {
            again = Identity (c)
            p = Identity (w)
            q = Identity (v)
            l = Identity (k)
        }>
}"""

HALVES = """m (float16[4] x, int64 n) => (float16[4] y) {
    y = Loop (n, "", x) <body = body (int64 i, bool c, float16[4] v) => (bool again, float16[4] w) {
        again = Identity (c)
        w = Sin (v)
    }>
}"""

BYTES = HALVES.replace("float16", "int8").replace("Sin (v)", "Add (v, x)")

CHOSEN_SEQUENCE = """m (float[2] x, float[2] y, bool c) => (seq(float[2]) s, int64 n) {
    s = If (c) <
        then_branch = then () => (seq(float[2]) a) { a = SequenceConstruct (x, y) },
        else_branch = other () => (seq(float[2]) b) { z = Neg (x) b = SequenceConstruct (y, z) }
    >
    n = SequenceLength (s)
}"""


def floats(*values: float) -> Array:
    return np.array(values, np.float32)


def cases() -> list[tuple[onnx.ModelProto, list[list[Array]]]]:
    rng = np.random.default_rng(7)
    x4, x3, x2, y2 = (rng.standard_normal(n).astype(np.float32) for n in (4, 3, 2, 2))
    yes, no = np.array(True), np.array(False)
    p, q = rng.standard_normal((3, 12)).astype(np.float32), rng.standard_normal((12, 2)).astype(np.float32)
    return [
        (model(IF), [[x4, yes], [x4, no]]),
        (model(NESTED), [[x3, a, b] for a in (yes, no) for b in (yes, no)]),
        (model(COUNTED), [[x2, np.array(n), y2] for n in (0, 1, 7)]),
        (model(UNTIL), [[floats(1.5), floats(100.0)], [floats(3.0), floats(1.0)]]),
        (model(COLLECTED), [[x3]]),
        (model(BROKEN_OFF), [[floats(1, 2), np.array(n, np.float32)] for n in (0, 10, 1000)]),
        (model(SCAN), [[x2, p, q]]),
        (model(NESTED_LOOPS), [[floats(0.1, 0.2, 0.3), np.array(6), more] for more in (yes, no)]),
        (model(SWAPPED), [[x2, y2, np.array(n)] for n in (0, 3, 4)]),
        (model(HALVES), [[x4.astype(np.float16), np.array(5)]]),
        (model(BYTES), [[np.array([1, -2, 30, 100], np.int8), np.array(3)]]),
        (model(CHOSEN_SEQUENCE), [[x2, y2, yes], [x2, y2, no]]),
        (model(SEQUENCE), [[x2, y2, np.array(k)] for k in (0, 1, 2, -1)]),
    ]


def test_loops_and_branches_are_what_onnxruntime_computes() -> None:
    check(cases())


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_on_other_cores(target: str) -> None:
    check([(proto, rows[-1:]) for proto, rows in cases()], target)


def test_what_becomes_of_loops() -> None:
    """Long loops and those of unknown length are one While, short ones are written out, known branches taken."""
    for text in (COUNTED, UNTIL, COLLECTED, BROKEN_OFF, SCAN, CARRIED_SEQUENCE):
        assert "While" in kinds(graph_of(model(text))), text
    assert "While" not in kinds(graph_of(model(COLLECTED.replace("20", "3"))))
    assert "If" in kinds(graph_of(model(NESTED)))
    known = NESTED.replace(", bool c", "").replace("{", "{ c = Constant <value = bool {1}> ()", 1)
    assert [n.op.kind for n in graph_of(model(known)).nodes].count("If") == 1


def test_sequences_carried_by_loops() -> None:
    x, y = floats(1, 2), floats(3, 5)
    proto = model(CARRIED_SEQUENCE)
    graph = graph_of(proto)
    assert [t.name for t in graph.outputs] == ["t_0", "t_1"]
    for n in (0, 1, 4):
        got = structured(proto, ["t_0", "t_1"], evaluate(graph, [x, y, np.array(n)]))
        a, b = x, y
        for _ in range(n):
            a, b = b, a + b
        np.testing.assert_array_equal(got[0], [a, b])


def test_sequences_are_inputs_and_outputs_of_the_backend() -> None:
    text = """m (seq(float[k]) s, float[2] x) => (seq(float[k]) t, int64 n) {
        t = SequenceInsert (s, x)
        n = SequenceLength (t)
    }"""
    for given in ([], [floats(1), floats(2, 3, 4)]):
        t, n = run_model(model(text), [given, floats(8, 9)])
        assert int(n) == len(given) + 1
        for a, b in zip(t, [*given, floats(8, 9)], strict=True):
            np.testing.assert_array_equal(a, b)


def test_lengths_of_sequences_are_shapes() -> None:
    proto = model(
        "m (seq(float[2]) s) => (float[2] y) { one = Constant <value = int64 {1}> () y = SequenceAt (s, one) }"
    )
    graph = import_proto(proto, "m", {"s": (2,)}, {})
    assert [t.name for t in graph.inputs] == ["s_0", "s_1"]
    for shapes, text in (({}, "sequence of any length"), ({"s": (2, 2)}, "not of [2, 2]"), ({"q": (1,)}, 'input "q"')):
        with pytest.raises(UsageError) as error:
            import_proto(proto, "m", shapes, {})
        assert text in error.value.what
    with pytest.raises(InvalidModel, match="position"):
        import_proto(proto, "m", {"s": (1,)}, {})


def scan_8(lengths: bool) -> onnx.ModelProto:
    given = "lengths" if lengths else '""'
    more = "" if not lengths else "lengths = Constant <value = int64[2] {3, 2}> ()"
    return model(
        f"""m (float[2, 2] start, float[2, 3, 2] x) => (float[2, 2] y, float[2, 3, 2] z) {{
            {more}
            y, z = Scan <num_scan_inputs = 1, directions = [1],
                body = body (float[2] v, float[2] a) => (float[2] w, float[2] c) {{
                    w = Add (v, a)
                    c = Mul (w, a)
                }}> ({given}, start, x)
        }}""",
        8,
    )


def test_scans_of_batches() -> None:
    """By the definition in the operator's documentation, since onnxruntime has no kernel of opset 8 with lengths."""
    rng = np.random.default_rng(1)
    start, x = rng.standard_normal((2, 2)).astype(np.float32), rng.standard_normal((2, 3, 2)).astype(np.float32)
    for lengths, given in ((False, [3, 3]), (True, [3, 2])):
        y, z = start.copy(), np.zeros_like(x)
        for b, n in enumerate(given):
            for t in range(n):
                y[b] += x[b, n - 1 - t]
                z[b, t] = y[b] * x[b, n - 1 - t]
        got = evaluate(graph_of(scan_8(lengths)), [start, x])
        np.testing.assert_allclose(got[0], y, 1e-6)
        np.testing.assert_allclose(got[1], z, 1e-6)


UNBOUNDED = COLLECTED.replace("m (float[3] x)", "m (float[3] x, int64 n)").replace(
    "n = Constant <value = int64 {20}> ()", ""
)
GROWING = """m (float[2] x, int64 n) => (float[k] y) {
    y = Loop (n, "", x) <body = body (int64 i, bool c, float[k1] v) => (bool again, float[k2] w) {
        again = Identity (c)
        w = Concat <axis = 0> (v, x)
    }>
}"""
DIFFERENT = """m (float[2] x, bool c) => (float[k] y) {
    y = If (c) <
        then_branch = then () => (float[k1] a) { a = Concat <axis = 0> (x, x) },
        else_branch = other () => (float[k2] b) { b = Identity (x) }
    >
}"""
ENDLESS = """m (float[2] x) => (float[2] y) {
    y = Loop ("", "", x) <body = body (int64 i, bool c, float[2] v) => (bool again, float[2] w) {
        again = Identity (c)
        w = Add (v, x)
    }>
}"""


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (UNBOUNDED, ValueNeeded, "how many turns there are must be known ahead of time"),
        (GROWING, ValueNeeded, "how many turns there are must be known ahead of time"),
        (DIFFERENT, ValueNeeded, "the condition, on which the sizes of the results depend"),
        (COLLECTED.replace("20", "2000000000"), UnsupportedModel, "what it collects, f32[2000000000,3], has more than"),
        (
            DIFFERENT.replace("b = Identity", "c2 = Identity (x) b = Identity").replace(
                "(float[k2] b)", "(float[k2] b, float[k2] c2)"
            ),
            InvalidModel,
            "one branch has 1 outputs, the other 2",
        ),
        (
            HALVES.replace("float16[4] w", "float[4] w").replace("Sin (v)", "Cast <to = 1> (v)"),
            InvalidModel,
            "from f16 to f32",
        ),
        (ENDLESS, InvalidModel, "never ends"),
        (COUNTED.replace("int64 n", "float n"), InvalidModel, "one s64"),
        (COUNTED.replace(", float[2] v)", ")"), InvalidModel, "does not fit"),
        (SCAN.replace("[-1, 0]", "[5, 0]"), InvalidModel, "axis 5"),
        (SCAN.replace("scan_input_directions = [0, 1]", "scan_input_directions = [0, 2]"), InvalidModel, "direction 2"),
        (SCAN.replace("float[12, 2] q", "float[11, 2] q"), InvalidModel, "differs in length"),
        (SCAN.replace("num_scan_inputs = 2", "num_scan_inputs = 7"), InvalidModel, "does not fit"),
    ],
)
def test_refusals(text: str, kind: type[EdgegenError], message: str) -> None:
    with pytest.raises(kind) as error:
        import_proto(model(text), "m", {}, {})
    assert message in error.value.what


def test_no_turn_at_all() -> None:
    """What is collected has the right type, though no turn says so."""
    graph = graph_of(model(SCAN.replace("12", "0")))
    y, r, s = evaluate(graph, [floats(1, 2), np.zeros((3, 0), np.float32), np.zeros((0, 2), np.float32)])
    assert (y.tolist(), r.shape, s.shape) == ([1, 2], (2, 0), (0, 2))


def test_turns_that_differ_are_written_out_when_they_are_known() -> None:
    proto = model(GROWING)
    graph = import_proto(proto, "m", {}, {"n": np.array(3)})
    (y,) = evaluate(graph, [floats(1, 2)])
    assert y.tolist() == [1, 2] * 4
    with pytest.raises(UnsupportedModel, match="more than"):
        import_proto(proto, "m", {}, {"n": np.array(5000)})
