"""Models of one operator for tests/fuzz: detection, streams, MediaPipe's, volumes, segments and StableHLO's."""

from __future__ import annotations

import random
import struct
from typing import Any

import numpy as np

from tests.models.tflite_builder import Operator, Tensor, custom_options, options

Model = tuple[list[Tensor], Operator]

F32, S32 = "FLOAT32", "INT32"
PLACES = "places"
"""A tensor that no model may have as its result."""


def _floats(name: str, shape: tuple[int, ...]) -> Tensor:
    return Tensor(name, F32, shape)


def _known(name: str, values: Any, dtype: str = "int32") -> Tensor:
    return Tensor(name, data=np.array(values, dtype))


def _cut(rng: random.Random, data: bytes) -> bytes:
    """Options of a custom operator: mostly whole, sometimes cut short or with a byte changed."""
    spoilt = bytearray(data)
    if rng.random() < 0.2:
        spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
    return bytes(spoilt[: rng.randrange(len(spoilt))] if rng.random() < 0.1 else spoilt)


def _detection(rng: random.Random) -> Model:
    boxes, classes = rng.choice((1, 8, 30)), rng.choice((1, 3))
    fields = {
        "max_detections": rng.choice((1, 5, 0, -1, 1 << 30)) if rng.random() < 0.3 else 5,
        "max_classes_per_detection": rng.choice((1, 1, 2)),
        "num_classes": classes,
        "use_regular_nms": rng.random() < 0.5,
        "detections_per_class": rng.choice((1, 100)),
        "nms_score_threshold": rng.choice((0.0, 0.5, 1e30)),
        "nms_iou_threshold": rng.choice((0.5, 0.5, 1.0, -1.0)),
        **{f"{side}_scale": rng.choice((10.0, 5.0, 10.0, 0.0)) if rng.random() < 0.2 else 5.0 for side in "yxhw"},
    }
    rows = 5 * fields["max_classes_per_detection"]
    tensors = [
        _floats("b", (1, boxes, 4)),
        _floats("s", (1, boxes, classes + rng.choice((0, 1)))),
        _known("a", np.random.default_rng(1).uniform(0.1, 1, (boxes, 4)), "float32"),
        *(_floats(f"y{i}", shape) for i, shape in enumerate(((1, rows, 4), (1, rows), (1, rows), (1,)))),
    ]
    names = [f"y{i}" for i in range(4)]
    custom = _cut(rng, custom_options(**fields))
    return tensors, Operator("custom:TFLite_Detection_PostProcess", ["b", "s", "a"], names, custom=custom)


def _stream(rng: random.Random) -> Model:
    whole = (1, rng.choice((1, 5, 13)), 2, 3)
    x = Tensor("x", "INT8", (1, 1, 2, 3), scale=0.5, zero_point=1)
    y = Tensor("y", "INT8", whole, scale=0.5, zero_point=1, is_variable=rng.random() < 0.8)
    custom = _cut(rng, custom_options(cycles_max=rng.choice((1, 1, 1, 2, -1))))
    return [x, y], Operator("custom:CIRCULAR_BUFFER", ["x"], ["y"], custom=custom if rng.random() < 0.7 else None)


def _transposed(rng: random.Random) -> Model:
    stride = rng.choice((1, 2))
    w = np.ones((2, 3, 2, 3), np.float32)
    packed = struct.pack("<3i", 1, stride, stride if rng.random() < 0.8 else rng.choice((0, -1, 1 << 30)))
    tensors = [_floats("x", (1, 4, 5, 3)), Tensor("w", data=w), _known("b", [1, 2], "float32")]
    tensors.append(_floats("y", (1, 4 * stride, 5 * stride, 2)))
    return tensors, Operator("custom:Convolution2DTransposeBias", ["x", "w", "b"], ["y"], custom=_cut(rng, packed))


