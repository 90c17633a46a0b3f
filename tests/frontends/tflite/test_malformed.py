"""Broken and hostile files: one clear error each, soon and in little memory."""

from __future__ import annotations

import re
import struct
import time
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
import tflite
from edgegen import cli
from edgegen.compiler import Compiled, compile_graph
from edgegen.emit.render import Origin
from edgegen.errors import EdgegenError, InvalidModel, UnsupportedModel, format_error
from edgegen.frontends import read_model
from edgegen.passes.pipeline import Options as PassOptions
from edgegen.targets import target
from edgegen.verify import Build, build_program

from tests.models.tflite_builder import Operator, Tensor, build_model, options

X = Tensor("x", "INT8", (1, 4, 4, 2), scale=0.5, zero_point=3)
Y = Tensor("y", "INT8", (1, 4, 4, 3), scale=0.25, zero_point=-1)
WEIGHTS = Tensor("w", data=np.ones((3, 3, 3, 2), np.int8), scale=(0.1, 0.2, 0.3), zero_point=0, axis=0)
CONV = options("Conv2DOptions", StrideH=1, StrideW=1, DilationHFactor=1, DilationWFactor=1)


def conv(x: Tensor = X, w: Tensor = WEIGHTS, y: Tensor = Y, more: Sequence[Tensor] = (), **changes: object) -> bytes:
    """A model of one CONV_2D; `changes` are to its options."""
    fields = {**CONV.fields, **changes}
    return build_model([x, w, y, *more], [Operator("CONV_2D", ["x", "w"], ["y"], options("Conv2DOptions", **fields))])


def replaced(tensor: Tensor, **changes: object) -> Tensor:
    return Tensor(**{**tensor.__dict__, **changes})


def compiled(data: bytes) -> Compiled:
    source = read_model(Path("m.tflite"), data, {})
    return compile_graph(source, target("generic"), "m", Origin("m.tflite", "0" * 64, "test"), PassOptions())


def refusal(data: bytes) -> str:
    """The error as the command line prints it. Fails if the model compiles, or if refusing it takes long or much."""
    tracemalloc.start()
    start = time.monotonic()
    with pytest.raises(EdgegenError) as caught:
        compiled(data)
    seconds, (_, peak) = time.monotonic() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 5
    assert peak < 64 << 20
    text = format_error(caught.value)
    assert len(text) < 4000
    assert all(line.isprintable() for line in text.split("\n"))
    return text


def test_the_models_that_are_broken_below_are_sound() -> None:
    assert compiled(conv()).files


# ---- the container ----


@pytest.mark.parametrize("data", [b"", b"abc", b"\0" * 7])
def test_too_short_for_a_model(data: bytes) -> None:
    assert re.search("too short|is empty", refusal(data))


def test_every_truncation_is_refused_or_harmless() -> None:
    """What is cut off the very end may be padding; whatever is left must never give another exception."""
    data, refused = conv(), 0
    for length in range(len(data)):
        try:
            compiled(data[:length])
        except EdgegenError:
            refused += 1
    assert refused >= len(data) - 8


def test_wrong_magic() -> None:
    assert "bytes 4 to 7 are b'ELF\\x01'" in refusal(conv()[:4] + b"ELF\x01" + conv()[8:])


def test_wrong_schema_version() -> None:
    assert "schema version 2" in refusal(build_model([X], [], ["x"], ["x"], schema_version=2))


def test_a_root_beyond_the_end() -> None:
    assert "root table is truncated" in refusal(struct.pack("<I", 1 << 30) + conv()[4:])


def test_no_sub_graph() -> None:
    assert "unknown" not in refusal(b"\x10\0\0\0TFL3" + b"\0" * 64)


