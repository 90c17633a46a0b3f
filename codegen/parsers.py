"""The commands' parsers: every option, its help and the examples."""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path

from edgegen.arguments import positive, shape, size, state, value
from edgegen.emit.weights import FORMS
from edgegen.passes.pipeline import pass_names

COMPILE_HELP = """\
Compiles a trained model to one C99 source and header that need nothing else.

commands (each has --help):
  edgegen MODEL...         compile one or several models: this page
  edgegen verify MODEL     run the emitted C and compare it with the numpy reference
  edgegen inspect MODEL    show a model's nodes, types, MACs and bytes
  edgegen targets          list the cores that code can be emitted for
  edgegen boards           list the boards that a model can be fitted to

A model whose file is called like a command is named by its path: edgegen ./verify
"""
COMPILE_EXAMPLES = """\
examples:
  edgegen kws.tflite --target cortex-m4 -o out       writes out/kws.c, out/kws.h and out/kws.report.json
  edgegen kws.tflite --board nucleo-f446re -o out    the same, and refuses a model that does not fit the board
  edgegen kws.tflite --target host --html            adds kws.report.html: the arena over time, and every node
  edgegen kws.tflite --print-ir-after fuse_pad       shows the graph after a pass
  edgegen kws.tflite vad.onnx --share-arena          one arena, as large as the larger one's, for models that run in
                                                     turn: shared.h; options of one are --shape vad:input=1,512

exit codes: 0 done, 1 the model or the request was refused, 2 the command line was not understood
"""
VERIFY_HELP = """\
Builds the emitted C with the target's compiler, runs it and compares every output with the numpy reference: on this
machine through cffi, for other cores in an emulator. Integers must be equal, floats within 1e-5 of the largest value.
"""
VERIFY_EXAMPLES = """\
examples:
  edgegen verify kws.tflite --target host            three runs on random inputs
  edgegen verify kws.tflite --target cortex-m4       the same on an emulated Cortex-M4, with instructions and stack
  edgegen verify kws.tflite --layers                 compares every node and names the first that differs
  edgegen verify kws.tflite --check-memory           proves that no node changes bytes that others need: the C built
                                                     with -DEDGEGEN_CHECK=2, which firmware can be built with, too
  edgegen verify kws.tflite --inputs clips.npz       arrays in0, in1, ... (s0__in0, ... for several runs), and what they
                                                     should give, if known, as out0, ...

exit codes: 0 all match, 1 something differs or failed, 2 the command line was not understood
"""
INSPECT_HELP = "Shows what is in a model file before anything is compiled: one line per node."
INSPECT_EXAMPLES = "examples:\n  edgegen inspect kws.tflite\n  edgegen inspect kws.tflite --json | jq .macs\n"
TARGETS_HELP = "Lists the cores that code can be emitted for, and what compiles and runs it."
TARGETS_EXAMPLES = "example:\n  edgegen kws.tflite --target arm-neon -o out\n"
BOARDS_HELP = "Lists the boards that a model can be fitted to. A .toml file like those in boards/ describes another."
BOARDS_EXAMPLES = (
    "examples:\n  edgegen kws.tflite --board nucleo-f446re\n  edgegen kws.tflite --board ./my-board.toml\n"
)


def _new_parser(name: str, description: str, examples: str = "") -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=f"edgegen {name}".strip(),
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _add_output_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    parser.add_argument("--debug", action="store_true", help="show a traceback with every error")


def _add_model_arguments(parser: argparse.ArgumentParser, several: bool = False) -> None:
    if several:
        parser.add_argument("models", metavar="MODEL", type=Path, nargs="+", help=".tflite or .onnx files")
    else:
        parser.add_argument("model", metavar="MODEL", type=Path, help="a .tflite or .onnx file")
    parser.add_argument(
        "--shape",
        metavar="NAME=SIZES",
        type=shape,
        action="append",
        default=[],
        help="sizes of an input with free dimensions: input=1,3,224,224 (may be repeated). Of an ONNX model, also of a "
        "free dimension by its name: batch=4, or up to a bound, batch<=8, so that the size is an input",
    )
    parser.add_argument(
        "--signature",
        metavar="KEY",
        action="append",
        default=[],
        help="which of the file's models to take, if it has several; edgegen inspect lists them (default: the first)",
    )
    parser.add_argument(
        "--value",
        metavar="NAME=NUMBERS",
        type=value,
        action="append",
        default=[],
        help="what an input of an ONNX model always holds, so that it is no input any more: sr=16000 (may be repeated)",
    )
    parser.add_argument(
        "--state",
        metavar="INPUT=OUTPUT",
        type=state,
        action="append",
        default=[],
        help="feed an output back to an input from run to run: both become state inside of the model, which NAME_init "
        "resets: h0=hn (may be repeated)",
    )


