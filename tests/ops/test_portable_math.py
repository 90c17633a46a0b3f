"""Portable rows of pools, arithmetic, softmax, activations, quantization and reductions against their references.

One list of cases serves every build: shared functions and inlined ones, gcc and clang, sanitizers, the emulated cores.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgegen.compiler import Compiled
from edgegen.emit.render import Origin, render
from edgegen.ir.dtypes import F32, S8, dtype_of
from edgegen.ir.evaluate import evaluate
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph, Node
from edgegen.ir.layout import NATURAL, NCHW, Layout
from edgegen.ir.op import NO_CLAMP, Op, Range
from edgegen.ir.tensor import Array, Tensor, TensorType
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.copy import Copy
from edgegen.ops.fake_quantize import nudged
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.prelu import Prelu
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import Dequantize, Quantize, Requantize
from edgegen.ops.softmax import Softmax
from edgegen.ops.unary import Unary
from edgegen.ops.unary_quantized import HardSwish16, Sigmoid, TwoSlopes
from edgegen.passes.post_optimize.pack_weights import pack_weights
from edgegen.passes.post_optimize.plan_arena import plan_arena
from edgegen.passes.post_optimize.select_kernels import select_kernels
from edgegen.targets import target
from edgegen.verify import Build, Call, build_program
from tests.harness import Case, check_nodes, constant_input

Shape = tuple[int, ...]
BROADCASTS: list[tuple[Shape, Shape]] = [
    ((2, 3, 4, 5), (2, 3, 4, 5)),
    ((1, 3, 4, 5), (5,)),
    ((7,), ()),
    ((1, 1), (3, 4)),
    ((2, 3, 1, 5), (1, 4, 5)),
    ((2, 1, 3, 1, 2), (1, 2, 3, 4, 1)),
    ((0, 3), (1, 3)),
]


def values(dtype: str, shape: Shape, seed: int = 0) -> Array:
    rng = np.random.default_rng([seed, *shape])
    if dtype == "float32":
        return np.asarray(rng.normal(0, 3, shape), np.float32)
    limits = np.iinfo(dtype)
    return np.asarray(rng.integers(limits.min, limits.max, shape, endpoint=True, dtype=np.int64), dtype)


def factor(real: float, zero: int = 0) -> FixedPoint:
    return FixedPoint.from_scales([real], zero)


def pools() -> list[Case]:
    windows = [
        Pool2d(kernel=(2, 2), stride=(2, 2)),
        Pool2d(kernel=(3, 2), stride=(1, 2), pad=(1, 0, 1, 1)),
        Pool2d(kernel=(5, 7)),
        Pool2d(kernel=(1, 1), stride=(3, 3), clamp=Range(-3, 2)),
        Pool2d(kernel=(3, 3), stride=(2, 3), pad=(2, 2, 2, 2)),
    ]
    return [
        Case(replace(op, pooling=pooling), [values(d, (2, 5, 7, 3))], f"{pooling}_pool2d_{row}")
        for op in windows
        for pooling in ("average", "max")
        for d, row in (("int8", "s8"), ("float32", "f32"))
    ] + [
        Case(replace(op, pooling=pooling), [values(d, (2, 5, 7, 3))], f"{pooling}_pool2d_{row}")
        for i, op in enumerate(windows)
        for pooling, d, row in (("average", "int16", "s16"), ("max", "int16", "s16"), ("average", "uint8", "u8"))
        + ((("max", "uint8", "u8"), ("l2", "float32", "f32")) if i % 2 else ())
    ]


def arithmetic() -> list[Case]:
    cases = []
    for i, shapes in enumerate(BROADCASTS):
        wide = i in (0, 4)  # types that share their loops with s8 and f32 need no more shapes
        for function in ("add", "sub", "mul"):
            for d, row, shift in (("int8", "s8", 20), ("int16", "s16", 15))[: 1 + wide]:
                zeros = (-7, 120, -128) if d == "int8" else (0, 0, 0)
                y = 3.7e-6 if d == "int8" else 5e-5  # add and sub: a and b have 20 or 15 more bits than y
                op = Binary(function, zeros[0], zeros[1], shift, factor(0.5), factor(0.31), factor(y, zeros[2]))
                if function == "mul":
                    op = Binary(function, zeros[0], zeros[1], requantize=factor(0.004, zeros[2]), clamp=Range(-90, 90))
                a, b = values(d, shapes[0], i), values(d, shapes[1], i + 1)
                cases.append(Case(op, [a, b], f"{function}_{row}", f"{function} {shapes}"))
            for d, row, clamp in (
                ("float32", "f32", Range(-1.5, 4)),
                ("int32", "s32", NO_CLAMP),
                ("int64", "s64", Range(-9, 2**40)),
            )[: 3 if wide else 1]:
                a, b = values(d, shapes[1], i), constant_input(values(d, shapes[0], i + 1))
                cases.append(Case(Binary(function, clamp=clamp), [a, b], f"{function}_{row}", f"{function} {shapes}"))
    x = values("int8", (4, 5))
    cases.append(Case(Binary("mul", 3, 3, requantize=factor(0.02, 1)), [x, x], "mul_s8", "two tensors of equal values"))
    return cases


def softmaxes() -> list[Case]:
    cases = []
    for shape in ((1, 12), (3, 1), (2, 3, 300)):
        for scale in (0.003, 0.2, 5.0):
            difference = factor(scale * 2**26)
            op = Softmax(difference=difference, diff_min=-(31 * 2**26 >> difference.shift[0]))
            cases.append(Case(op, [values("int8", shape)], "softmax_s8", f"{shape} {scale}"))
        cases.append(Case(Softmax(0.7), [values("float32", shape)], "softmax_f32", f"{shape}"))
        wide = Softmax(difference=difference, diff_min=-(31 * 2**26 >> difference.shift[0]), dtype="s16")
        cases.append(Case(wide, [values("int8", shape)], "softmax_s8_s16", f"{shape}"))
        for scale in (0.001, 0.3, 9000.0):
            cases.append(Case(Softmax(difference=factor(scale)), [values("int16", shape)], "softmax_s16", f"{shape}"))
    flat = np.full((1, 1000), 5, np.int8)  # the sum of exponentials is 1000: too small probabilities
    cases.append(Case(Softmax(difference=factor(0.1 * 2**26), diff_min=-255), [flat], "softmax_s8", "flat"))
    return cases


def elementwise() -> list[Case]:
    every = np.arange(-128, 128).astype(np.int8)
    reals = np.concatenate([np.linspace(-20, 20, 200), [0.0, -0.0, 1e-30, 90, -90]]).astype(np.float32)
    sigmoid = Sigmoid("logistic", 3, factor(0.05 * 2**27), 299)
    quantized: dict[str, Unary] = {
        "logistic": Unary("logistic", quantized=sigmoid),
        "tanh": Unary("tanh", quantized=replace(sigmoid, function="tanh")),
        "hard_swish": Unary("hard_swish", quantized=HardSwish16(-5, 9, 30000, -3, 20000, 4)),
        "leaky_relu": Unary("leaky_relu", quantized=TwoSlopes(4, factor(1.3, -8), factor(0.2, -8))),
    }
    cases = [Case(op, [every], "lookup_8", name) for name, op in quantized.items()]
    cases += [Case(Unary(name, 0.3), [reals], f"{name}_f32", name) for name in quantized]
    cases += [
        Case(Clamp(Range(-100, 17)), [every], "clamp_s8"),
        Case(Clamp(Range(0, float("inf"))), [reals], "clamp_f32"),
        Case(Clamp(Range(-1, 1)), [reals], "clamp_f32"),
    ]
    for i, (shape, alpha) in enumerate(BROADCASTS[:3]):
        op = Prelu(5, -3, factor(0.7, -20), factor(0.011, -20))
        cases.append(Case(op, [values("int8", shape, i), values("int8", alpha, i + 1)], "prelu_s8"))
        cases.append(
            Case(Prelu(), [values("float32", shape), constant_input(values("float32", alpha, 1))], "prelu_f32")
        )
    return cases


def quantization() -> list[Case]:
    cases = []
    names = {"s8": "int8", "u8": "uint8", "s16": "int16", "s32": "int32"}
    for i, (of, dtype) in enumerate(names.items()):
        x = values(dtype, (3, 70), i)
        for to in names:
            gain = 2.0 ** (8 * (np.dtype(names[to]).itemsize - x.itemsize))  # fills the output's range
            op = Requantize(factor(0.9 * gain, 3 if to[1:] == "8" else 0), 100 if of == "u8" else 0, to)
            row = "lookup_8" if (of[1:], to[1:]) == ("8", "8") else f"requantize_{of}_{to}"
            cases.append(Case(op, [x], row, f"{of} to {to}"))
        if of != "s32":
            cases.append(Case(Dequantize((0.037,), (5,)), [x], f"dequantize_{of}_f32"))
            steps = np.concatenate([np.arange(-40, 40) / 2, [1e30, -1e30, np.inf, -np.inf, np.nan, 126.7]])
            real = (steps * np.float32(0.25)).astype(np.float32)
            cases.append(Case(Quantize(0.25, 7, of), [real], f"quantize_f32_{of}"))
            bits = 8 * x.itemsize
            cases.append(Case(nudged(-6.1, 3.3, bits), [real], "fake_quantize_f32", f"{bits} bits"))
    return cases


def reductions() -> list[Case]:
    cases = []
    for axes in ((1, 2), (0,), (3,), (0, 2), (1, 3), (0, 1, 2, 3), ()):
        for keep in (False, True):
            shape = (2, 5, 4, 3)
            count = int(np.prod([shape[a] for a in axes]))
            op = Reduce("mean", axes, keep, -11, factor(1.1 / count, 20))
            cases.append(Case(op, [values("int8", shape)], "reduce_s8", f"{axes}"))
            cases.append(Case(Reduce("mean", axes, keep), [np.abs(values("float32", shape))], "reduce_f32", f"{axes}"))
    cases.append(Case(Reduce("sum", (0, 2)), [np.abs(values("float32", (30, 2, 9)))], "reduce_f32"))
    return cases


FAMILIES = {
    "pool": pools,
    "arithmetic": arithmetic,
    "softmax": softmaxes,
    "elementwise": elementwise,
    "quantization": quantization,
    "reduce": reductions,
}


@pytest.mark.parametrize("family", FAMILIES)
def test_inlined_and_sanitized(family: str) -> None:
    cases = FAMILIES[family]()
    check_nodes(cases[:: 1 + (len(cases) > 30)], "generic", sanitize=True)


@pytest.mark.parametrize("family", FAMILIES)
def test_shared_functions_by_clang(family: str) -> None:
    check_nodes(FAMILIES[family](), "generic", optimize="size", cc="clang")


@pytest.mark.cross
@pytest.mark.parametrize("core", ["arm-neon", "cortex-m4"])
def test_on_an_emulated_core(core: str) -> None:
    """Whatever rows the core selects; every third case, since the C is the same."""
    cases = [c for family in FAMILIES.values() for c in family()][::3]
    check_nodes([Case(c.op, c.inputs, label=c.label or str(c.op)) for c in cases], core)


def with_layouts(x: Array) -> Graph:
    """Every family between natural and NCHW storage; layouts are fixed by hand."""
    graph = Graph("layouts", [Tensor("x", TensorType(dtype_of(x), x.shape))], [])
    s8 = dtype_of(x) == S8

    def add(op: Op, *inputs: Tensor, layout: Layout = NATURAL) -> Tensor:
        (y,) = op.infer(*(t.type for t in inputs))
        out = Tensor(f"t{len(graph.nodes)}", TensorType(y.dtype, y.shape, layout=layout))
        graph.nodes.append(Node(op, list(inputs), [out], out.name))
        return out

    (natural,) = graph.inputs
    planar = add(Copy(), natural, layout=NCHW)
    total = Binary("add", 1, 2, 20, factor(0.5), factor(0.4), factor(4e-6, 3)) if s8 else Binary("add")
    product = Binary("mul", 1, 2, requantize=factor(0.01, 3)) if s8 else Binary("mul")
    slope = Tensor("alpha", TensorType(dtype_of(x), (5,)), x.reshape(-1)[:5])
    prelu = Prelu(1, 2, factor(0.5, 3), factor(0.01, 3)) if s8 else Prelu()
    mean = Reduce("mean", (1, 2), True, 1, factor(0.08)) if s8 else Reduce("mean", (1, 2), True)
    channels = Reduce("mean", (3,), False, 1, factor(0.2)) if s8 else Reduce("mean", (3,))
    unary = Unary("tanh", quantized=Sigmoid("tanh", 0, factor(0.02 * 2**27), 750)) if s8 else Unary("tanh")
    graph.outputs = [
        add(Pool2d("max", (2, 2), (1, 2)), planar),
        add(Copy(), add(Pool2d("average", (3, 2), pad=(1, 0, 1, 1)), natural, layout=NCHW)),
        add(Copy(), add(total, planar, natural, layout=NCHW)),
        add(total, natural, planar),
        add(Copy(), add(product, slope, planar, layout=NCHW)),
        add(Copy(), add(prelu, planar, slope, layout=NCHW)),
        add(prelu, planar, slope),
        add(Copy(), add(mean, planar, layout=NCHW)),
        add(channels, planar),
        add(Copy(), add(unary, planar, layout=NCHW)),
        add(Copy(), add(Clamp(Range(-2, 9)), planar, layout=NCHW)),
    ]
    return graph


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_rows_read_and_write_every_layout_that_they_offer(dtype: str) -> None:
    x = values(dtype, (2, 3, 4, 5))
    graph, generic = with_layouts(x), target("generic")
    for one in (select_kernels, pack_weights, plan_arena):
        one(graph, generic)
    origin = Origin("layouts.test", "0" * 64, "test")
    model = Compiled(
        "layouts", generic, origin, graph, graph, render(graph, generic, "layouts", origin, trace=True).files
    )
    outcome = build_program([model], Build(sanitize=True)).execute([Call([x])])[0]
    for tensor, got, want in zip(graph.outputs, outcome.outputs, evaluate(graph, [x]), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=0 if x.dtype == np.int8 else 1e-6, err_msg=tensor.name)


@pytest.mark.parametrize(
    ("op", "inputs", "in_place"),
    [
        (Clamp(Range(0, 6)), [(1, 8, 8, 4)], True),
        (Softmax(), [(8, 32)], True),
        (Binary("mul"), [(1, 8, 8, 4), (4,)], True),
        (Binary("mul"), [(4,), (1, 8, 8, 4)], True),
        (Binary("add"), [(8, 1, 4), (1, 8, 1)], False),
    ],
)
def test_results_take_over_the_bytes_of_inputs_of_their_size(op: Op, inputs: list[Shape], in_place: bool) -> None:
    tensors = [Tensor(f"x{i}", TensorType(F32, s)) for i, s in enumerate(inputs)]
    y = Tensor("y", op.infer(*(t.type for t in tensors))[0])
    graph = Graph("place", tensors, [y], [Node(op, list(tensors), [y], "y")])
    for one in (select_kernels, pack_weights, plan_arena):
        one(graph, target("generic"))
    assert graph.plan is not None
    total = sum(t.type.bytes for t in tensors)
    assert graph.plan.arena_bytes == (total if in_place else total + y.type.bytes)