def test_vectors_that_claim_billions_of_entries() -> None:
    data = conv()
    counts = [i for i in range(8, len(data) - 4, 4) if 1 <= struct.unpack_from("<I", data, i)[0] <= 54]
    assert len(counts) > 20
    messages = []
    for at in counts:
        for count in (0x7FFFFFFF, 0xFFFFFFFF, 0x10000000):
            try:
                compiled(data[:at] + struct.pack("<I", count) + data[at + 4 :])
            except EdgegenError as error:
                messages.append(str(error))
    assert len(messages) > 2 * len(counts)
    assert max(map(len, messages)) < 1000


def test_one_vector_claimed_over_and_over_is_more_than_the_file_can_hold() -> None:
    """Operators that are all one table, with one long list of inputs, are small in the file and huge when read."""
    b = flatbuffers.Builder(1024)
    long = b.CreateNumpyVector(np.full(20_000, -1, np.int32))
    tflite.OperatorStart(b)
    tflite.OperatorAddInputs(b, long)
    operator = tflite.OperatorEnd(b)
    b.StartVector(4, 20_000, 4)
    for _ in range(20_000):
        b.PrependUOffsetTRelative(operator)
    operators = b.EndVector()
    tflite.SubGraphStart(b)
    tflite.SubGraphAddOperators(b, operators)
    graph = tflite.SubGraphEnd(b)
    tflite.OperatorCodeStart(b)
    code = tflite.OperatorCodeEnd(b)
    vectors = []
    for table in (code, graph):
        b.StartVector(4, 1, 4)
        b.PrependUOffsetTRelative(table)
        vectors.append(b.EndVector())
    tflite.ModelStart(b)
    tflite.ModelAddVersion(b, 3)
    tflite.ModelAddOperatorCodes(b, vectors[0])
    tflite.ModelAddSubgraphs(b, vectors[1])
    b.Finish(tflite.ModelEnd(b), file_identifier=b"TFL3")
    assert "20000 entries are more than the file can hold" in refusal(bytes(b.Output()))


# ---- indices ----


@pytest.mark.parametrize(("inputs", "outputs"), [([0, 9], [2]), ([0, -2], [2]), ([0, 1], [3]), ([0, 1], [-1])])
def test_operators_with_tensors_out_of_range(inputs: list[int], outputs: list[int]) -> None:
    data = build_model([X, WEIGHTS, Y], [Operator("CONV_2D", inputs, outputs, CONV)], ["x"], ["y"])
    assert "of 3 tensors" in refusal(data)


@pytest.mark.parametrize(("inputs", "outputs"), [([7], ["y"]), ([-1], ["y"]), (["x"], [-1]), (["x"], [3])])
def test_model_inputs_and_outputs_out_of_range(inputs: list[int], outputs: list[int]) -> None:
    data = build_model([X, WEIGHTS, Y], [Operator("CONV_2D", ["x", "w"], ["y"], CONV)], inputs, outputs)
    assert "of 3 tensors" in refusal(data)


def test_a_buffer_out_of_range() -> None:
    assert 'tensor 1 "w" uses buffer 99 of 2' in refusal(conv(w=replaced(WEIGHTS, buffer=99)))


def test_an_operator_code_out_of_range() -> None:
    data = build_model([X, WEIGHTS, Y], [Operator("CONV_2D", ["x", "w"], ["y"], CONV, code=5)])
    assert "operator 0 uses operator code 5 of 1" in refusal(data)


# ---- the graph ----


def test_unknown_operators_are_refused_by_name_all_at_once() -> None:
    operators = [
        Operator("custom:MyOp", ["x"], ["a"]),
        Operator("LSH_PROJECTION", ["a"], ["b"]),
        Operator(12345, ["b"], ["y"]),
    ]
    text = refusal(build_model([X, replaced(X, name="a"), replaced(X, name="b"), Y], operators))
    assert text.startswith("edgegen: tflite op 0 custom:MyOp is not supported")
    assert "LSH_PROJECTION (1), code 12345 (1), custom:MyOp (1)" in text


