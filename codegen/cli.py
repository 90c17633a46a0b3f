"""The command line: arguments and printing. What it does is in edgegen.api and edgegen.verify."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edgegen.api import Artifact, compile, share_arena, write_models
from edgegen.arguments import add_memory_arguments, each_model, positive, shape, state, value
from edgegen.compiler import read
from edgegen.emit.weights import FORMS
from edgegen.errors import EdgegenError, UsageError, format_error
from edgegen.passes.pipeline import Options, pass_names
from edgegen.progress import Progress
from edgegen.report.inspection import inspection, inspection_text
from edgegen.report.listings import board_rows, boards_text, target_rows, targets_text
from edgegen.report.summary import sharing, summary
from edgegen.report.table import text_table
from edgegen.verify import Build, Verification, verify_model

Arguments = argparse.Namespace

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


def print_json(data: Any) -> None:
    print(json.dumps(data, indent=2, ensure_ascii=False))


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
    add_memory_arguments(parser)
    parser.add_argument(
        "--weights",
        choices=FORMS,
        default="auto",
        help="inline: in the C file; separate: as bytes in NAME_weights.bin, which NAME_weights.S includes, and which "
        "compiles at once whatever its size (default: auto, inline up to 512 KiB)",
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


def _compile(args: Arguments, progress: Progress) -> Artifact:
    def show(text: str) -> None:
        progress.clear()
        print(text, file=sys.stderr if args.json else sys.stdout)

    passes = Options(args.disable_pass, args.print_ir_after, show, args.check_passes, progress)
    return compile(
        args.model,
        target=args.target,
        shapes=dict(args.shape),
        board=args.board,
        name=args.name,
        optimize=args.optimize,
        plan_seconds=args.plan_seconds,
        io=args.io,
        passes=passes,
        signature=args.signature[-1] if args.signature else "",
        weights=args.weights,
        states=dict(args.state),
        values=dict(args.value),
        ram=args.ram,
        input_rows=args.input_rows,
    )


def _build(args: Arguments) -> Build:
    """gcc stands for the target's own GNU compiler, which has a prefix on a cross target."""
    return Build(cc="" if args.cc == "gcc" else args.cc)


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


def run_compile(args: Arguments, progress: Progress) -> int:
    artifacts = [_compile(own, progress) for own in each_model(args)]
    together = share_arena(artifacts, args.name or "shared") if args.share_arena else None
    models = together.models if together else tuple(artifacts)
    progress("report")
    reports = [a.report() for a in models]
    texts = [summary(r) for r in reports]
    if args.cc:
        for i, artifact in enumerate(models):
            progress(f"compile the C with {args.cc}")
            model = artifact.build(_build(args).cc)
            reports[i] |= {"text_bytes": model.text_bytes, "rodata_bytes": model.rodata_bytes}
            texts[i] += f"\n  compiled with {args.cc}: text {model.text_bytes:,} B, rodata {model.rodata_bytes:,} B"
    written = together.write(args.output, args.html) if together else write_models(models, args.output, args.html)
    progress.clear()
    files = [str(p) for p in written]
    if args.json:
        several = {"models": reports, "shared": together.report() if together else None, "files": files}
        print_json(several if together or len(reports) > 1 else {**reports[0], "files": files})
        return 0
    print("\n".join([*texts, *([sharing(together.report())] if together else [])]))
    for i, path in enumerate(files):
        print(f"{'wrote' if i == 0 else '     '} {path}")
    return 0


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


def _verification_text(name: str, v: Verification) -> str:
    def size(value: int | None, unit: str = "B") -> str:
        return "not measured" if value is None else f"{value:,} {unit}".rstrip()

    lines = [f"{name} on {v.target}: {'matches' if v.match else 'DIFFERS'}"]
    for run in v.runs:
        for output in run.outputs:
            lines.append(f'  {run.label}, output "{output.name}": {output.reference}')
            if output.recorded is not None:
                lines.append(f"    recorded output: {output.recorded}")
    if any(run.by_layers for run in v.runs):
        lines.append("  it quantizes while it runs, so that a last bit may change all that follows: its nodes decide")
    shown = next((run for run in v.runs if run.first_difference), v.runs[0])
    if shown.layers:
        rows = [
            (
                layer.step,
                layer.node.op.kind,
                layer.node.kernel.name if layer.node.kernel else None,
                str(layer.difference),
            )
            for layer in shown.layers
        ]
        lines += ["", text_table(("node", "op", "kernel", f"result in {shown.label}"), rows), ""]
        first = v.first_difference
        lines.append(f"  first node that differs: {first.name if first else 'none'}")
    if v.memory_checked:
        lines.append("  memory: every node has changed its results and its scratch, and nothing else")
    facts = [
        ("instructions", size(v.instructions, "")),
        ("arena", size(v.arena_bytes)),
        ("state", size(v.state_bytes)),
        ("instance", size(v.instance_bytes)),
        ("stack", size(v.stack_bytes)),
        ("text", size(v.text_bytes)),
        ("rodata", size(v.rodata_bytes)),
    ]
    width = max(len(value) for _, value in facts)
    return "\n".join([*lines, *(f"  {label:<12}  {value.rjust(width)}" for label, value in facts)])


