"""Models of one operator, and what onnxruntime makes of them: the judge where the onnx package's suite is thin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401  # numpy then knows bfloat16
import numpy as np
import onnx
import onnx.helper
import onnxruntime

from edgegen.frontends.onnx import import_proto, read_proto
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from edgegen.verify import Build, Call, build_program
from tests.harness import compile_for_test


@dataclass(frozen=True)
class Question:
    """One node with its inputs (None where absent), of which those in `fixed` are initializers."""

    kind: str
    inputs: Sequence[Array | None]
    outputs: Sequence[str]
    attributes: Mapping[str, Any]
    fixed: tuple[int, ...] = ()
    domain: str = ""
    opset: int = 14

    def model(self, shapes: Sequence[Sequence[int] | None] | None = None) -> onnx.ModelProto:
        """shapes: of the outputs that have names; None for those that onnxruntime infers"""
        names = [f"i{k}" if v is not None else "" for k, v in enumerate(self.inputs)]
        node = onnx.helper.make_node(self.kind, names, list(self.outputs), domain=self.domain, **self.attributes)
        ports, constants = [], []
        for k, v in enumerate(self.inputs):
            if v is None:
                continue
            kind = onnx.helper.np_dtype_to_tensor_dtype(v.dtype)
            if k in self.fixed:
                constants.append(onnx.numpy_helper.from_array(v, names[k]))
            else:
                ports.append(onnx.helper.make_tensor_value_info(names[k], kind, v.shape))
        kind = onnx.helper.np_dtype_to_tensor_dtype(next(v for v in self.inputs if v is not None).dtype)
        named = [o for o in self.outputs if o]
        outputs = [
            onnx.helper.make_tensor_value_info(o, kind, shape)
            for o, shape in zip(named, shapes or [None] * len(named), strict=True)
        ]
        graph = onnx.helper.make_graph([node], "question", ports, outputs, constants)
        opsets = [onnx.helper.make_opsetid("", self.opset)]
        opsets += [onnx.helper.make_opsetid(self.domain, 1)] if self.domain else []
        return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)

    def fed(self) -> dict[str, Array]:
        return {f"i{k}": v for k, v in enumerate(self.inputs) if v is not None and k not in self.fixed}

    def answer(self) -> list[Array]:
        """onnxruntime's outputs."""
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(self.model().SerializeToString(), options)
        return list(session.run(None, self.fed()))

    def graph(self) -> Graph:
        """Imported, with the shapes of its inputs. Raises EdgegenError."""
        named = [o for o in self.outputs if o]
        proto = read_proto(self.model([()] * len(named)).SerializeToString(), Path())
        return import_proto(proto, "question", {name: v.shape for name, v in self.fed().items()}, {})


def check(questions: Sequence[Question], target: str = "generic", rtol: float = 1e-5, atol: float = 2e-6) -> list[str]:
    """Compares the graphs' references and the compiled C with onnxruntime. Returns the names of all chosen rows."""
    graphs = [q.graph() for q in questions]
    compiled = [compile_for_test(g, target, f"m{i}") for i, g in enumerate(graphs)]
    program = build_program(compiled, Build(cflags=("-O1",)))
    given = [[q.fed()[t.name] for t in g.inputs] for q, g in zip(questions, graphs, strict=True)]
    outcomes = program.execute([Call(values, i) for i, values in enumerate(given)])
    for question, graph, values, outcome in zip(questions, graphs, given, outcomes, strict=True):
        wanted = question.answer()
        for got in (evaluate(graph, values), outcome.outputs):
            assert len(got) == len(wanted)
            for a, b in zip(got, wanted, strict=True):
                assert (a.shape, a.dtype) == (b.shape, b.dtype), (question.kind, question.attributes)
                np.testing.assert_allclose(a, b, rtol, atol, err_msg=f"{question.kind} {question.attributes}")
    return [n.kernel.name for c in compiled for n in c.graph.nodes if n.kernel is not None]
