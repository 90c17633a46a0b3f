"""The command line as its user meets it: what it prints, what it writes, how it refuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgegen import cli
from edgegen.arguments import size as size_of
from edgegen.errors import EdgegenError

DIGITS = Path(__file__).resolve().parents[1] / "examples" / "digits" / "digits.tflite"
MODEL = str(DIGITS)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of one command line."""
    code = cli.main(words)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def out(tmp_path: Path) -> str:
    return str(tmp_path / "out")


def test_compile_writes_three_files_and_says_what_the_model_costs(capsys, out) -> None:
    code, text, errors = run(capsys, MODEL, "--target", "generic", "-o", out)
    assert (code, errors) == (0, "")
    assert sorted(p.name for p in Path(out).iterdir()) == ["digits.c", "digits.h", "digits.report.json"]
    report = json.loads((Path(out) / "digits.report.json").read_text())
    for fact in (f"arena {report['arena_bytes']:>15,} B", f"{report['macs']:,} MACs", str(Path(out) / "digits.c")):
        assert " ".join(fact.split()) in " ".join(text.split())


def test_compile_twice_gives_the_same_bytes(capsys, tmp_path) -> None:
    for folder in ("a", "b"):
        assert run(capsys, MODEL, "--target", "cortex-m4", "-o", str(tmp_path / folder), "--html")[0] == 0
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert names == ["digits.c", "digits.h", "digits.report.html", "digits.report.json"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_json_is_all_that_stdout_gets(capsys, out) -> None:
    words = (MODEL, "--target", "generic", "-o", out, "--json", "--cc", "gcc", "--print-ir-after", "plan_arena")
    code, text, errors = run(capsys, *words)
    data = json.loads(text)
    assert code == 0
    assert data["name"] == "digits"
    assert data["text_bytes"] > 0
    assert data["rodata_bytes"] >= data["weights_bytes"] > data["state_bytes"] == 0
    assert [Path(f).name for f in data["files"]] == ["digits.c", "digits.h", "digits.report.json"]
    assert errors.startswith("; after plan_arena\ngraph ")


def test_name_and_size(capsys, out) -> None:
    assert run(capsys, MODEL, "--name", "Reader", "--optimize", "size", "-o", out)[0] == 0
    assert "Reader_run" in (Path(out) / "Reader.h").read_text()
    assert "EDGEGEN_OPTIMIZE_SIZE" in (Path(out) / "Reader.c").read_text()


def test_the_effort_for_a_plan_changes_neither_a_proof_nor_the_c(capsys, tmp_path) -> None:
    texts = []
    for seconds in ("1", "20"):
        words = (MODEL, "--target", "generic", "-o", str(tmp_path / seconds), "--plan-seconds", seconds)
        code, text, _ = run(capsys, *words)
        assert code == 0
        assert "the least for any order of nodes" in text
        texts.append((tmp_path / seconds / "digits.c").read_bytes())
    assert texts[0] == texts[1]


def test_passes_can_be_shown_checked_and_left_out(capsys, out) -> None:
    words = (MODEL, "-o", out, "--check-passes", "--print-ir-after", "fold_constants")
    code, text, _ = run(capsys, *words)
    assert code == 0
    assert text.startswith('; after fold_constants\ngraph "digits"\n')
    code, text, _ = run(capsys, *words, "--disable-pass", "fold_constants")
    assert code == 0
    assert "; after fold_constants" not in text


def test_a_model_called_like_a_command_is_reached_by_its_path(capsys, tmp_path, monkeypatch) -> None:
    shutil.copy(DIGITS, tmp_path / "verify")
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "./verify")[0] == 0
    assert (tmp_path / "out" / "verify.c").is_file()


def test_a_model_called_like_a_header_of_the_c_library_leaves_it_alone(capsys, tmp_path, monkeypatch) -> None:
    shutil.copy(DIGITS, tmp_path / "features.tflite")
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "features.tflite", "--target", "generic")[0] == 0
    assert (tmp_path / "out" / "m_features.h").is_file()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((MODEL, "--target", "cortex-m5"), 'unknown target "cortex-m5"'),
        ((MODEL, "--board", "nucleo"), "nucleo"),
        ((MODEL, "--name", "2fast"), '"2fast" cannot be a model\'s name'),
        ((MODEL, "--name", "features"), "the C library has a header features.h"),
        ((MODEL, "--print-ir-after", "fuse_everything"), "fuse_everything"),
        ((MODEL, "--disable-pass", "plan_arena"), "plan_arena cannot be disabled"),
        ((MODEL, "--shape", "picture=1,8,8,1"), 'no input "picture"'),
        ((MODEL, "-o", __file__), "cannot write"),
        (("missing.tflite",), "cannot read missing.tflite"),
        ((".",), "cannot read ."),
        ((__file__,), "in no format that edgegen reads"),
        (("verify", MODEL, "--inputs", "missing.npz"), "cannot read missing.npz"),
        (("inspect", "missing.tflite"), "cannot read missing.tflite"),
    ],
)
def test_refusals_are_one_message_and_exit_code_1(capsys, tmp_path, monkeypatch, words, says) -> None:
    monkeypatch.chdir(tmp_path)
    code, text, errors = run(capsys, *words)
    assert (code, text) == (1, "")
    assert errors.startswith("edgegen: ")
    assert says in errors
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_debug_lets_the_traceback_through(capsys) -> None:
    with pytest.raises(EdgegenError, match="cannot read missing"):
        run(capsys, "missing.tflite", "--debug")


