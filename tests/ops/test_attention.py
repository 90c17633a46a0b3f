"""Attention, linear attention, softmax of narrow floats and standardized rows: every row computes its operator."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S64
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.attention import Attention
from edgegen.ops.linear_attention import LinearAttention
from edgegen.ops.softmax import Softmax
from edgegen.ops.standardize import Standardize
from tests.harness import Case, check_nodes, run_node

ULP = 32  # what single precision adds up to over a row
BF16 = np.dtype(ml_dtypes.bfloat16)
TYPES = {"f32": np.dtype(np.float32), "f64": np.dtype(np.float64), "f16": np.dtype(np.float16), "bf16": BF16}


def attention_case(op: Attention, dtype: str = "f32", masked: bool = False, lengths: tuple[int, int] = (5, 5)) -> Case:
    """2 sequences, 4 heads that share 2 of keys, 3 queries and 5 keys of 6 numbers, values of 7."""
    rng = np.random.default_rng(len(str(op)))

    def some(*shape: int) -> Array:
        return rng.standard_normal(shape).astype(TYPES[dtype])

    q = some(2, 3, 4, 6) if op.q_by_row else some(2, 4, 3, 6)
    k, v = ((some(2, 5, 2, n) if op.kv_by_row else some(2, 2, 5, n)) for n in (6, 7))
    mask = some(4, 3, 5) if masked else np.zeros((1, 1), TYPES[dtype])
    if masked:
        mask[:, 1, :] = -np.inf
        mask[1, :, 2] = -np.inf
    row = f"attention{'_scores' if op.scores else ''}_{dtype}"
    return Case(op, [q, k, v, mask, np.array(lengths, np.int64)], row, f"{op} {dtype}")


def attention_cases(dtype: str) -> list[Case]:
    return [
        attention_case(Attention(0.6), dtype),
        attention_case(Attention(0.7, True, offset=2, q_by_row=True), dtype, masked=True),
        attention_case(Attention(0.6, True, from_end=True, kv_by_row=True), dtype, lengths=(2, 4)),
        attention_case(Attention(0.8, left=1, right=0, offset=1, cap=1.5, scores="capped"), dtype),
        attention_case(Attention(0.5, scores="weights"), dtype, masked=True, lengths=(0, 3)),
        attention_case(
            Attention(0.5, True, scores="masked", precision="" if dtype == "f64" else "f16"), dtype, masked=True
        ),
        attention_case(Attention(0.5, scores="raw", left=0, q_by_row=True, kv_by_row=True), dtype),
    ]


def softmax_cases() -> list[Case]:
    rng = np.random.default_rng(3)
    shapes = [(3, 7), (2, 1), (1, 40)]
    return [
        Case(Softmax(), [(3 * rng.standard_normal(shape)).astype(TYPES[t])], f"softmax_{t}", f"{t} {shape}")
        for t in ("f64", "f16", "bf16")
        for shape in shapes
    ]


def standardize_cases(dtype: str) -> list[Case]:
    rng = np.random.default_rng(4)
    x, scale, bias = ((2 + 3 * rng.standard_normal(s)).astype(TYPES[dtype]) for s in ((2, 3, 9), 9, 9))
    return [
        Case(Standardize(), [x], f"standardize_{dtype}"),
        Case(Standardize(1e-3), [x, scale, bias], f"standardize_scale_bias_{dtype}"),
        Case(Standardize(1e-3, False), [x, scale, None], f"standardize_scale_{dtype}"),
    ]


def linear_cases() -> list[Case]:
    rng = np.random.default_rng(5)

    def some(*shape: int) -> Array:
        return (0.5 * rng.standard_normal(shape)).astype(np.float32)

    q, k, v, state = some(2, 3, 4 * 5), some(2, 3, 2 * 5), some(2, 3, 2 * 6), some(2, 2, 5, 6)
    op = LinearAttention(4, 2, 0.4)
    more = [(None, None), (some(2, 3, 2), None), (None, some(2, 3, 1)), (some(2, 3, 10), some(2, 3, 2))]
    return [Case(op, [q, k, v, state, decay, beta], "linear_attention_f32") for decay, beta in more]


def all_cases() -> list[Case]:
    floats = [c for t in TYPES for c in attention_cases(t)]
    rows = [c for t in ("f32", "f64") for c in standardize_cases(t)]
    return [*floats, *softmax_cases(), *rows, *linear_cases()]


def test_rows_on_the_host() -> None:
    check_nodes(all_cases(), ulp=ULP)


def test_shared_functions() -> None:
    cases = [*attention_cases("f32")[:5], *attention_cases("f16")[3:6], *standardize_cases("f64"), *linear_cases()]
    check_nodes(cases, ulp=ULP, optimize="size", cc="clang")


def test_no_access_beyond_the_operands() -> None:
    check_nodes([*attention_cases("f32"), *standardize_cases("f32"), *linear_cases()], ulp=ULP, sanitize=True)


@pytest.mark.cross
@pytest.mark.parametrize("target", ["cortex-m4", "arm-neon"])
def test_rows_on_other_cores(target: str) -> None:
    cases = [c for t in ("f32", "bf16") for c in attention_cases(t)[:4]]
    check_nodes([*cases, *softmax_cases()[:4], *standardize_cases("f32"), *linear_cases()[2:]], target, ulp=ULP)


def test_keys_that_do_not_count_are_not_read() -> None:
    """What lies beyond a sequence's length, such as an unwritten part of a cache, may be no number."""
    case = attention_case(Attention(0.6), lengths=(3, 2))
    wanted = check_nodes([case], ulp=ULP)[0].outputs[0]
    q, k, v, mask, lengths = (np.array(a) for a in case.inputs)
    for b in (0, 1):
        k[b, :, lengths[b] :] = v[b, :, lengths[b] :] = np.nan
    np.testing.assert_array_equal(run_node(case.op, [q, k, v, mask, lengths])[0], wanted)


def test_what_does_not_fit_is_refused() -> None:
    q, mask, lengths = TensorType(F32, (1, 2, 3, 4)), TensorType(F32, (1, 1)), TensorType(S64, (1,))
    with pytest.raises(InvalidGraph, match="do not fit each other"):
        Attention(1.0).infer(q, TensorType(F32, (1, 3, 3, 4)), q, mask, lengths)
    with pytest.raises(InvalidGraph, match="do not fit scores"):
        Attention(1.0).infer(q, q, q, TensorType(F32, (5,)), lengths)
    with pytest.raises(InvalidGraph, match="f64"):
        Attention(1.0, precision="f64").infer(q, q, q, mask, lengths)
    with pytest.raises(InvalidGraph, match="without a scale"):
        Standardize().infer(q, None, TensorType(F32, (4,)))
    flat = TensorType(F32, (1, 2, 6))
    with pytest.raises(InvalidGraph, match="state"):
        LinearAttention(2, 1, 1.0).infer(flat, TensorType(F32, (1, 2, 3)), flat, q, None, None)
