"""The `light` networks of the onnx package's suite: ImageNet classifiers whose files say shapes but hold no weights.

Each file makes its weights at run time, every element 0.02, and comes with the output for one ramp of an image. Of such
a network all channels are equal, which shows little; so its weights are replaced by seeded random ones, of a size that
keeps what flows through the network near 1, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
from onnx.backend.test.loader import load_model_tests
from onnx.backend.test.runner import Runner

from edgegen.ir.tensor import Array


@dataclass(frozen=True)
class Light:
    """One network. rtol, atol: the suite's tolerances; output: what the suite's own weights and `image` give."""

    name: str
    path: Path
    rtol: float
    atol: float

    @property
    def proto(self) -> onnx.ModelProto:
        """As the package has it: every weight 0.02."""
        return onnx.load(self.path)

    @property
    def image(self) -> Array:
        """The input that the suite gives to the network, f32 [1,3,224,224]."""
        model = self.proto
        constants = {t.name for t in model.graph.initializer}
        (info,) = [i for i in model.graph.input if i.name not in constants]
        return np.asarray(Runner.generate_dummy_data(info, seed=0, name=self.name, random=False))

    @property
    def output(self) -> Array:
        tensor = onnx.TensorProto()
        tensor.ParseFromString(self.path.with_name(f"{self.path.stem}_output_0.pb").read_bytes())
        return onnx.numpy_helper.to_array(tensor)

    def seeded(self, seed: int = 0) -> bytes:
        """The network with random weights, as a file."""
        return seeded(self.proto, seed).SerializeToString()


def networks() -> list[Light]:
    """All that the package has, by name."""
    root = Path(onnx.__file__).parents[1]
    found = [Light(c.model_name, root / c.url, c.rtol, c.atol) for c in load_model_tests(kind="real") if c.url]
    return sorted(found, key=lambda light: light.name)


def _weights(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Of a matrix or filter, such that sums over its inputs keep their size after a ReLU; else near 1, and positive,
    since it may be a variance."""
    if len(shape) >= 2:
        return rng.normal(0.0, math.sqrt(2.0 / math.prod(shape[1:])), shape).astype(np.float32)
    return rng.uniform(0.5, 1.5, shape).astype(np.float32)


def seeded(model: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """The model with constants in place of each ConstantOfShape that makes a weight."""
    rng = np.random.default_rng(seed)
    graph = model.graph
    shapes = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    made = [n for n in graph.node if n.op_type == "ConstantOfShape"]
    for node in made:
        shape = tuple(int(d) for d in shapes[node.input[0]])
        graph.initializer.append(onnx.numpy_helper.from_array(_weights(shape, rng), node.output[0]))
        graph.node.remove(node)
    spent = {n.input[0] for n in made}
    for field in (graph.initializer, graph.input):
        kept = [v for v in field if v.name not in spent]
        del field[:]
        field.extend(kept)
    model.ir_version = max(model.ir_version, 4)  # from which on constants need not be listed among the inputs
    return model