@pytest.mark.parametrize(
    "words",
    [
        (MODEL, "--shape", "image"),
        (MODEL, "--shape", "image=1,0"),
        (MODEL, "--shape", "image=1,x"),
        (MODEL, "--optimize", "beauty"),
        (MODEL, "--targ", "host"),
        ("verify", MODEL, MODEL),
        ("verify",),
        ("verify", MODEL, "--runs", "0"),
        ("--json",),
    ],
)
def test_a_command_line_that_is_not_understood_exits_with_2(capsys, words) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(capsys, *words)
    assert stopped.value.code == 2
    assert "usage: edgegen" in capsys.readouterr().err


def test_no_arguments_show_the_help(capsys) -> None:
    code, text, _ = run(capsys)
    assert code == 2
    assert "examples:" in text


@pytest.mark.parametrize("command", ["", *cli.COMMANDS])
def test_help_of_every_command(capsys, command) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(capsys, *filter(None, (command, "--help")))
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: edgegen {command}".strip())
    assert "example" in text
    assert all(len(line) <= 120 for line in text.splitlines())


VERIFY_KEYS = {
    "match",
    "max_abs_error",
    "max_ulp",
    "instructions",
    "arena_bytes",
    "state_bytes",
    "instance_bytes",
    "stack_bytes",
    "text_bytes",
    "rodata_bytes",
}


def test_verify_on_this_machine(capsys) -> None:
    code, text, errors = run(capsys, "verify", MODEL, "--json", "--runs", "2")
    data = json.loads(text)
    assert (code, errors) == (0, "")
    assert data.keys() >= VERIFY_KEYS
    assert (data["match"], data["max_abs_error"], data["max_ulp"]) == (True, 0, 0)
    assert data["instructions"] is None
    assert data["instance_bytes"] >= data["arena_bytes"] > data["state_bytes"] == 0
    assert len(data["runs"]) == 2


@pytest.mark.cross
@pytest.mark.parametrize("target", ["cortex-m4", "arm-neon"])
def test_verify_in_an_emulator_measures(capsys, target) -> None:
    code, text, _ = run(capsys, "verify", MODEL, "--target", target, "--json", "--runs", "1")
    data = json.loads(text)
    assert (code, data["match"]) == (0, True)
    assert data["instructions"] > 10_000
    assert data["text_bytes"] > 0
    if target == "cortex-m4":
        assert data["stack_bytes"] > 0


def test_verify_proves_the_plan_of_memory(capsys) -> None:
    code, text, _ = run(capsys, "verify", MODEL, "--target", "generic", "--check-memory", "--layers")
    assert code == 0
    assert "memory: every node has changed its results and its scratch, and nothing else" in text
    code, text, _ = run(capsys, "verify", MODEL, "--target", "generic", "--check-memory", "--json")
    assert json.loads(text)["memory_checked"]


def test_verify_layers_names_every_node(capsys) -> None:
    code, text, _ = run(capsys, "verify", MODEL, "--target", "generic", "--layers")
    assert code == 0
    assert "first node that differs: none" in text
    for row in ("conv2d_s8", "softmax_s8"):
        assert row in text


def test_verify_exits_with_1_when_an_output_differs(capsys, tmp_path) -> None:
    rng = np.random.default_rng(5)
    inputs = rng.integers(-128, 128, (1, 8, 8, 1)).astype(np.int8)
    np.savez(tmp_path / "wrong.npz", in0=inputs, out0=np.full((1, 10), 99, np.int8))
    code, text, _ = run(capsys, "verify", MODEL, "--inputs", str(tmp_path / "wrong.npz"))
    assert code == 1
    assert "DIFFERS" in text
    assert "recorded output: " in text
    code, text, _ = run(capsys, "verify", MODEL, "--inputs", str(tmp_path / "wrong.npz"), "--json")
    assert (code, json.loads(text)["match"]) == (1, False)


def test_inspect(capsys) -> None:
    code, text, _ = run(capsys, "inspect", MODEL)
    assert code == 0
    assert text.startswith("digits: 8 nodes, ")
    code, text, _ = run(capsys, "inspect", MODEL, "--json")
    data = json.loads(text)
    assert code == 0
    assert [n["op"] for n in data["nodes"]][:2] == ["Conv2d", "DepthwiseConv2d"]
    assert data["macs"] == sum(n["macs"] for n in data["nodes"])
    assert data["nodes"][0]["macs"] == 8 * 8 * 16 * 3 * 3


@pytest.mark.parametrize("command", ["targets", "boards"])
def test_lists_are_tables_for_people_and_json_for_programs(capsys, command) -> None:
    code, text, _ = run(capsys, command)
    assert code == 0
    code, data, _ = run(capsys, command, "--json")
    names = [row["name"] for row in json.loads(data)]
    assert code == 0
    assert names
    for name in names:
        assert f"\n{name} " in text


