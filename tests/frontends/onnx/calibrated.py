"""Small float networks that onnxruntime quantizes as its users do: in QDQ form, calibrated on random inputs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

from edgegen.ir.tensor import Array


class Network:
    """Nodes written one after the other; each method names its result."""

    def __init__(self, **inputs: tuple[int, ...]) -> None:
        self._random = np.random.default_rng(len(inputs))
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self.inputs = inputs

    def constant(self, values: Array | Sequence[int]) -> str:
        name = f"c{len(self._constants)}"
        self._constants.append(onnx.numpy_helper.from_array(np.asarray(values), name))
        return name

    def weights(self, *shape: int) -> str:
        fan = max(int(np.prod(shape[1:])), 1)
        return self.constant((self._random.normal(size=shape) / fan**0.5).astype(np.float32))

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        return self.nodes(kind, 1, *inputs, **attributes)[0]

    def nodes(self, kind: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        names = [f"{kind.lower()}{len(self._nodes)}_{i}" for i in range(count)]
        self._nodes.append(onnx.helper.make_node(kind, inputs, names, name=names[0], **attributes))
        return names

    def model(self, *outputs: str) -> onnx.ModelProto:
        kind = onnx.TensorProto.FLOAT
        graph = onnx.helper.make_graph(
            self._nodes,
            "network",
            [onnx.helper.make_tensor_value_info(n, kind, s) for n, s in self.inputs.items()],
            [onnx.helper.make_tensor_value_info(n, kind, None) for n in outputs],
            self._constants,
        )
        opsets = [onnx.helper.make_opsetid("", 17)]
        return onnx.shape_inference.infer_shapes(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8))

    def samples(self, count: int) -> list[dict[str, Array]]:
        return [
            {n: self._random.normal(size=s).astype(np.float32) for n, s in self.inputs.items()} for _ in range(count)
        ]


class _Reader(CalibrationDataReader):
    def __init__(self, samples: Sequence[Mapping[str, Array]]) -> None:
        self._samples: Iterator[Mapping[str, Array]] = iter(samples)

    def get_next(self) -> Mapping[str, Array] | None:
        return next(self._samples, None)


def quantized(network: Network, model: onnx.ModelProto, per_channel: bool, activations: str) -> onnx.ModelProto:
    """As quantize_static writes it: QDQ, weights symmetric s8, activations "s8" or "u8"."""
    kind = QuantType.QInt8 if activations == "s8" else QuantType.QUInt8
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quantized.onnx"
        quantize_static(
            model,
            str(path),
            _Reader(network.samples(4)),
            quant_format=QuantFormat.QDQ,
            per_channel=per_channel,
            activation_type=kind,
            weight_type=QuantType.QInt8,
            extra_options={"WeightSymmetric": True},
        )
        return onnx.load(path)


def dynamic() -> tuple[Network, onnx.ModelProto]:
    """Dense layers whose inputs are quantized while the model runs, as quantize_dynamic writes them."""
    n = Network(x=(2, 64))
    y = n.node("Relu", n.node("Add", n.node("MatMul", "x", n.weights(64, 40)), n.weights(40)))
    model = n.model(n.node("Add", n.node("MatMul", y, n.weights(40, 10)), n.weights(10)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dynamic.onnx"
        quantize_dynamic(model, str(path), weight_type=QuantType.QInt8)
        return n, onnx.load(path)


def mobile() -> tuple[Network, onnx.ModelProto]:
    """Inverted residual blocks, a global average and a classifier."""
    n = Network(x=(1, 3, 16, 16))
    y = n.node("Conv", "x", n.weights(8, 3, 3, 3), n.weights(8), strides=[2, 2], pads=[1, 1, 1, 1])
    y = n.node("Clip", y, n.constant(np.float32(0)), n.constant(np.float32(6)))
    z = n.node("Conv", y, n.weights(8, 1, 3, 3), n.weights(8), pads=[1, 1, 1, 1], group=8)
    z = n.node("Relu", z)
    z = n.node("Conv", z, n.weights(8, 8, 1, 1), n.weights(8))
    y = n.node("Add", y, z)
    z = n.node("HardSwish", n.node("Conv", y, n.weights(12, 8, 1, 1), n.weights(12)))
    gate = n.node("GlobalAveragePool", z)
    gate = n.node("HardSigmoid", n.node("Conv", gate, n.weights(12, 12, 1, 1), n.weights(12)))
    y = n.node("GlobalAveragePool", n.node("Mul", z, gate))
    y = n.node("Gemm", n.node("Flatten", y), n.weights(10, 12), n.weights(10), transB=1)
    return n, n.model(n.node("Softmax", y, axis=-1))


def upsampling() -> tuple[Network, onnx.ModelProto]:
    """An encoder and decoder with what image networks do on the way."""
    n = Network(x=(1, 4, 12, 12))
    x = n.node("Pad", "x", n.constant([0, 0, 1, 1, 0, 0, 1, 1]), n.constant(np.float32(0)))
    a = n.node("LeakyRelu", n.node("Conv", x, n.weights(8, 4, 3, 3), n.weights(8)), alpha=0.1)
    b = n.node("AveragePool", a, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    c = n.node("MaxPool", a, kernel_shape=[2, 2], strides=[2, 2])
    d = n.node("Concat", b, n.node("Tanh", c), axis=1)
    d = n.node("Sigmoid", n.node("Conv", d, n.weights(8, 16, 3, 3), n.weights(8), pads=[1, 1, 1, 1]))
    e = n.node("Resize", d, "", n.constant(np.array([1, 1, 2, 2], np.float32)), mode="nearest")
    f = n.node("ConvTranspose", d, n.weights(8, 6, 2, 2), n.weights(6), strides=[2, 2])
    f = n.node("Relu", f)
    g = n.node("Concat", n.node("Mul", e, a), f, axis=1)
    h = n.node("AveragePool", g, kernel_shape=[2, 2], strides=[1, 1], pads=[0, 0, 1, 1], count_include_pad=1)
    left, right = n.nodes("Split", 2, h, n.constant([6, 8]), axis=1)
    out = n.node("Conv", n.node("Concat", right, left, axis=1), n.weights(8, 14, 1, 1), n.weights(8))
    out = n.node("Slice", out, *map(n.constant, ([2], [6], [1])))
    return n, n.model(n.node("DepthToSpace", out, blocksize=2))


def sequence() -> tuple[Network, onnx.ModelProto]:
    """Attention over a short sequence, then a dense layer and the greatest of its steps."""
    n = Network(x=(1, 9, 16))
    parts = [n.node("Add", n.node("MatMul", "x", n.weights(16, 16)), n.weights(16)) for _ in range(3)]
    shape = n.constant([1, 9, 2, 8])
    heads = [n.node("Transpose", n.node("Reshape", p, shape), perm=[0, 2, 1, 3]) for p in parts]
    scores = n.node("MatMul", heads[0], n.node("Transpose", heads[1], perm=[0, 1, 3, 2]))
    scores = n.node("Softmax", n.node("Div", scores, n.constant(np.float32(8**0.5))), axis=-1)
    y = n.node("Transpose", n.node("MatMul", scores, heads[2]), perm=[0, 2, 1, 3])
    y = n.node("Reshape", y, n.constant([1, 9, 16]))
    y = n.node("Add", n.node("MatMul", y, n.weights(16, 16)), n.weights(16))
    y = n.node("Relu", n.node("Add", y, "x"))
    return n, n.model(n.node("ReduceMax", y, axes=[1], keepdims=0))


NETWORKS: dict[str, Callable[[], tuple[Network, onnx.ModelProto]]] = {
    "mobile": mobile,
    "upsampling": upsampling,
    "sequence": sequence,
}