@pytest.mark.parametrize("version", [0, 99, -1])
def test_versions_that_no_import_function_knows(version: int) -> None:
    data = build_model([X, WEIGHTS, Y], [Operator("CONV_2D", ["x", "w"], ["y"], CONV, version=version)])
    assert f"CONV_2D has version {version}" in refusal(data)


def test_cycles_and_use_before_definition() -> None:
    a, b = replaced(X, name="a"), replaced(X, name="b")
    add = options("AddOptions")
    cycle = [Operator("ADD", ["x", "b"], ["a"], add), Operator("ADD", ["x", "a"], ["b"], add)]
    assert 'reads "b", which no earlier operator writes' in refusal(build_model([X, a, b], cycle, ["x"], ["b"]))
    itself = [Operator("ADD", ["x", "a"], ["a"], add)]
    assert 'reads "a", which no earlier operator writes' in refusal(build_model([X, a], itself, ["x"], ["a"]))


def test_tensors_written_twice() -> None:
    a, add = replaced(X, name="a"), options("AddOptions")
    twice = [Operator("ADD", ["x", "x"], ["a"], add), Operator("ADD", ["x", "x"], ["a"], add)]
    assert 'writes "a" s8[1,4,4,2], which already has a value' in refusal(build_model([X, a], twice, ["x"], ["a"]))
    onto_input = [Operator("ADD", ["x", "x"], ["x"], add)]
    assert "already has a value" in refusal(build_model([X], onto_input, ["x"], ["x"]))
    split = [Operator("SPLIT", ["axis", "x"], ["a", "a"], options("SplitOptions", NumSplits=2))]
    axis, half = Tensor("axis", data=np.array([1], np.int32)), replaced(a, shape=(1, 2, 4, 2))
    assert 'writes "a" twice' in refusal(build_model([X, axis, half], split, ["x"], ["a"]))


def test_a_constant_that_is_written() -> None:
    constant = replaced(X, name="a", data=np.zeros(X.shape or (), np.int8))
    data = build_model([X, constant], [Operator("ADD", ["x", "x"], ["a"], options("AddOptions"))], ["x"], ["a"])
    assert "which is a constant" in refusal(data)


def test_operators_without_outputs_and_inputs() -> None:
    assert "has no output" in refusal(build_model([X], [Operator("ADD", ["x", "x"], [])], ["x"], ["x"]))
    assert "lacks input 0" in refusal(build_model([X, Y], [Operator("CONV_2D", [], ["y"], CONV)], ["x"], ["y"]))
    assert "lacks input 1" in refusal(build_model([X, Y], [Operator("CONV_2D", ["x", None], ["y"], CONV)]))
    assert "has no inputs" in refusal(build_model([X, Y], [Operator("CONCATENATION", [], ["y"])], ["x"], ["y"]))


def test_operators_with_more_outputs_than_they_write() -> None:
    z = replaced(Y, name="z")
    data = build_model([X, WEIGHTS, Y, z], [Operator("CONV_2D", ["x", "w"], ["y", "z"], CONV)])
    assert 'has 2 outputs, of which "z" is none of CONV_2D' in refusal(data)


def test_options_of_another_operator() -> None:
    data = build_model([X, WEIGHTS, Y], [Operator("CONV_2D", ["x", "w"], ["y"], options("SoftmaxOptions", Beta=1.0))])
    assert "options are of type" in refusal(data)


def test_options_that_are_no_numbers() -> None:
    y = replaced(X, name="y", scale=1 / 256, zero_point=-128)
    data = build_model([X, y], [Operator("SOFTMAX", ["x"], ["y"], options("SoftmaxOptions", Beta=float("nan")))])
    assert "option Beta" in refusal(data)


def test_inputs_that_are_constants_or_listed_twice() -> None:
    assert 'input "w" is a constant' in refusal(build_model([X, WEIGHTS], [], ["w"], ["x"]))
    assert "listed twice" in refusal(build_model([X], [], ["x", "x"], ["x"]))