def _pooled(rng: random.Random) -> Model:
    window = rng.choice((1, 2, 3))
    packed = struct.pack("<8i", rng.choice((1, 2)), window, window, window, window, 0, -1, -1)
    size = -(-6 // window)
    tensors = [_floats("x", (1, 6, 6, 3)), _floats("y", (1, size, size, 3)), _floats(PLACES, (1, size, size, 3))]
    name = rng.choice(("MaxPoolingWithArgmax2D", "MaxPoolingWithArgmax2D", "MaxUnpooling2D"))
    if name == "MaxUnpooling2D":
        tensors = [_floats("x", (1, 2, 2, 3)), _floats("i", (1, 2, 2, 3)), _floats("y", (1, 4, 4, 3))]
        return tensors, Operator(f"custom:{name}", ["x", "i"], ["y"], custom=_cut(rng, packed))
    return tensors, Operator(f"custom:{name}", ["x"], ["y", PLACES], custom=_cut(rng, packed))


def _volume(rng: random.Random) -> Model:
    sizes = {f"Stride{a}": rng.choice((1, 1, 2)) for a in "DHW"} | {f"Dilation{a}Factor": 1 for a in "DHW"}
    table = options("Conv3DOptions", Padding=0, FusedActivationFunction=rng.choice((0, 1)), **sizes)
    places = [-(-4 // sizes[f"Stride{a}"]) for a in "DHW"]
    w = Tensor("w", data=np.ones((2, 2, 3, 3, 2), np.float32))
    if rng.random() < 0.5:
        tensors = [_floats("x", (1, 4, 4, 4, 3)), w, _floats("y", (1, *places, 2))]
        return tensors, Operator("CONV_3D", ["x", "w"], ["y"], table)
    shape = _known("s", (1, 4, 4, 4, 3))
    tensors = [
        shape,
        w,
        _floats("x", (1, *places, 2)),
        _known("b", [1, 2, 3], "float32"),
        _floats("y", (1, 4, 4, 4, 3)),
    ]
    return tensors, Operator("CONV_3D_TRANSPOSE", ["s", "w", "x", "b"], ["y"], table)


def _segments(rng: random.Random) -> Model:
    kind = rng.choice((F32, S32))
    x = Tensor("x", kind, (4, 3))
    if rng.random() < 0.3:
        tensors = [x, _known("i", [0, 0, 1, rng.choice((2, 2, -1, 1 << 30))]), Tensor("y", kind, (3, 3))]
        return tensors, Operator("SEGMENT_SUM", ["x", "i"], ["y"])
    if rng.random() < 0.3:
        table = options("BucketizeOptions", Boundaries=np.array([0.0, 1.0, rng.choice((1.0, -5.0, 2.0))], np.float32))
        return [x, Tensor("y", S32, (4, 3))], Operator("BUCKETIZE", ["x"], ["y"], table)
    name = rng.choice(("SUM", "PROD", "MAX", "MIN"))
    tensors = [x, Tensor("i", S32, (4,)), _known("n", 5), Tensor("y", kind, (5, 3))]
    return tensors, Operator(f"UNSORTED_SEGMENT_{name}", ["x", "i", "n"], ["y"])


def _between(rng: random.Random) -> Model:
    kind = rng.choice(("INT8", F32, "INT64"))
    x, fill = Tensor("x", kind, (2, 3)), _known("v", 3, kind.lower())
    if rng.random() < 0.5:
        tensors = [x, _known("d", [2, 3]), fill, Tensor("y", kind, (3, 7))]
        return tensors, Operator("DILATE", ["x", "d", "v"], ["y"])
    vectors = ([1, 0], [0, rng.choice((2, 2, -9, 1 << 40))], [1, 0])
    names = ("EdgePaddingLow", "EdgePaddingHigh", "InteriorPadding")
    table = options("StablehloPadOptions", **{n: np.array(v, np.int64) for n, v in zip(names, vectors, strict=True)})
    return [x, fill, Tensor("y", kind, (4, 5))], Operator("STABLEHLO_PAD", ["x", "v"], ["y"], table)


def _suppression(rng: random.Random) -> Model:
    soft = rng.random() < 0.5
    tensors = [
        _floats("b", (9, 4)),
        _floats("s", (9,)),
        _known("m", rng.choice((4, 4, 0, -1, 1 << 30)) if rng.random() < 0.2 else 4),
        *(_known(name, v, "float32") for name, v in (("i", 0.5), ("t", 0.1), ("g", rng.choice((0.0, 0.5, -1.0))))),
        Tensor("index", S32, (4,)),
        _floats("score", (4,)),
        Tensor("n", S32, ()),
    ]
    inputs, outputs = ["b", "s", "m", "i", "t"], ["index", "n"]
    if soft:
        return tensors, Operator("NON_MAX_SUPPRESSION_V5", [*inputs, "g"], ["index", "score", "n"])
    return tensors, Operator("NON_MAX_SUPPRESSION_V4", inputs, outputs)


def _plain(rng: random.Random) -> Model:
    name = rng.choice(("ATAN2", "BITWISE_XOR", "RIGHT_SHIFT", "ADD", "MULTIPLY", "MAXIMUM", "MINIMUM", "BITCAST"))
    kind = F32 if name == "ATAN2" else rng.choice(("INT8", "UINT16", S32, "UINT32"))
    a, b, y = (Tensor(n, kind, (3, 4)) for n in "aby")
    if name == "BITCAST":
        return [Tensor("a", S32, (3,)), Tensor("y", rng.choice(("INT16", "INT8", F32)), (3, 2))], Operator(
            name, ["a"], ["y"]
        )
    name = f"STABLEHLO_{name}" if name in ("ADD", "MULTIPLY", "MAXIMUM", "MINIMUM") else name
    return [a, b, y], Operator(name, ["a", "b"], ["y"])


def _sums(rng: random.Random) -> Model:
    xs = [Tensor(f"x{i}", "INT8", (2, 5), scale=0.1, zero_point=3) for i in range(3)]
    y = Tensor("y", "INT8", (2, 5), scale=rng.choice((0.1, 0.5, 1e-9)), zero_point=-4)
    kind = rng.randrange(3)
    if kind == 0:
        return [*xs, y], Operator("ADD_N", [x.name for x in xs], ["y"])
    if kind == 1:
        return [xs[0], y], Operator("RELU_0_TO_1", ["x0"], ["y"])
    table = options("CumsumOptions", Exclusive=rng.random() < 0.5, Reverse=rng.random() < 0.5)
    return [xs[0], _known("axis", [1]), y], Operator("CUMSUM", ["x0", "axis"], ["y"], table)


_MODELS = (*(_detection, _stream, _transposed, _pooled, _volume, _segments, _between, _suppression, _plain, _sums),)


def custom(rng: random.Random, kind: str) -> Model:
    """One of the models; `kind` is that of most others, and none of these depends on it."""
    del kind
    return rng.choice(_MODELS)(rng)
