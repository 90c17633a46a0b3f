"""Broken and hostile containers and graphs: one clear error each, soon and in little memory."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
import tflite

from edgegen import cli
from edgegen.errors import EdgegenError, InvalidModel, UnsupportedModel
from tests.frontends.tflite.refusals import CONV, WEIGHTS, X, Y, compiled, conv, refusal, replaced
from tests.models.tflite_builder import Operator, Tensor, build_model, options


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