def test_outputs_that_are_never_written_or_none() -> None:
    assert 'output "y" is never written' in refusal(build_model([X, Y], [], ["x"], ["y"]))
    assert "no outputs" in refusal(build_model([X], [], ["x"], []))


def test_outputs_that_are_inputs_or_constants_compile() -> None:
    assert compiled(build_model([X, WEIGHTS], [], ["x"], ["x"])).files
    assert compiled(build_model([X, WEIGHTS], [], ["x"], ["w", "x", "x"])).files


# ---- shapes ----


@pytest.mark.parametrize(
    "shape", [(1, -4, 4, 2), (1 << 30, 4, 4, 2), (1 << 16, 1 << 16, 1 << 16, 1 << 16), (1,) * 9, (-1, -1, -1, -1)]
)
def test_negative_and_huge_dimensions(shape: tuple[int, ...]) -> None:
    assert re.search(
        'tensor 0( "x")? .*(negative|impossible)|Shape of tensor 0 .*more than 8',
        refusal(conv(replaced(X, shape=shape))),
    )


def test_activations_that_claim_gigabytes() -> None:
    assert "1,342,177,280 bytes" in refusal(conv(replaced(X, shape=(1, 1 << 14, 1 << 12, 20))))
    paddings = Tensor("p", data=np.array([[0, 0], [0, 1 << 20], [0, 1 << 20], [0, 0]], np.int32))
    data = build_model([X, paddings, replaced(X, name="y")], [Operator("PAD", ["x", "p"], ["y"])])
    assert "is declared s8[1,4,4,2], but its operator computes" in refusal(data)
    huge = replaced(X, name="y", shape=(1, 4 + (1 << 15), 4 + (1 << 14), 2))
    paddings = Tensor("p", data=np.array([[0, 0], [0, 1 << 15], [0, 1 << 14], [0, 0]], np.int32))
    assert "bytes" in refusal(build_model([X, paddings, huge], [Operator("PAD", ["x", "p"], ["y"])]))


def test_tensors_without_elements() -> None:
    assert "it has no elements" in refusal(conv(replaced(X, shape=(1, 0, 4, 2))))


def test_a_declared_shape_that_the_operator_does_not_compute() -> None:
    text = refusal(conv(y=replaced(Y, shape=(1, 5, 4, 3))))
    assert 'CONV_2D "y": "y" is declared s8[1,5,4,3], but its operator computes s8[1,4,4,3]' in text
    wider = replaced(X, name="y", type="INT16")
    assert "is declared s16" in refusal(build_model([X, wider], [Operator("RESHAPE", ["x"], ["y"])]))


def test_signatures_that_contradict_the_shape() -> None:
    assert "signature [1, 5, 4, 2]" in refusal(conv(replaced(X, signature=(1, 5, 4, 2))))
    assert "signature [-1, 4]" in refusal(conv(replaced(X, signature=(-1, 4))))
    assert "signature [-2, 4, 4, 2]" in refusal(conv(replaced(X, signature=(-2, 4, 4, 2))))


def test_ranks_that_operators_do_not_take() -> None:
    assert "must have rank 4" in refusal(conv(replaced(X, shape=(4, 4, 2))))
    assert "must have rank 4" in refusal(conv(w=replaced(WEIGHTS, data=np.ones((3, 6), np.int8), axis=0)))


@pytest.mark.parametrize("size", [0, 1, 53, 55, 108])
def test_constants_whose_bytes_do_not_match_their_shape(size: int) -> None:
    text = refusal(conv(w=replaced(WEIGHTS, data=bytes(size), type="INT8", shape=(3, 3, 3, 2))))
    assert f"{size} bytes, its shape needs 54" in text or size == 0


# ---- quantization ----


