"""The test suite that the onnx package carries, run as compiled C, many models to a program.

python -m tests.frontends.onnx.suite [--target TARGET] [--page docs/onnx.md] [NAME ...]
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.numpy_helper
from onnx.backend.test.case.test_case import TestCase
from onnx.backend.test.loader import load_model_tests

from edgegen.compiler import Compiled
from edgegen.errors import EdgegenError, ToolchainFailed
from edgegen.frontends.onnx import read_proto
from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array
from edgegen.onnx_backend import Specialized, compile_specialized, named_inputs, specialize, structured
from edgegen.targets import target as find_target
from edgegen.verify import Build, Call, build_program
from edgegen.verify.native import NativeProgram

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
BATCH = 128  # models in one program
PAGE = Path(__file__).resolve().parents[3] / "docs" / "onnx.md"


@dataclass(frozen=True)
class Example:
    """A model with the values of its inputs and of its outputs."""

    name: str
    model: bytes
    inputs: list[Any]
    outputs: list[Any]
    rtol: float
    atol: float


@dataclass(frozen=True)
class Result:
    """verdict: "passed", "refused" (with the reason), "wrong" or "crashed"."""

    name: str
    verdict: str
    reason: str = ""


def _value(info: onnx.ValueInfoProto, path: Path) -> Any:
    kind = info.type.WhichOneof("value")
    if kind == "sequence_type":
        sequence = onnx.SequenceProto()
        sequence.ParseFromString(path.read_bytes())
        return onnx.numpy_helper.to_list(sequence)
    if kind == "optional_type":
        optional = onnx.OptionalProto()
        optional.ParseFromString(path.read_bytes())
        return onnx.numpy_helper.to_optional(optional)
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return onnx.numpy_helper.to_array(tensor)


def _plain(value: Any) -> Any:
    return onnx.numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def examples(case: TestCase) -> Iterator[Example]:
    """Each data set of one case of the suite."""
    if case.model_dir is None:
        data = case.model.SerializeToString()
        for inputs, outputs in case.data_sets:
            yield Example(case.name, data, list(map(_plain, inputs)), list(map(_plain, outputs)), case.rtol, case.atol)
        return
    folder = Path(case.model_dir)
    data = (folder / "model.onnx").read_bytes()
    graph = onnx.load_model_from_string(data).graph
    for values in sorted(folder.glob("test_data_set*")):
        inputs, outputs = (
            [_value(info, path) for k, info in enumerate(ports) if (path := values / f"{kind}_{k}.pb").is_file()]
            for kind, ports in (("input", graph.input), ("output", graph.output))
        )
        yield Example(case.name, data, inputs, outputs, case.rtol, case.atol)


def all_examples() -> list[Example]:
    """Every example of the suite, in its order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflows that the suite's own generators meet
        cases = [case for kind in KINDS for case in load_model_tests(kind=kind)]
        return [example for case in cases for example in examples(case)]


def _flat(values: Sequence[Any]) -> list[Array]:
    """Sequences and optionals as the tensors that they hold."""
    flat: list[Array] = []
    for value in values:
        if isinstance(value, list):
            flat += _flat(value)
        elif value is not None:
            flat.append(np.asarray(value))
    return flat


def difference(example: Example, got: Sequence[Array]) -> str:
    """What distinguishes outputs from the suite's, by its own tolerances; "" if nothing does."""
    wanted = _flat(example.outputs)
    if len(got) != len(wanted):
        return f"{len(got)} outputs, not {len(wanted)}"
    for a, b in zip(got, wanted, strict=True):
        if (a.dtype, a.shape) != (b.dtype, b.shape):
            return f"{a.dtype}{list(a.shape)}, not {b.dtype}{list(b.shape)}"
        try:
            if b.dtype.kind in "fc":
                np.testing.assert_allclose(a, b, rtol=example.rtol, atol=example.atol)
            elif b.dtype.kind == "V":  # bfloat16 and smaller floats, which numpy does not subtract
                np.testing.assert_allclose(
                    a.astype(np.float32), b.astype(np.float32), rtol=example.rtol, atol=example.atol
                )
            else:
                np.testing.assert_array_equal(a, b)
        except AssertionError as error:
            return " ".join(str(error).split())[:160]
    return ""