def _add_compile_arguments(parser: argparse.ArgumentParser, several: bool = False) -> None:
    _add_model_arguments(parser, several)
    parser.add_argument(
        "--target", metavar="T", default="", help="core to emit code for; edgegen targets lists them (default: host)"
    )
    parser.add_argument("--board", metavar="B", default="", help="board to fit, in its memories; implies its target")
    parser.add_argument(
        "--name", metavar="N", default="", help="prefix of the C symbols (default: from the file's name)"
    )
    parser.add_argument(
        "--optimize",
        choices=("speed", "size"),
        default="speed",
        help="speed: inline kernels with their shapes; size: share them among nodes (default: speed)",
    )
    _add_memory_arguments(parser)
    parser.add_argument(
        "--weights",
        choices=FORMS,
        default="auto",
        help="inline: in the C file; separate: as bytes in NAME_weights.bin, which NAME_weights.S includes, and which "
        "compiles at once whatever its size; stream: in NAME_weights.bin outside, from which a function of yours, "
        "NAME_fetch, copies them while the model runs (default: auto, inline up to 512 KiB)",
    )
    parser.add_argument(
        "--portion",
        metavar="SIZE",
        type=size,
        default=0,
        help="of streamed weights, most bytes that are copied at a time, such as 8K; layers with more are computed in "
        "several calls where their kernels can (default: the most that fits --ram or the board; without either 16K)",
    )
    parser.add_argument(
        "--keep",
        metavar="SIZE",
        type=size,
        default=0,
        help="of streamed weights, bytes that stay in flash, such as 64K: those of the smallest layers, which need "
        "most copies (default: none but arrays of up to 2K)",
    )
    parser.add_argument(
        "--print-ir-after",
        metavar="PASS",
        action="append",
        default=[],
        help=f"show the graph after a pass (may be repeated): {', '.join(pass_names())}",
    )
    parser.add_argument(
        "--disable-pass", metavar="PASS", action="append", default=[], help="leave a pass out (may be repeated)"
    )
    parser.add_argument(
        "--check-passes",
        action="store_true",
        help="run the numpy reference before and after each pass; name the first that changed a result",
    )


def _add_memory_arguments(parser: argparse.ArgumentParser) -> None:
    """--ram, --input-rows, --io and --plan-seconds."""
    parser.add_argument(
        "--ram",
        metavar="SIZE",
        type=size,
        default=0,
        help="bytes of arena and state, such as 64K: where whole images do not fit, nodes run on a few rows at a time "
        "(default: what the board has). 64K, 64KB and 64KiB are 65,536",
    )
    parser.add_argument(
        "--input-rows", action="store_true", help="take the image row by row: NAME_push_row in place of NAME_run"
    )
    parser.add_argument(
        "--io",
        choices=("shared", "separate"),
        default="shared",
        help="shared: inputs and outputs lie in the arena and their bytes are reused; separate: they lie beside it, "
        "with the state, so that a run leaves its inputs alone and its outputs last until the next (default: shared)",
    )
    parser.add_argument(
        "--plan-seconds",
        metavar="N",
        type=positive,
        default=10,
        help="how long a slow machine may look for an order of nodes and for places that need less memory; work is "
        "counted, not timed, so that the same model gives the same C on every machine (default: 10)",
    )


def compile_parser() -> argparse.ArgumentParser:
    parser = _new_parser("", COMPILE_HELP, COMPILE_EXAMPLES)
    _add_compile_arguments(parser, several=True)
    parser.add_argument(
        "--share-arena",
        action="store_true",
        help="have all models work in one arena, in NAME_t of NAME.h (--name; default: shared); each keeps its state; "
        "outputs hold until the inputs of another are filled",
    )
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, default=Path("out"), help="folder (default: out)")
    parser.add_argument("--html", action="store_true", help="also write NAME.report.html, a drawing of the arena")
    parser.add_argument(
        "--cc", choices=("gcc", "clang"), help="also compile the C, warnings being errors, and show the code's size"
    )
    _add_output_arguments(parser)
    parser.add_argument("--version", action="version", version=f"edgegen {version('edgegen')}")
    return parser


def verify_parser() -> argparse.ArgumentParser:
    parser = _new_parser("verify", VERIFY_HELP, VERIFY_EXAMPLES)
    _add_compile_arguments(parser)
    parser.add_argument("--layers", action="store_true", help="compare every node, too; control flow is one node")
    parser.add_argument(
        "--check-memory",
        action="store_true",
        help="have the C fill dead bytes of the arena before each node and check after it that no value that is read "
        "later has changed; sizes and instructions are then those of the checks, too",
    )
    parser.add_argument("--inputs", metavar="FILE.npz", type=Path, help="run on these inputs (default: random ones)")
    parser.add_argument("--runs", metavar="N", type=positive, default=3, help="runs on random inputs (default: 3)")
    parser.add_argument("--seed", metavar="S", type=int, default=0, help="of the random inputs (default: 0)")
    parser.add_argument("--cc", choices=("gcc", "clang"), default="gcc", help="compiler (default: gcc)")
    _add_output_arguments(parser)
    return parser


def inspect_parser() -> argparse.ArgumentParser:
    parser = _new_parser("inspect", INSPECT_HELP, INSPECT_EXAMPLES)
    _add_model_arguments(parser)
    _add_output_arguments(parser)
    return parser


def targets_parser() -> argparse.ArgumentParser:
    parser = _new_parser("targets", TARGETS_HELP, TARGETS_EXAMPLES)
    _add_output_arguments(parser)
    return parser


def boards_parser() -> argparse.ArgumentParser:
    parser = _new_parser("boards", BOARDS_HELP, BOARDS_EXAMPLES)
    _add_output_arguments(parser)
    return parser