@pytest.mark.parametrize("scale", [0.0, float("nan"), float("inf"), -0.5])
def test_scales_that_are_no_scales(scale: float) -> None:
    assert 'tensor "x" has' in refusal(conv(replaced(X, scale=scale)))
    assert 'tensor "w" has' in refusal(conv(w=replaced(WEIGHTS, scale=(0.1, scale, 0.1))))


@pytest.mark.parametrize("zero", [128, -129, 1 << 40])
def test_zero_points_outside_of_the_type(zero: int) -> None:
    assert f"zero point {zero}, outside of s8" in refusal(conv(replaced(X, zero_point=zero)))


def test_as_many_zero_points_as_scales() -> None:
    assert "3 scales and 2 zero points" in refusal(conv(w=replaced(WEIGHTS, zero_point=(0, 0))))


@pytest.mark.parametrize(
    ("scales", "axis"), [((0.1, 0.2), 0), ((0.1, 0.2, 0.3), 9), ((0.1, 0.2, 0.3), -1), ((0.1,) * 2, 3)]
)
def test_scales_along_an_axis_that_has_not_as_many_entries(scales: tuple[float, ...], axis: int) -> None:
    assert "scales on axis" in refusal(conv(w=replaced(WEIGHTS, scale=scales, axis=axis)))


def test_scales_whose_ratio_cannot_be_represented() -> None:
    assert "beyond 32 bits" in refusal(conv(y=replaced(Y, scale=1e-45), FusedActivationFunction=3))


def test_integers_without_quantization() -> None:
    assert '"x" is s8 but has no quantization' in refusal(conv(replaced(X, scale=None)))


# ---- attributes ----


@pytest.mark.parametrize(
    "changes",
    [
        {"StrideH": 0},
        {"StrideW": -1},
        {"DilationHFactor": 0},
        {"DilationWFactor": -(1 << 31)},
        {"StrideH": (1 << 31) - 1},
        {"DilationHFactor": (1 << 31) - 1},
        {"Padding": 7},
        {"FusedActivationFunction": 4},
        {"FusedActivationFunction": 100},
    ],
)
def test_impossible_convolution_options(changes: dict[str, int]) -> None:
    assert 'tflite op 0 CONV_2D "y"' in refusal(conv(**changes))


@pytest.mark.parametrize(
    "changes", [{"FilterHeight": 0}, {"FilterWidth": 1 << 30}, {"StrideH": 0}, {"StrideW": 1 << 30}]
)
@pytest.mark.parametrize("name", ["MAX_POOL_2D", "AVERAGE_POOL_2D"])
def test_impossible_pool_options(name: str, changes: dict[str, int]) -> None:
    fields = {"FilterHeight": 2, "FilterWidth": 2, "StrideH": 1, "StrideW": 1, **changes}
    y = replaced(X, name="y")
    assert f'{name} "y"' in refusal(
        build_model([X, y], [Operator(name, ["x"], ["y"], options("Pool2DOptions", **fields))])
    )


@pytest.mark.parametrize("axis", [4, -5, 1 << 30, -(1 << 31)])
def test_axes_out_of_range(axis: int) -> None:
    y = replaced(X, name="y")
    concat = Operator("CONCATENATION", ["x"], ["y"], options("ConcatenationOptions", Axis=axis))
    assert f"axis {axis} is not one of 4" in refusal(build_model([X, y], [concat]))
    numbers = Tensor("axis", data=np.array([axis], np.int32))
    split = Operator("SPLIT", ["axis", "x"], ["y"], options("SplitOptions", NumSplits=1))
    assert f"axis {axis} is not one of 4" in refusal(build_model([X, numbers, y], [split]))


@pytest.mark.parametrize("wanted", [[-1, -1], [0], [7, 7], [-2, 16], [1 << 30, 1 << 30, 1 << 30]])
def test_reshapes_that_do_not_fit(wanted: list[int]) -> None:
    shape = Tensor("shape", data=np.array(wanted, np.int32))
    data = build_model([X, shape, replaced(X, name="y", shape=(32,))], [Operator("RESHAPE", ["x", "shape"], ["y"])])
    assert "cannot reshape s8[1,4,4,2]" in refusal(data)