def run_verify(args: Arguments, progress: Progress) -> int:
    artifact = _compile(args, progress)
    progress(f"verify on {artifact.compiled.target.name}")
    build = replace(_build(args), check_memory=args.check_memory)
    result = verify_model(artifact.compiled, args.inputs, args.runs, args.seed, args.layers, build)
    progress.clear()
    if args.json:
        print_json({"name": artifact.name, **result.summary()})
    else:
        print(_verification_text(artifact.name, result))
    return 0 if result.match else 1


def inspect_parser() -> argparse.ArgumentParser:
    parser = _new_parser("inspect", INSPECT_HELP, INSPECT_EXAMPLES)
    _add_model_arguments(parser)
    _add_output_arguments(parser)
    return parser


def run_inspect(args: Arguments, progress: Progress) -> int:
    progress("read")
    graph, _ = read(
        args.model, dict(args.shape), args.signature[-1] if args.signature else "", dict(args.state), dict(args.value)
    )
    data = inspection(graph)
    progress.clear()
    if args.json:
        print_json(data)
    else:
        print(inspection_text(data))
    return 0


def targets_parser() -> argparse.ArgumentParser:
    parser = _new_parser("targets", TARGETS_HELP, TARGETS_EXAMPLES)
    _add_output_arguments(parser)
    return parser


def run_targets(args: Arguments, _progress: Progress) -> int:
    if args.json:
        print_json(target_rows())
    else:
        print(targets_text())
    return 0


def boards_parser() -> argparse.ArgumentParser:
    parser = _new_parser("boards", BOARDS_HELP, BOARDS_EXAMPLES)
    _add_output_arguments(parser)
    return parser


def run_boards(args: Arguments, _progress: Progress) -> int:
    if args.json:
        print_json(board_rows())
    else:
        print(boards_text())
    return 0


@dataclass(frozen=True)
class Command:
    parser: Callable[[], argparse.ArgumentParser]
    run: Callable[[Arguments, Progress], int]


COMMANDS = {
    "verify": Command(verify_parser, run_verify),
    "inspect": Command(inspect_parser, run_inspect),
    "targets": Command(targets_parser, run_targets),
    "boards": Command(boards_parser, run_boards),
}
COMPILE = Command(compile_parser, run_compile)


def _internal(error: Exception) -> EdgegenError:
    return EdgegenError(
        f"internal error: {type(error).__name__}: {error}",
        [("why", "edgegen met a case that it does not handle")],
        "run again with --debug and report the traceback with the model",
    )


def _abandon_stdout() -> None:
    """Whatever is still buffered for a closed stdout goes nowhere, so that the interpreter's exit is silent too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line; returns its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    command = COMMANDS.get(words[0]) if words else None
    parser = (command or COMPILE).parser()
    if not words:
        parser.print_help()
        return 2
    args = parser.parse_args(words[1:] if command else words)
    progress = Progress()

    def fail(error: EdgegenError) -> int:
        progress.clear()
        print(format_error(error), file=sys.stderr)
        return 1

    try:
        code = (command or COMPILE).run(args, progress)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _abandon_stdout()
        return 141  # as if killed by SIGPIPE
    except KeyboardInterrupt:
        progress.clear()
        print("edgegen: interrupted", file=sys.stderr)
        return 130
    except EdgegenError as error:
        if args.debug:
            raise
        return fail(error)
    except OSError as error:
        if args.debug:
            raise
        where = f" {error.filename}" if error.filename else ""
        return fail(UsageError(f"cannot read or write{where}: {error.strerror or error}"))
    except Exception as error:
        if args.debug:
            raise
        return fail(_internal(error))