def results(example: Example, specialized: Specialized, outputs: Sequence[Array]) -> list[Array]:
    """The tensors of a run's outputs, cut to their actual extents."""
    model = onnx.load_model_from_string(example.model)
    return _flat(structured(model, [t.name for t in specialized.graph.outputs], outputs))


def prepare(example: Example) -> tuple[Specialized, list[Array]]:
    """The example's graph and the values of its inputs. Raises EdgegenError."""
    proto = read_proto(example.model, Path())
    inputs = named_inputs(proto, example.inputs)
    specialized = specialize(proto, inputs)
    return specialized, specialized.arguments(inputs)


def _refusal(error: EdgegenError) -> str:
    lacks = next((text for key, text in error.details if key == "lacks"), "")
    if lacks:
        return next((text for key, text in error.details if key == "why"), f"lacks {lacks}")
    return re.sub(r'^onnx node [\d/]+ (\w+)( "[^"]*")?', r"\1", error.what)


def evaluated(example: Example) -> Result:
    """One example by the numpy reference alone."""
    try:
        specialized, values = prepare(example)
        wrong = difference(example, results(example, specialized, evaluate(specialized.graph, values)))
    except EdgegenError as error:
        return Result(example.name, "refused", _refusal(error))
    except Exception as error:
        return Result(example.name, "crashed", f"{type(error).__name__}: {error}")
    return Result(example.name, "wrong" if wrong else "passed", wrong)


@dataclass(frozen=True)
class _Ready:
    """An example whose C is to be run on `values`."""

    example: Example
    specialized: Specialized
    compiled: Compiled
    values: list[Array]


def run(chosen: Sequence[Example], target: str = "host", batch: int = BATCH) -> Iterator[Result]:
    """Compiles and runs examples, many to a program that shares kernels; a result for each, in no certain order.

    The C is what `--optimize size` gives, compiled without optimization: the compiler's time is what counts here.
    """
    core = replace(find_target(target), optimize="size")
    ready: list[_Ready] = []
    for i, example in enumerate(chosen):
        try:
            specialized, values = prepare(example)
            ready.append(_Ready(example, specialized, compile_specialized(specialized, f"m{i}", core), values))
        except EdgegenError as error:
            yield Result(example.name, "refused", _refusal(error))
        except Exception as error:  # the suite reports what should never happen, too
            yield Result(example.name, "crashed", f"{type(error).__name__}: {error}"[:200])
        if len(ready) == batch:
            yield from _run_batch(ready)
            ready = []
    yield from _run_batch(ready)


def _run_batch(ready: Sequence[_Ready]) -> Iterator[Result]:
    """Programs that cannot be built or that crash are halved until the model that is to blame stands alone."""
    if not ready:
        return
    models, build = [r.compiled for r in ready], Build(cflags=("-O0",), together=True)
    try:
        native = models[0].target.runner == "native"  # in a process of its own, which may crash
        program = NativeProgram(models, build) if native else build_program(models, build)
        outcomes = program.execute([Call(r.values, k) for k, r in enumerate(ready)])
    except ToolchainFailed as error:
        if len(ready) == 1:
            yield Result(ready[0].example.name, "crashed", f"{error.what}: {error.details}"[:600])
            return
        half = len(ready) // 2
        yield from _run_batch(ready[:half])
        yield from _run_batch(ready[half:])
        return
    for each, outcome in zip(ready, outcomes, strict=True):
        wrong = difference(each.example, results(each.example, each.specialized, outcome.outputs))
        yield Result(each.example.name, "wrong" if wrong else "passed", wrong)


