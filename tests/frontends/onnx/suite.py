"""The test suite that the onnx package carries, run as compiled C, many models to a program.

python -m tests.frontends.onnx.suite [--target TARGET] [--page docs/onnx.md] [NAME ...]
"""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
BATCH = 64  # models in one program


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


def run(chosen: Sequence[Example], target: str = "host", batch: int = BATCH) -> Iterator[Result]:
    """Compiles and runs examples; a result for each, in no certain order."""
    ready: list[tuple[Example, Specialized, Compiled, list[Array]]] = []
    for i, example in enumerate(chosen):
        try:
            specialized, values = prepare(example)
            compiled = compile_specialized(specialized, f"m{i}", find_target(target))
            ready.append((example, specialized, compiled, values))
        except EdgegenError as error:
            yield Result(example.name, "refused", _refusal(error))
        except Exception as error:  # the suite reports what should never happen, too
            yield Result(example.name, "crashed", f"{type(error).__name__}: {error}"[:200])
        if len(ready) == batch or (ready and i == len(chosen) - 1):
            yield from _run_batch(ready)
            ready = []
    yield from _run_batch(ready)


def _run_batch(ready: Sequence[tuple[Example, Specialized, Compiled, list[Array]]]) -> Iterator[Result]:
    if not ready:
        return
    try:
        program = build_program([compiled for _, _, compiled, _ in ready], Build(cflags=("-O1",)))
        outcomes = program.execute([Call(values, k) for k, (_, _, _, values) in enumerate(ready)])
    except ToolchainFailed as error:
        if len(ready) == 1:
            yield Result(ready[0][0].name, "crashed", f"{error.what}: {error.details}"[:600])
            return
        half = len(ready) // 2
        yield from _run_batch(ready[:half])
        yield from _run_batch(ready[half:])
        return
    for (example, specialized, _, _), outcome in zip(ready, outcomes, strict=True):
        wrong = difference(example, results(example, specialized, outcome.outputs))
        yield Result(example.name, "wrong" if wrong else "passed", wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of the names of the cases to run; all by default")
    parser.add_argument("--target", default="host", help="target to compile for; its programs must run here")
    parser.add_argument("--numpy", action="store_true", help="evaluate the imported graphs in numpy instead")
    arguments = parser.parse_args()
    chosen = [e for e in all_examples() if not arguments.names or any(n in e.name for n in arguments.names)]
    results = (evaluated(e) for e in chosen) if arguments.numpy else run(chosen, arguments.target)
    reasons: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for result in results:
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