def test_a_shape_known_only_at_run_time() -> None:
    shape = Tensor("shape", "INT32", (2,))
    data = build_model([X, shape, replaced(X, name="y", shape=(2, 16))], [Operator("RESHAPE", ["x", "shape"], ["y"])])
    text = refusal(data)
    assert "the shape must be known ahead of time" in text
    assert '"shape" is computed at run time' in text


def test_a_list_of_the_wrong_type() -> None:
    shape = Tensor("shape", data=np.array([2, 16], np.float32))
    data = build_model([X, shape, replaced(X, name="y", shape=(2, 16))], [Operator("RESHAPE", ["x", "shape"], ["y"])])
    assert "must be a list of s32 or s64, is f32[2]" in refusal(data)


# ---- types ----


@pytest.mark.parametrize("kind", ["STRING", "COMPLEX64", "RESOURCE", "VARIANT", "INT4"])
def test_types_that_are_not_computed(kind: str) -> None:
    assert f'tensor "x" has type {kind}' in refusal(conv(replaced(X, type=kind)))


def test_types_that_the_schema_does_not_know() -> None:
    assert 'tensor 0 "x" has unknown type 77' in refusal(conv(replaced(X, type=77)))


@pytest.mark.parametrize(
    "kind", ["FLOAT32", "UINT8", "INT16", "INT32", "INT64", "BOOL", "FLOAT16", "FLOAT64", "UINT64"]
)
def test_types_that_do_not_go_together(kind: str) -> None:
    assert "tflite op 0 CONV_2D" in refusal(conv(replaced(X, type=kind, zero_point=0)))


# ---- names ----

HOSTILE = [
    "*/ int main(void) { return 1; } /*",
    "a\nb\r\n#error c",
    "\\",
    "??/",
    "\x1b[31mred\x07",
    "\u202eevil",
    "",
    "x" * 100_000,
    "int",
    "%s%n",
    '"; system("rm"); "',
    "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_give_sound_c(name: str) -> None:
    data = build_model(
        [replaced(X, name=name), WEIGHTS, replaced(Y, name=f"{name}2")],
        [Operator("CONV_2D", [0, "w"], [2], CONV)],
        [0],
        [2],
    )
    result = compiled(data)
    assert build_program([result], Build()).sizes()
    for text in result.files.values():
        assert max(map(len, text.splitlines())) < 400
        assert text.isascii()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_give_printable_errors(name: str) -> None:
    data = build_model([replaced(X, name=name), Y], [Operator("CONV_2D", [0], ["y"], CONV)], [0], ["y"])
    assert "lacks input 1" in refusal(data)
    assert "is not supported" in refusal(build_model([X, Y], [Operator(f"custom:{name}", ["x"], ["y"])]))


def test_duplicate_names() -> None:
    data = build_model([X, WEIGHTS, replaced(Y, name="x")], [Operator("CONV_2D", [0, 1], [2], CONV)], [0], [2])
    assert compiled(data).files


# ---- the command line ----


def test_the_command_line_refuses_with_one_message_and_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i, data in enumerate((b"", conv()[:300], build_model([X, Y], [Operator("CONV_2D", ["x"], ["y"], CONV)]))):
        path = tmp_path / f"broken{i}.tflite"
        path.write_bytes(data)
        assert cli.main([str(path), "--target", "generic", "-o", str(tmp_path / "out")]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("edgegen: ")
        assert "Traceback" not in err
        assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True


def test_errors_say_what_is_invalid_and_what_unsupported() -> None:
    with pytest.raises(InvalidModel):
        compiled(conv()[:200])
    with pytest.raises(UnsupportedModel):
        compiled(build_model([X, Y], [Operator("custom:A", ["x"], ["y"])]))