def test_interrupts_and_defects_leave_no_traceback(capsys, monkeypatch) -> None:
    def raising(error: BaseException):
        def command(_args, _progress) -> int:
            raise error

        return cli.Command(cli.targets_parser, command)

    monkeypatch.setitem(cli.COMMANDS, "targets", raising(KeyboardInterrupt()))
    assert run(capsys, "targets") == (130, "", "edgegen: interrupted\n")
    monkeypatch.setitem(cli.COMMANDS, "targets", raising(OSError(28, "No space left on device", "x.c")))
    assert run(capsys, "targets") == (1, "", "edgegen: cannot read or write x.c: No space left on device\n")
    monkeypatch.setitem(cli.COMMANDS, "targets", raising(KeyError("k")))
    code, _, errors = run(capsys, "targets")
    assert code == 1
    assert errors.startswith("edgegen: internal error: KeyError: 'k'\n")
    assert "--debug" in errors


def test_the_module_is_the_command_and_a_closed_pipe_is_silent() -> None:
    command = [sys.executable, "-m", "edgegen", "targets"]
    whole = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "cortex-m4" in whole.stdout
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as closed:
        cut = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, check=False)
    assert (cut.returncode, cut.stderr) == (141, "")


def test_ram_is_a_limit_in_bytes(capsys, out) -> None:
    code, _, errors = run(capsys, MODEL, "--target", "generic", "-o", out, "--ram", "1M")
    assert (code, errors) == (0, "")
    code, text, errors = run(capsys, MODEL, "--target", "generic", "-o", out, "--ram", "64")
    assert (code, text) == (1, "")
    assert errors.startswith("edgegen: no plan needs 64 B or less\n  least ")
    assert "Traceback" not in errors
    code, _, errors = run(capsys, MODEL, "--target", "generic", "-o", out, "--ram", "64", "--io", "separate")
    assert code == 1
    assert "inputs and outputs with it: --io shared has them in the arena" in errors


@pytest.mark.parametrize(
    ("text", "bytes_"), [("7", 7), ("64kb", 1 << 16), ("64KiB", 1 << 16), ("2m", 1 << 21), ("1GB", 1 << 30)]
)
def test_sizes(text: str, bytes_: int) -> None:
    assert size_of(text) == bytes_


@pytest.mark.parametrize("size", ["0", "-1", "64Q", "K", "1.5K", "1KBB", "KB1"])
def test_sizes_that_are_none_are_refused(capsys, size) -> None:
    with pytest.raises(SystemExit) as stop:
        run(capsys, MODEL, "--ram", size)
    assert stop.value.code == 2
    assert "is not a size, such as 65536, 64K or 1M" in capsys.readouterr().err


def test_input_rows_replaces_the_run_by_rows(capsys, out) -> None:
    code, _, errors = run(capsys, MODEL, "--target", "generic", "-o", out, "--input-rows")
    assert (code, errors) == (0, "")
    header = (Path(out) / "digits.h").read_text()
    assert "digits_status digits_push_row(digits_t *m, const int8_t *row);" in header
    assert "digits_run(" not in header


def test_streamed_weights_are_a_file_and_a_function(capsys, out, tmp_path) -> None:
    code, text, errors = run(capsys, MODEL, "--target", "generic", "--weights", "stream", "--portion", "2K", "-o", out)
    assert (code, errors) == (0, "")
    folder = Path(out)
    assert sorted(p.name for p in folder.iterdir()) == [
        "digits.c",
        "digits.h",
        "digits.report.json",
        "digits_weights.bin",
    ]
    stream = json.loads((folder / "digits.report.json").read_text())["stream"]
    size = (folder / "digits_weights.bin").stat().st_size
    assert stream["file_bytes"] == stream["copied_bytes"] == size
    assert stream["portion_bytes"] == 2048
    assert f"#define DIGITS_STREAMED_BYTES {size}\n" in (folder / "digits.h").read_text()
    assert f"{size:,} B a run in {stream['copies']} copies" in text
    report = run(capsys, MODEL, "--target", "generic", "-o", str(tmp_path / "inline"), "--json")[1]
    assert json.loads(report)["stream"] is None


@pytest.mark.parametrize("more", [[], ["--input-rows"], ["--ram", "4K"], ["--portion", "2K"], ["--keep", "8K"]])
def test_streamed_weights_are_verified(capsys, more) -> None:
    options = ["--target", "generic", "--weights", "stream", "--check-memory", *more]
    code, text, errors = run(capsys, "verify", MODEL, *options)
    assert (code, errors) == (0, "")
    assert "memory: every node has changed its results" in text


def test_portions_belong_to_streamed_weights(capsys, out) -> None:
    code, text, errors = run(capsys, MODEL, "--portion", "4K", "-o", out)
    assert (code, text) == (1, "")
    assert "--weights stream" in errors
    code, text, errors = run(capsys, MODEL, "--keep", "4K", "-o", out)
    assert (code, text) == (1, "")
    assert "--weights stream" in errors
    assert not Path(out).exists()
