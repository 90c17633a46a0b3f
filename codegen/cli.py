"""The command line: commands and printing. What they do is in edgegen.api and edgegen.verify."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edgegen.api import Artifact, compile, share_arena, write_models
from edgegen.arguments import each_model
from edgegen.compiler import read
from edgegen.errors import EdgegenError, UsageError, format_error
from edgegen.parsers import boards_parser, compile_parser, inspect_parser, targets_parser, verify_parser
from edgegen.passes.pipeline import Options
from edgegen.progress import Progress
from edgegen.report.inspection import inspection, inspection_text
from edgegen.report.listings import board_rows, boards_text, target_rows, targets_text
from edgegen.report.summary import sharing, summary
from edgegen.report.table import text_table
from edgegen.verify import Build, Verification, verify_model

Arguments = argparse.Namespace


def print_json(data: Any) -> None:
    print(json.dumps(data, indent=2, ensure_ascii=False))


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
        portion=args.portion,
        keep=args.keep,
        states=dict(args.state),
        values=dict(args.value),
        ram=args.ram,
        input_rows=args.input_rows,
    )


def _build(args: Arguments) -> Build:
    """gcc stands for the target's own GNU compiler, which has a prefix on a cross target."""
    return Build(cc="" if args.cc == "gcc" else args.cc)


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


def run_targets(args: Arguments, _progress: Progress) -> int:
    if args.json:
        print_json(target_rows())
    else:
        print(targets_text())
    return 0


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
