"""Weights that lie in flash as codes of fewer bits: found by their values, and decoded while the kernels run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edgegen.ir.dtypes import DTYPES, F32
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op, Range
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Array, Tensor, TensorType
from edgegen.ops.binary import Binary
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.gather import Gather
from edgegen.ops.select import select
from edgegen.ops.stored_weights import STORED, Stored, stored
from edgegen.ops.transpose import Transpose
from edgegen.passes.optimize.fuse_batch_norm import fuse_batch_norm
from edgegen.targets import target as find_target
from tests.harness import Case, check_nodes, constant_input, node_graph, run_nodes
from tests.x86 import X86

SUFFIX = {"generic": "", "x86-avx2": "_avx2", "x86-avx512": "_avx512", "arm-neon": "_neon", "cortex-m4": ""}
NAMES = [t.name for t in STORED]


def weights(kind: str, shape: tuple[int, ...], block: int = 0, last: bool = False, scaled: bool = True) -> Tensor:
    """A constant of f32 that codes of a type stand for, of which no narrower type holds every one."""
    rng, dtype = np.random.default_rng(sum(shape)), DTYPES[kind]
    if dtype.is_integer:
        low, high = dtype.range
        numbers = rng.integers(low, high + 1, shape).astype(np.float32)
        numbers -= 0 if low < 0 else high // 3
    else:
        spread = 2.0 ** rng.integers(-4, 4, shape) if kind == "bf16" else 1.0
        numbers = np.asarray(rng.normal(size=shape) * spread, dtype.np).astype(np.float32)
        numbers.reshape(-1)[0] = 2.0**-26 if kind == "bf16" else _characteristic(kind)
    if not scaled:
        return constant_input(numbers)
    axis = len(shape) - 1 if last else 0
    blocks = (*shape[:1], -(-shape[1] // block)) if block else shape[axis : axis + 1]
    scale = rng.uniform(0.0002, 0.004, blocks).astype(np.float32).reshape(-1)
    found = Quantization(tuple(scale.tolist()), (0,) * len(scale), 1 if block else axis, block)
    values = found.spread(shape)
    assert values is not None
    return constant_input(numbers * values, found)


def _characteristic(kind: str) -> float:
    """A number of the type that those before it in STORED lack."""
    dtype = DTYPES[kind].np
    return {
        "f8e4m3fn": 448.0,
        "f8e5m2": 57344.0,
        "f8e4m3fnuz": 2.0**-10,
        "f8e5m2fnuz": 2.0**-17,
        "f16": 1.0 + 2.0**-10,
    }.get(kind, float(np.asarray(1.5, dtype)))


def codes(w: Tensor, last: bool = False) -> Stored:
    found = stored(w, last)
    assert found is not None
    return found


def dense(kind: str, rows: int, units: int, depth: int, kernel: str, block: int = 0, scaled: bool = True) -> Case:
    rng = np.random.default_rng(rows + units)
    x, b = rng.normal(size=(rows, depth)).astype(np.float32), rng.normal(size=units).astype(np.float32)
    w = weights(kind, (units, depth), block, scaled=scaled)
    op = Dense() if block else Dense(clamp=Range(-3.0, 5.0))
    return Case(op, [x, w, constant_input(b)], kernel, f"{kind} {rows}x{depth} -> {units}, blocks of {block}")


def cases(target: str, kinds: Sequence[str]) -> list[Case]:
    """Blocks that end within a row of weights, units that fill no vector; the types also without scales."""
    kernel = f"dense_f32_stored{SUFFIX[target]}"
    floats = [k for k in kinds if not DTYPES[k].is_integer]
    return [
        *(dense(k, 5, 37, 45, kernel, block=16) for k in kinds),
        dense(kinds[0], 2, 130, 33, kernel),
        *(dense(k, 1, 70, 12, kernel, scaled=False) for k in floats if k.startswith(("f16", "bf16"))),
    ]


@pytest.mark.parametrize("kind", NAMES)
def test_codes_give_every_weight_to_the_bit(kind: str) -> None:
    for w in (weights(kind, (9, 70), 16), weights(kind, (9, 70))):
        found = codes(w)
        assert found.dtype.name == kind
        assert found.group == (16 if w.type.quantization is not None and w.type.quantization.block else 70)
        assert found.scales is not None
        scale = np.repeat(np.broadcast_to(found.scales, (9, -(-70 // found.group))), found.group, axis=1)[:, :70]
        np.testing.assert_array_equal(found.numbers * scale, w.values)
        assert (found.zeros is not None) == kind.startswith("u")
        assert found.packed.nbytes == 9 * (35 if "4" in kind[:3] and kind[1] == "4" else 70 * DTYPES[kind].size)


def test_what_codes_do_not_hold_stays_f32() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(16, 64)).astype(np.float32)
    assert stored(constant_input(noise)) is None
    w = weights("s8", (16, 64))
    off = w.values.copy()
    off[3, 5] = np.nextafter(off[3, 5], np.float32(9))
    assert stored(constant_input(off, w.type.quantization)) is None
    assert stored(weights("s8", (2, 8))) is None  # too few
    steps = rng.integers(-9000, 9000, (16, 64)).astype(np.float32)  # more bits than f16 has
    assert stored(constant_input(steps * np.float32(0.3), Quantization((float(np.float32(0.3)),), (0,)))) is None
    each = rng.uniform(0.1, 1, 64).astype(np.float32)  # a scale for each weight of a unit
    along = Quantization(tuple(each.tolist()), (0,) * 64, 1)
    few = rng.integers(-8, 8, (1, 64)).astype(np.float32).repeat(4, axis=0)
    assert stored(constant_input(few * each, along)) is None


def test_transposed_weights_keep_the_scales_of_their_blocks() -> None:
    w = weights("s4", (6, 70), 16)
    (turned,) = Transpose((1, 0)).reference(w.values)
    carried = Transpose((1, 0)).carries(w.type)
    assert carried is not None
    assert (carried.axis, carried.block) == (0, 16)
    spread, before = carried.spread((70, 6)), w.type.quantization and w.type.quantization.spread((6, 70))
    assert spread is not None
    assert before is not None
    np.testing.assert_array_equal(spread.T, before)
    np.testing.assert_array_equal(codes(constant_input(turned, carried), last=True).numbers, codes(w).numbers)


def test_rows_of_every_type() -> None:
    check_nodes(cases("generic", NAMES), ulp=8)


@pytest.mark.parametrize("target", X86)
def test_x86_rows_where_flash_counts(target: str) -> None:
    kinds = NAMES if target == "x86-avx2" else ["s4", "u8", "f16", "f8e5m2"]  # the same steps on longer vectors
    check_nodes(cases(target, kinds), target, ulp=8, optimize="size")


@pytest.mark.cross
def test_neon_rows() -> None:
    check_nodes(cases("arm-neon", NAMES), "arm-neon", ulp=8, optimize="size")
    check_nodes(cases("arm-neon", ["u4", "f16"]), "arm-neon", ulp=8, optimize="size", sanitize=True)


@pytest.mark.cross
def test_cortex_m4_rows() -> None:
    check_nodes([*cases("cortex-m4", NAMES), *CONVOLUTIONS], "cortex-m4", ulp=8, optimize="size")


def _image(op: Op, x: tuple[int, ...], w: Tensor, kernel: str) -> Case:
    values = np.random.default_rng(7).normal(size=x).astype(np.float32)
    return Case(op, [values, w, None], kernel, f"{op.kind} {w.shape}")


CONVOLUTIONS = [
    _image(Conv2d((2, 1), pad=(1, 0, 1, 1)), (2, 5, 4, 6), weights("s8", (12, 3, 3, 3)), "conv2d_f32_stored"),
    _image(Conv2d(), (1, 3, 5, 40), weights("u4", (20, 1, 1, 40)), "dense_f32_stored"),
    _image(
        DepthwiseConv2d(pad=(1, 1, 1, 1)),
        (1, 5, 4, 20),
        weights("f16", (3, 3, 40), last=True),
        "depthwise_conv2d_f32_stored",
    ),
    _image(
        DepthwiseConv2d(pad=(1, 1, 1, 1)),
        (1, 5, 4, 40),
        weights("s4", (3, 3, 40), last=True),
        "depthwise_conv2d_f32_stored",
    ),
]


def _chosen(kind: str, block: int) -> Case:
    indices = np.array([[3, -1, 0], [8, 99, -99]], np.int32)
    return Case(Gather(), [weights(kind, (9, 70), block), indices], "gather_stored_s32", f"rows of {kind}")


def test_convolutions_and_tables() -> None:
    check_nodes(CONVOLUTIONS, ulp=8, optimize="size")
    check_nodes([_chosen("s4", 32), _chosen("u8", 0), _chosen("f16", 0), _chosen("f4e2m1", 16)], ulp=0)


def test_under_sanitizers_and_clang() -> None:
    some = [*cases("generic", ["u4", "f16"]), *CONVOLUTIONS, _chosen("u4", 32)]
    check_nodes(some, ulp=8, optimize="size", sanitize=True)
    check_nodes(some, ulp=8, optimize="size", cc="clang")


@pytest.mark.parametrize(("kind", "block", "bits"), [("s8", 0, 8), ("f16", 0, 16), ("u4", 32, 5.25), ("s4", 0, 4)])
def test_flash_holds_the_bits_of_the_codes(kind: str, block: int, bits: float) -> None:
    layer = dense(kind, 1, 64, 256, "", block)
    (run,) = run_nodes([layer], optimize="size")
    assert run.kernels == ["dense_f32_stored"]
    assert run.rodata_bytes <= 64 * 256 * bits / 8 + 64 * 8 + 128


def test_large_layers_keep_their_codes_where_speed_counts() -> None:
    for target, rows, depth, kernel in (
        ("generic", 1, 64, "dense_f32_stored"),
        ("arm-neon", 1, 256, "dense_f32_stored_neon"),
        ("arm-neon", 1, 64, "dense_f32_neon"),
        ("arm-neon", 8, 256, "dense_f32_neon"),
        ("arm-neon", 1, 4, "dense_f32_stored_neon"),
        ("x86-avx2", 8, 256, "dense_f32_stored_avx2"),
        ("cortex-m4", 1, 256, "dense_f32_dsp"),
        ("cortex-m4", 1, 1025, "dense_f32_stored"),
    ):
        graph, _ = node_graph(dense("s8", rows, 64, depth, ""))
        assert select(graph.nodes[0], find_target(target)).name == kernel


@pytest.mark.parametrize("kind", ["s8", "f16"])
@pytest.mark.parametrize("depthwise", [False, True])
def test_batch_normalization_scales_the_codes(kind: str, depthwise: bool) -> None:
    w = weights(kind, (3, 3, 40) if depthwise else (40, 16), last=depthwise, scaled=kind == "s8")
    op: Op = DepthwiseConv2d() if depthwise else Dense()
    x = Tensor("x", TensorType(F32, (1, 5, 5, 40) if depthwise else (3, 16)))
    (type,) = op.infer(x.type, w.type)
    y, z = Tensor("y", type), Tensor("z", type)
    factor = np.random.default_rng(3).normal(size=40).astype(np.float32)
    nodes = [Node(op, [x, w], [y], "layer"), Node(Binary("mul"), [y, constant_input(factor)], [z], "scale")]
    graph = Graph("g", [x], [z], nodes)
    values: Array = np.random.default_rng(4).normal(size=x.shape).astype(np.float32)
    wanted = op.reference(values, w.values)[0] * factor
    assert fuse_batch_norm(graph, find_target("generic"))
    (node,) = graph.nodes
    assert codes(node.input(1), depthwise).dtype.name == kind
    np.testing.assert_allclose(op.reference(values, node.input(1).values)[0], wanted, rtol=1e-5, atol=1e-5)
