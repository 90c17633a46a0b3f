"""Random chains of layers along a free dimension [1,C,T] compute what the same chain does with that size fixed."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgegen.errors import EdgegenError
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from tests.frontends.free_sizes import bounded, given, padded, sized

MODELS = 120
BOUNDS = (7, 9, 12, 16)


class Chain:
    """A model that grows at its end; every method draws one layer."""

    def __init__(self, seed: int) -> None:
        self.rng, self.numbers = random.Random(seed), np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inside = self.channels = self.rng.choice((1, 2, 3))
        self.name = "x"
        layers = [self.rng.choice(LAYERS) for _ in range(self.rng.randint(1, 6))]
        for layer in layers:
            layer(self)

    def add(self, kind: str, *inputs: str, **attributes: object) -> str:
        result = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [result], **attributes))
        self.name = result
        return result

    def constant(self, values: object, dtype: type = np.int64) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def weights(self, *shape: int) -> str:
        return self.constant(self.numbers.standard_normal(shape) / 2, np.float32)

    def model(self) -> onnx.ModelProto:
        def port(name: str, channels: int, extent: str) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, extent])

        x, y = port("x", self.inside, "T"), port(self.name, self.channels, "U")
        graph = helper.make_graph(self.nodes, "chain", [x], [y], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    # layers

    def convolution(self) -> None:
        units, kernel = self.rng.choice((1, 2, 4)), self.rng.choice((1, 2, 3, 5))
        fields = {"pads": [self.rng.randint(0, 2), self.rng.randint(0, 2)], "strides": [self.rng.choice((1, 1, 2, 3))]}
        weights = self.weights(units, self.channels, kernel)
        self.add("Conv", self.name, weights, dilations=[self.rng.choice((1, 1, 2))], **fields)
        self.channels = units

    def depthwise(self) -> None:
        self.add("Conv", self.name, self.weights(self.channels, 1, 3), group=self.channels, pads=[1, 1])

    def transposed(self) -> None:
        units, kernel = self.rng.choice((1, 2)), self.rng.choice((2, 3, 4))
        pads = [self.rng.randint(0, 1), self.rng.randint(0, 1)]
        weights = self.weights(self.channels, units, kernel)
        self.add("ConvTranspose", self.name, weights, strides=[self.rng.choice((1, 2))], pads=pads)
        self.channels = units

    def pool(self) -> None:
        kernel = self.rng.choice((2, 3))
        pads = [self.rng.randint(0, kernel - 1), self.rng.randint(0, kernel - 1)]
        fields = {"kernel_shape": [kernel], "strides": [self.rng.choice((1, 2))], "pads": pads}
        if self.rng.random() < 0.5:
            self.add("MaxPool", self.name, **fields)
        else:
            self.add("AveragePool", self.name, count_include_pad=self.rng.choice((0, 1)), **fields)

    def normalization(self) -> None:
        self.add("InstanceNormalization", self.name, self.weights(self.channels), self.weights(self.channels))

    def softmax(self) -> None:
        self.add("Softmax", self.name, axis=self.rng.choice((1, 2)))

    def pad(self) -> None:
        ends = [0, 0, self.rng.randint(0, 2), 0, 0, self.rng.randint(0, 2)]
        self.add("Pad", self.name, self.constant(ends), mode=self.rng.choice(("constant", "reflect")))

    def cut(self) -> None:
        begin, end = self.rng.choice(((0, -1), (1, 999), (2, 999), (0, -2), (-2, 999)))
        step = self.rng.choice((1, 1, 2)) if begin >= 0 and end > 0 else 1
        self.add("Slice", self.name, *(self.constant([n]) for n in (begin, end, 2, step)))

    def resize(self) -> None:
        mode = self.rng.choice(("nearest", "linear", "cubic"))
        scales = self.constant([1, 1, self.rng.choice((2, 3))], np.float32)
        self.add("Resize", self.name, "", scales, mode=mode, nearest_mode="floor")

    def residual(self) -> None:
        before = self.name
        self.add("Add", before, self.add("Tanh", before))

    def gate(self) -> None:
        before = self.name
        self.add("Mul", before, self.add("Sigmoid", self.add("GlobalAveragePool", before)))

    def joined(self) -> None:
        before = self.name
        self.add("Concat", before, self.add("Relu", before), axis=1)
        self.channels *= 2

    def sums(self) -> None:
        self.add("CumSum", self.name, self.constant(2), reverse=self.rng.choice((0, 1)))

    def recurrent(self) -> None:
        units, steps = 3, self.add("Transpose", self.name, perm=[2, 0, 1])
        weights = self.weights(1, 3 * units, self.channels), self.weights(1, 3 * units, units)
        self.add("Squeeze", self.add("GRU", steps, *weights, hidden_size=units), self.constant([1]))
        self.add("Transpose", self.name, perm=[1, 2, 0])
        self.channels = units


LAYERS = (
    *(Chain.convolution, Chain.depthwise, Chain.transposed, Chain.pool, Chain.normalization, Chain.softmax),
    *(Chain.pad, Chain.cut, Chain.resize, Chain.residual, Chain.gate, Chain.joined, Chain.sums, Chain.recurrent),
)


def least(graph: Graph) -> int:
    """The least size that counts as itself."""
    return next(int(t.values) for n in graph.nodes for t in n.inputs if t is not None and t.name == "least")


def test_any_size_as_if_it_were_fixed() -> None:
    computed: Counter[str] = Counter()
    for seed in range(MODELS):
        chain, bound = Chain(seed), BOUNDS[seed % len(BOUNDS)]
        proto = chain.model()
        try:
            free = bounded(proto, "T", bound)
        except EdgegenError:  # too short for its windows, or refused by name, which test_lengths is about
            continue
        computed.update({"models": 1}, **Counter(node.op_type for node in chain.nodes))
        low = least(free)
        for size in sorted({low, (low + bound) // 2, bound}):
            values = given(proto, size)
            (wanted,) = evaluate(sized(proto, size), list(values.values()))
            got, shape = evaluate(free, padded(free, values, size))
            assert tuple(shape) == wanted.shape, f"{seed} {size}"
            result = got.reshape(-1)[: wanted.size].reshape(wanted.shape)
            np.testing.assert_allclose(result, wanted, 1e-4, 1e-5, err_msg=f"{seed} {size}")
    assert computed["models"] >= 0.8 * MODELS
    assert len(computed) == 21
    assert min(computed.values()) >= 5, computed
