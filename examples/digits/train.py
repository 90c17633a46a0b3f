"""Trains the digits network, quantizes it to full int8 and writes the files beside this script.

    pip install tensorflow scikit-learn onnx onnxruntime      # only for this script; edgegen itself needs none of them
    python examples/digits/train.py

The files beside it were made with tensorflow-cpu 2.21.0, keras 3.15.1, scikit-learn 1.9.1 and onnx 1.23.2; another run
of these gave the same bytes.

Data: scikit-learn's load_digits, 1,797 scans of handwritten digits, 8x8 pixels of 0..16 (UCI "Optical Recognition of
Handwritten Digits", test part). A fifth, stratified, is held out and never seen in training or calibration.

Writes digits.tflite (full int8, input and output included), digits.onnx (the same integers as QuantizeLinear and
DequantizeLinear pairs, opset 13, NCHW) and heldout.npz (images u8[N,8,8], labels u8[N], indices s32[N] into
load_digits).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 120
FULL_SCALE = 16.0  # the brightest pixel


def network() -> keras.Model:
    """x f32[N,8,8,1] in 0..1 -> probabilities f32[N,10]."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.DepthwiseConv2D(3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(32, 1, activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )


def shifted(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image moved by -1, 0 or 1 pixel both ways: hands do not centre their digits."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    places = rng.integers(0, 3, (len(images), 2))
    return np.stack([p[y : y + 8, x : x + 8] for p, (y, x) in zip(padded, places, strict=True)])


def train(images: np.ndarray, labels: np.ndarray) -> keras.Model:
    """A network fitted to images f32[N,8,8,1] and labels s64[N]."""
    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    rng = np.random.default_rng(SEED)
    model = network()
    schedule = keras.optimizers.schedules.CosineDecay(3e-3, EPOCHS * (len(images) // 32))
    model.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy")
    for _ in range(EPOCHS):
        model.fit(shifted(images, rng), labels, batch_size=32, verbose=0)
    return model


def quantize(model: keras.Model, calibration: np.ndarray) -> bytes:
    """The full int8 .tflite; activations' ranges are those seen on `calibration` f32[N,8,8,1]."""
    archive = keras.export.ExportArchive()
    archive.track(model)
    shape = tf.TensorSpec((1, 8, 8, 1), tf.float32, name="image")
    archive.add_endpoint("serve", lambda image: model(image, training=False), [shape])
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[None]] for image in calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        return converter.convert()


class QdqWriter:
    """Writes the quantized network of a TFLite interpreter as ONNX nodes, one TFLite operator at a time."""

    def __init__(self, interpreter: tf.lite.Interpreter) -> None:
        self.interpreter = interpreter
        self.details = {d["index"]: d for d in interpreter.get_tensor_details()}
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, array: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, op: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def _scales(self, name: str, index: int, dtype: type) -> list[str]:
        q = self.details[index]["quantization_parameters"]
        scale, zero = np.float32(q["scales"]), dtype(q["zero_points"])
        if len(scale) == 1:
            scale, zero = scale[0], zero[0]
        return [self.constant(f"{name}_scale", np.asarray(scale)), self.constant(f"{name}_zero", np.asarray(zero))]

    def dequantized(self, name: str, index: int) -> str:
        return self.node("DequantizeLinear", [name, *self._scales(f"{name}_dq", index, np.int8)], f"{name}_real")

    def quantized(self, name: str, index: int, output: str) -> str:
        return self.node("QuantizeLinear", [name, *self._scales(f"{output}_q", index, np.int8)], output)

    def weights(self, name: str, index: int, order: tuple[int, ...], dtype: type) -> str:
        """A constant with its axes reordered so that output channels come first."""
        array = self.interpreter.get_tensor(index)
        stored = self.constant(name, array.transpose(order) if len(order) > 1 else array)
        return self.node(
            "DequantizeLinear", [stored, *self._scales(f"{name}_dq", index, dtype)], f"{name}_real", axis=0
        )


def to_onnx(tflite: bytes) -> onnx.ModelProto:
    """The same integers as QDQ; the fused ReLUs are the saturation at zero point -128."""
    interpreter = tf.lite.Interpreter(
        model_content=tflite, experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    w = QdqWriter(interpreter)
    strides = {"DEPTHWISE_CONV_2D": 2}
    value = "image"
    for number, op in enumerate(interpreter._get_ops_details()):
        kind, inputs, (output,) = op["op_name"], op["inputs"], op["outputs"]
        if kind == "DELEGATE":
            continue
        name = f"n{number}_{kind.lower()}"
        if kind == "RESHAPE":  # NHWC flattening: put the channels last before it
            value = w.node("Transpose", [value], f"{name}_nhwc", perm=[0, 2, 3, 1])
            value = w.node("Flatten", [value], name)
            continue
        x = w.dequantized(value, inputs[0])
        if kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            depthwise = kind == "DEPTHWISE_CONV_2D"
            order = (3, 0, 1, 2) if depthwise else (0, 3, 1, 2)
            kernel = w.weights(f"{name}_weights", inputs[1], order, np.int8)
            bias = w.weights(f"{name}_bias", inputs[2], (0,), np.int32)
            size, stride = w.details[inputs[1]]["shape"][1], strides.get(kind, 1)
            before = (size - 1) // 2 if stride == 1 else 0  # TFLite SAME: the odd pixel goes below and to the right
            pads = [before, before, size - 1 - before if stride == 1 else 1, size - 1 - before if stride == 1 else 1]
            group = int(w.details[inputs[1]]["shape"][3]) if depthwise else 1
            y = w.node("Conv", [x, kernel, bias], f"{name}_y", strides=[stride, stride], pads=pads, group=group)
        elif kind == "AVERAGE_POOL_2D":
            y = w.node("AveragePool", [x], f"{name}_y", kernel_shape=[2, 2], strides=[2, 2])
        elif kind == "FULLY_CONNECTED":
            kernel = w.weights(f"{name}_weights", inputs[1], (0, 1), np.int8)
            bias = w.weights(f"{name}_bias", inputs[2], (0,), np.int32)
            y = w.node("Gemm", [x, kernel, bias], f"{name}_y", transB=1)
        elif kind == "SOFTMAX":
            y = w.node("Softmax", [x], f"{name}_y", axis=-1)
        else:
            raise SystemExit(f"no ONNX form written for {kind}")
        value = w.quantized(y, output, "probabilities" if kind == "SOFTMAX" else name)
    graph = helper.make_graph(
        w.nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.INT8, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("probabilities", TensorProto.INT8, [1, 10])],
        w.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="edgegen digits")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def accuracy(tflite: bytes, onnx_model: onnx.ModelProto, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Fraction right of both files on images f32[N,8,8,1], each by its own reference implementation."""
    interpreter = tf.lite.Interpreter(
        model_content=tflite, experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    (inputs,), (outputs,) = interpreter.get_input_details(), interpreter.get_output_details()
    plain = onnxruntime.SessionOptions()
    plain.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(onnx_model.SerializeToString(), plain)
    right = np.zeros(2)
    scale, zero = inputs["quantization"]
    for image, label in zip(images, labels, strict=True):
        q = np.clip(np.round(image / scale) + zero, -128, 127).astype(np.int8)
        interpreter.set_tensor(inputs["index"], q[None])
        interpreter.invoke()
        right[0] += interpreter.get_tensor(outputs["index"]).argmax() == label
        right[1] += session.run(None, {"image": q[None].transpose(0, 3, 1, 2)})[0].argmax() == label
    return tuple(right / len(labels))


def main() -> None:
    digits = load_digits()
    images = (digits.images / FULL_SCALE).astype(np.float32)[..., None]
    indices = np.arange(len(images))
    seen, held = train_test_split(indices, test_size=0.2, stratify=digits.target, random_state=SEED)
    seen, held = np.sort(seen), np.sort(held)
    tflite = quantize(train(images[seen], digits.target[seen]), images[seen])
    onnx_model = to_onnx(tflite)
    right = accuracy(tflite, onnx_model, images[held], digits.target[held])
    print(f"accuracy on {len(held)} held-out scans: tflite {right[0]:.4f}, onnx {right[1]:.4f}")
    (HERE / "digits.tflite").write_bytes(tflite)
    onnx.save(onnx_model, HERE / "digits.onnx")
    np.savez_compressed(
        HERE / "heldout.npz",
        images=digits.images[held].astype(np.uint8),
        labels=digits.target[held].astype(np.uint8),
        indices=held.astype(np.int32),
    )


if __name__ == "__main__":
    main()