def operators(example: Example) -> str:
    """What an example shows: the operator of its first node."""
    node = onnx.load_model_from_string(example.model).graph.node[0]
    return f"{node.domain}:{node.op_type}" if node.domain else str(node.op_type)


def size(example: Example) -> int:
    """Bytes of an example's inputs and outputs."""
    return sum(v.nbytes for v in _flat([*example.inputs, *example.outputs]))


def across_operators(chosen: Sequence[Example], count: int, most_bytes: int) -> list[Example]:
    """`count` examples of as many operators as there are: one of each, then a second of each, and so on.

    most_bytes: of an example's inputs and outputs
    """
    groups: dict[str, list[Example]] = {}
    for example in chosen:
        if size(example) <= most_bytes:
            groups.setdefault(operators(example), []).append(example)
    turns = itertools.zip_longest(*groups.values())
    return [e for turn in turns for e in turn if e is not None][:count]


def unsupported() -> set[str]:
    """Names of the cases that docs/onnx.md says not to pass."""
    return set(re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8")))


def page(found: Sequence[Result]) -> str:
    """docs/onnx.md: what does not pass, and why."""
    verdicts: dict[str, Result] = {}
    for result in found:  # a case may have several data sets
        if result.name not in verdicts or result.verdict != "passed":
            verdicts[result.name] = result
    reasons: dict[str, list[str]] = {}
    for result in verdicts.values():
        if result.verdict != "passed":
            reason = result.reason if result.verdict == "refused" else f"**{result.verdict}**: {result.reason}"
            reasons.setdefault(reason.replace("|", "\\|"), []).append(result.name)
    rows = sorted(reasons.items(), key=lambda row: (-len(row[1]), row[0]))
    passed = sum(r.verdict == "passed" for r in verdicts.values())
    table = (f"| {len(names)} | {why} | {', '.join(f'`{n}`' for n in sorted(names))} |" for why, names in rows)
    versions = f"{onnx.__version__}, opset {onnx.defs.onnx_opset_version()}"
    return f"""\
# ONNX: the standard's own test suite

The onnx package ({versions}) carries {len(verdicts):,} cases of the kinds {", ".join(KINDS)}.
Compiled to C with gcc and run on this machine, **{passed:,} of them pass**, by the suite's own tolerances. The others
are refused by name before any C is written:

| cases | why | which |
| ---: | --- | --- |
{chr(10).join(table)}

An input that an operator must know ahead of time (a shape, axes, a number of repetitions) is a constant in the C.
`python -m tests.frontends.onnx.suite --page docs/onnx.md` makes this page; a test sees to it that it is current.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of the names of the cases to run; all by default")
    parser.add_argument("--target", default="host", help="target to compile for; its programs must run here")
    parser.add_argument("--page", type=Path, help="also write the results of all cases to this file")
    parser.add_argument("--numpy", action="store_true", help="evaluate the imported graphs in numpy instead")
    arguments = parser.parse_args()
    chosen = [e for e in all_examples() if not arguments.names or any(n in e.name for n in arguments.names)]
    found = list(map(evaluated, chosen) if arguments.numpy else run(chosen, arguments.target))
    if arguments.page:
        arguments.page.write_text(page(found), encoding="utf-8")
    reasons: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for result in found:
        counts[result.verdict] += 1
        if result.verdict in ("wrong", "crashed"):
            print(f"{result.verdict:8}{result.name}: {result.reason}", flush=True)
        elif result.verdict == "refused":
            reasons[result.reason] += 1
            if arguments.names:
                print(f"{result.verdict:8}{result.name}: {result.reason}", flush=True)
    for reason, count in reasons.most_common():
        print(f"{count:5} {reason}")
    print(", ".join(f"{verdict} {count}" for verdict, count in counts.items()))
    return 1 if counts["wrong"] or counts["crashed"] else 0


if __name__ == "__main__":
    sys.exit(main())
