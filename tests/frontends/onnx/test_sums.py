"""Einsum and the transforms of signals, beside numpy: equations and lengths that the suite lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnx.helper
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.onnx import import_proto
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from edgegen.verify import Build, Call, build_program
from tests.harness import compile_for_test


def one_node(
    kind: str,
    inputs: Sequence[Array | None],
    attributes: Mapping[str, Any],
    fixed: Sequence[int] = (),
    version: int = 20,
) -> Graph:
    """A graph of one operator; the inputs in `fixed` are constants, others may be absent."""
    names = [f"x{i}" if x is not None else "" for i, x in enumerate(inputs)]
    node = onnx.helper.make_node(kind, names, ["y"], **attributes)
    constants = [onnx.numpy_helper.from_array(x, f"x{i}") for i, x in enumerate(inputs) if x is not None and i in fixed]
    ports = [
        onnx.helper.make_tensor_value_info(f"x{i}", onnx.helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
        for i, x in enumerate(inputs)
        if x is not None and i not in fixed
    ]
    kind_of_y = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    graph = onnx.helper.make_graph([node], "g", ports, [kind_of_y], constants)
    proto = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", version)])
    return import_proto(proto, "m", {}, {})


def check(graphs: Sequence[Graph], values: Sequence[list[Array]], wanted: Sequence[Array], scale: float) -> None:
    """References and compiled C are what numpy says, within `scale` of the greatest element."""
    program = build_program([compile_for_test(g, "generic", f"m{i}") for i, g in enumerate(graphs)], Build())
    outcomes = program.execute([Call(inputs, i) for i, inputs in enumerate(values)])
    for k, (graph, inputs, outcome, want) in enumerate(zip(graphs, values, outcomes, wanted, strict=True)):
        for got in (evaluate(graph, inputs), outcome.outputs):
            assert got[0].shape == want.shape, k
            np.testing.assert_allclose(got[0], want, 0, scale * max(1, np.abs(want).max(initial=0)), err_msg=str(k))


EQUATIONS: tuple[tuple[str, tuple[tuple[int, ...], ...]], ...] = (
    ("ij,jk->ik", ((3, 4), (4, 5))),
    ("ij,kj", ((3, 4), (5, 4))),
    ("bhqd,bhkd->bhqk", ((2, 3, 4, 5), (2, 3, 6, 5))),
    ("i,j->ij", ((3,), (4,))),
    ("ii->i", ((4, 4),)),
    ("ii", ((4, 4),)),
    ("ijk->ki", ((2, 3, 4),)),
    ("iji,kj->ik", ((3, 2, 3), (4, 2))),
    ("ij,jk,kl->il", ((2, 3), (3, 4), (4, 5))),
    ("...ij,...jk->...ik", ((2, 1, 3, 4), (5, 4, 2))),
    ("a...,b...->ab...", ((2, 3, 4), (3, 3, 4))),
    ("...,...", ((3, 1), (4,))),
    ("ab,cd->", ((2, 3), (2, 2))),
    ("bn,anm,bm->ba", ((2, 3), (4, 3, 5), (2, 5))),
    ("ij,jk->ik", ((2, 0), (0, 3))),
    ("ij->i", ((2, 0),)),
    ("i,i->", ((0,), (0,))),
)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_einsum(dtype: str) -> None:
    rng = np.random.default_rng(0)
    values = [[rng.integers(-4, 5, s).astype(dtype) for s in shapes] for _, shapes in EQUATIONS]
    graphs = [one_node("Einsum", x, {"equation": e}) for (e, _), x in zip(EQUATIONS, values, strict=True)]
    wanted = [np.asarray(np.einsum(e, *x)) for (e, _), x in zip(EQUATIONS, values, strict=True)]
    check(graphs, values, wanted, 1e-6)


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", ((3, 4),)),
        ("ijk->i", ((3, 4),)),
        ("i->ij", ((3,),)),
        ("i->ii", ((3,),)),
        ("ii->i", ((3, 4),)),
        ("i,i->i", ((3,), (4,))),
        ("i1->i", ((3, 4),)),
    ],
)
def test_bad_equations_are_refused(equation: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(InvalidModel, match="Einsum"):
        one_node("Einsum", [np.zeros(s, np.float32) for s in shapes], {"equation": equation})


LENGTHS = (1, 2, 3, 13, 64, 67, 90, 96, 144, 256, 1000)
"""Small ones, primes, and those that are taken apart or done by Rfft."""


def test_spectra_of_all_lengths() -> None:
    rng = np.random.default_rng(1)
    graphs, values, wanted = [], [], []
    for n in LENGTHS:
        x = rng.normal(size=(2, n, 2)).astype(np.float32)
        whole = np.fft.fft(x[..., 0] + 1j * x[..., 1])
        real = np.fft.fft(x[..., 0])
        for kinds, spectrum in ((2, whole), (1, real)):
            graphs.append(one_node("DFT", [x[..., :kinds].copy(), None, np.array(1)], {}, fixed=(2,)))
            values.append([x[..., :kinds].copy()])
            wanted.append(np.stack([spectrum.real, spectrum.imag], -1))
        half = np.stack([real.real, real.imag], -1)[:, : n // 2 + 1].astype(np.float32)
        inverse: list[tuple[dict[str, int], Array, Array]] = [({"onesided": 1}, x[..., :1].copy(), half)]
        inverse.append(({"inverse": 1}, np.stack([whole.real, whole.imag], -1).astype(np.float32), x))
        inverse.append(({"inverse": 1, "onesided": 1}, half, x[..., :1]))
        for attributes, given, want in inverse:
            length = np.array(n)
            graphs.append(one_node("DFT", [given, length, np.array(1)], attributes, fixed=(1, 2)))
            values.append([given])
            wanted.append(want)
    check(graphs, values, wanted, 2e-6)


def test_other_axes_and_lengths() -> None:
    x = np.random.default_rng(2).normal(size=(3, 8, 5, 1)).astype(np.float32)
    graphs, wanted = [], []
    for axis, length in ((0, 3), (1, 12), (1, 5), (-2, 7)):
        spectrum = np.fft.fft(x[..., 0], length, axis if axis >= 0 else axis + 1)
        graphs.append(one_node("DFT", [x, np.array(length), np.array(axis)], {}, fixed=(1, 2)))
        wanted.append(np.stack([spectrum.real, spectrum.imag], -1))
    check(graphs, [[x]] * len(graphs), wanted, 2e-6)


def test_stft_of_real_and_complex_signals() -> None:
    rng = np.random.default_rng(3)
    graphs, values, wanted = [], [], []
    for kinds, size, step, onesided in ((1, 16, 8, 1), (1, 16, 5, 0), (2, 16, 7, 0), (1, 128, 64, 1)):
        x = rng.normal(size=(2, 300, kinds)).astype(np.float32)
        window = np.hanning(size).astype(np.float32)
        signal = x[..., 0] if kinds == 1 else x[..., 0] + 1j * x[..., 1]
        places = step * np.arange(1 + (300 - size) // step)[:, None] + np.arange(size)
        spectrum = np.fft.fft(signal[:, places] * window)
        spectrum = spectrum[..., : size // 2 + 1] if onesided else spectrum
        graphs.append(one_node("STFT", [x, np.array(step), window], {"onesided": onesided}, fixed=(1, 2)))
        values.append([x])
        wanted.append(np.stack([spectrum.real, spectrum.imag], -1))
    check(graphs, values, wanted, 2e-6)


@pytest.mark.parametrize(
    ("kind", "inputs", "text"),
    [
        ("DFT", [np.zeros((1, 1031, 2), np.float32), None, np.array(1)], "prime factor 1031"),
        ("DFT", [np.zeros((1, 8, 3), np.float32), None, np.array(1)], "no real or complex numbers"),
        ("DFT", [np.zeros((1, 8, 1), np.float32), None, np.array(2)], "parts of complex numbers"),
        ("STFT", [np.zeros((1, 8, 1), np.float32), np.array(2), None, np.array(9)], "frames of 9"),
    ],
)
def test_impossible_transforms_are_refused(kind: str, inputs: list[Array | None], text: str) -> None:
    with pytest.raises((InvalidModel, UnsupportedModel), match=text):
        one_node(kind, inputs, {}, fixed=(1, 2, 3))
