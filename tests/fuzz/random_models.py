"""Models of one operator that are almost right: sound ones of every operator, up to three things made nonsense."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from edgegen.frontends.tflite import operators
from edgegen.frontends.tflite.importer import REGISTRY
from tests.fuzz.compressed_models import compressed
from tests.fuzz.custom_models import PLACES, custom
from tests.fuzz.mutation import NUMBERS
from tests.fuzz.recurrent_models import recurrent
from tests.fuzz.signal_models import signal
from tests.models.tflite_builder import Operator, Options, Tensor, build_model, options

Shape = tuple[int, ...]
assert operators  # importing it fills the registry
TYPES = ("INT8", "FLOAT32", "INT16", "UINT8", "INT32", "INT64", "FLOAT16", "BOOL", "FLOAT64")
DTYPES = ("int8", "int32", "int64", "float32", "int16", "bool")
NUMPY = {"INT8": "int8", "UINT8": "uint8", "FLOAT32": "float32", "INT32": "int32"}


def _activation(name: str, kind: str, shape: Shape, scale: float = 0.5, zero: int = 3) -> Tensor:
    free = (-1,) * len(shape) or None
    if kind == "FLOAT32":
        return Tensor(name, kind, shape, signature=free)
    zero += 128 if kind == "UINT8" else 0
    return Tensor(name, kind, shape, scale=scale, zero_point=zero, signature=free)


def _weights(name: str, kind: str, shape: Shape, axis: int, rng: random.Random) -> Tensor:
    data = np.random.default_rng(rng.randrange(99)).integers(-127, 128, shape).astype(NUMPY[kind])
    if kind == "FLOAT32":
        return Tensor(name, data=data)
    if kind == "UINT8":
        return Tensor(name, data=data, scale=0.1, zero_point=rng.choice((0, 117, 128)))
    if rng.random() < 0.5:
        return Tensor(name, data=data, scale=0.1)
    return Tensor(name, data=data, scale=[0.1 + 0.01 * i for i in range(shape[axis])], axis=axis)


def _bias(kind: str, count: int) -> Tensor:
    return Tensor("b", data=np.arange(count).astype("float32" if kind == "FLOAT32" else "int32"))


def _list(name: str, numbers: Any) -> Tensor:
    return Tensor(name, data=np.array(numbers, np.int32))


Model = tuple[list[Tensor], Operator]


def _convolution(rng: random.Random, kind: str) -> Model:
    channels, units, kernel = rng.choice((1, 3, 4, 8, 16, 17)), rng.choice((1, 4, 8, 16, 18)), rng.choice((1, 2, 3, 5))
    fields = {"StrideH": rng.choice((1, 2)), "StrideW": rng.choice((1, 2)), "Padding": rng.choice((0, 1))}
    fields |= {
        "DilationHFactor": 1,
        "DilationWFactor": rng.choice((1, 2)),
        "FusedActivationFunction": rng.choice((0, 1, 3)),
    }
    x = _activation("x", kind, (rng.choice((1, 1, 2)), rng.choice((6, 9, 12)), rng.choice((5, 9, 16)), channels))
    y = _activation("y", kind, (1, 1, 1, 1), 0.25, -1)
    if rng.random() < 0.5:
        w = _weights("w", kind, (units, kernel, kernel, channels), 0, rng)
        return [x, w, _bias(kind, units), y], Operator(
            "CONV_2D", ["x", "w", "b"], ["y"], options("Conv2DOptions", **fields)
        )
    units = channels * rng.choice((1, 1, 2))
    w = _weights("w", kind, (1, kernel, kernel, units), 3, rng)
    table = options("DepthwiseConv2DOptions", DepthMultiplier=units // channels, **fields)
    return [x, w, _bias(kind, units), y], Operator("DEPTHWISE_CONV_2D", ["x", "w", "b"], ["y"], table)


def _transposed(rng: random.Random, kind: str) -> Model:
    channels, units, stride = rng.choice((1, 3, 8)), rng.choice((1, 4)), rng.choice((1, 2))
    size = (4 * stride, 5 * stride)
    x, y = _activation("x", kind, (1, 4, 5, channels)), _activation("y", kind, (1, *size, units), 0.25, -1)
    w = _weights("w", kind, (units, 3, 2, channels), 0, rng)
    table = options("TransposeConvOptions", StrideH=stride, StrideW=stride, FusedActivationFunction=rng.choice((0, 1)))
    tensors = [_list("shape", (1, *size, units)), w, x, _bias(kind, units), y]
    return tensors, Operator("TRANSPOSE_CONV", ["shape", "w", "x", "b"], ["y"], table)


def _dense(rng: random.Random, kind: str) -> Model:
    depth, units = rng.choice((1, 4, 12, 33, 64)), rng.choice((1, 2, 7, 16))
    x, y = _activation("x", kind, rng.choice(((1, depth), (3, depth), (1, 2, depth)))), _activation("y", kind, (1, 1))
    table = options("FullyConnectedOptions", KeepNumDims=rng.random() < 0.3, FusedActivationFunction=rng.choice((0, 1)))
    tensors = [x, _weights("w", kind, (units, depth), 0, rng), _bias(kind, units), y]
    return tensors, Operator("FULLY_CONNECTED", ["x", "w", "b"], ["y"], table)


def _matmul(rng: random.Random, kind: str) -> Model:
    rows, depth, units, adj_x, adj_y = 3, rng.choice((1, 7, 16)), rng.choice((1, 5)), *rng.choices((False, True), k=2)
    x = _activation("x", kind, (rng.choice((1, 2)), *((depth, rows) if adj_x else (rows, depth))))
    w = _activation("w", kind, (2, *((units, depth) if adj_y else (depth, units))), 0.1, 0)
    table = options("BatchMatMulOptions", AdjX=adj_x, AdjY=adj_y)
    return [x, w, _activation("y", kind, (2, rows, units))], Operator("BATCH_MATMUL", ["x", "w"], ["y"], table)


def _pool(rng: random.Random, kind: str) -> Model:
    fields = {"FilterHeight": 2, "FilterWidth": rng.choice((1, 3)), "StrideH": rng.choice((1, 2)), "StrideW": 1}
    table = options("Pool2DOptions", Padding=rng.choice((0, 1)), FusedActivationFunction=rng.choice((0, 3)), **fields)
    tensors = [_activation("x", kind, (1, 7, 6, rng.choice((1, 8, 19)))), _activation("y", kind, (1, 1, 1, 1))]
    return tensors, Operator(rng.choice(("MAX_POOL_2D", "AVERAGE_POOL_2D")), ["x"], ["y"], table)


def _binary(rng: random.Random, kind: str) -> Model:
    name = rng.choice(("ADD", "SUB", "MUL"))
    shape = rng.choice(((1, 4, 4, 8), (3, 5), (7,)))
    other = rng.choice((shape, shape[-1:], (1,) * len(shape), ()))
    b = _weights("b", kind, other, 0, rng) if other and rng.random() < 0.3 else _activation("b", kind, other, 0.3, 0)
    table = options(f"{name.capitalize()}Options", FusedActivationFunction=rng.choice((0, 1, 3)))
    return [_activation("x", kind, shape), b, _activation("y", kind, shape, 1.0)], Operator(
        name, ["x", "b"], ["y"], table
    )


def _unary(rng: random.Random, kind: str) -> Model:
    name = rng.choice(("RELU", "RELU6", "RELU_N1_TO_1", "LOGISTIC", "TANH", "HARD_SWISH", "LEAKY_RELU", "SOFTMAX"))
    table = {"SOFTMAX": options("SoftmaxOptions", Beta=1.0), "LEAKY_RELU": options("LeakyReluOptions", Alpha=0.25)}
    scale, zero = {"LOGISTIC": (1 / 256, -128), "SOFTMAX": (1 / 256, -128), "TANH": (1 / 128, 0)}.get(name, (0.5, 3))
    shape = rng.choice(((1, 10), (2, 3, 4), (1, 4, 4, 8), (5,)))
    x, y = _activation("x", kind, shape, 0.1, 0), _activation("y", kind, shape, scale, zero)
    return [x, y], Operator(name, ["x"], ["y"], table.get(name))


def _prelu(rng: random.Random, kind: str) -> Model:
    x, y = _activation("x", kind, (1, 3, 4, 5)), _activation("y", kind, (1, 3, 4, 5), 0.7)
    alpha = _weights("a", kind, (1, 1, 5), 0, rng)
    return [x, alpha if kind == "FLOAT32" else replace(alpha, scale=0.1), y], Operator("PRELU", ["x", "a"], ["y"])


def _quantize(rng: random.Random, kind: str) -> Model:
    if kind == "FLOAT32" and rng.random() < 0.3:
        table = options("FakeQuantOptions", Min=-1.5, Max=2.0, NumBits=rng.choice((2, 8, 16)))
        return [_activation("x", kind, (2, 6)), _activation("y", kind, (2, 6))], Operator(
            "FAKE_QUANT", ["x"], ["y"], table
        )
    back = rng.random() < 0.5
    x = _activation("x", "INT8" if back or kind == "INT8" else "FLOAT32", (2, 6))
    y = _activation("y", "FLOAT32" if back else "INT8", (2, 6), 0.2, 9)
    return [x, y], Operator("DEQUANTIZE" if back else "QUANTIZE", ["x"], ["y"])


def _reduce(rng: random.Random, kind: str) -> Model:
    keep = rng.random() < 0.5
    y = _activation("y", kind, (1,) * (4 if keep else 2), 0.4)
    axes = _list("axes", rng.choice(([1, 2], [-1, 0], [3, 1])))
    name = rng.choice(("MEAN", "SUM"))
    return [_activation("x", kind, (2, 5, 4, 3)), axes, y], Operator(
        name, ["x", "axes"], ["y"], options("ReducerOptions", KeepDims=keep)
    )


def _shape(rng: random.Random, kind: str) -> Model:
    x, value = _activation("x", kind, (1, 4, 1, 6)), _weights("v", kind, (1,), 0, rng)
    value = value if kind == "FLOAT32" else replace(value, scale=0.5, zero_point=3)
    box = [_list("s", [0, 1, 0, 5]), _list("e", [1, 4, 1, 0]), _list("n", [1, 2, 1, -1])]
    strided = options("StridedSliceOptions", BeginMask=1, EndMask=4, ShrinkAxisMask=1)
    nearest = options("ResizeNearestNeighborOptions", AlignCorners=True)
    choices: tuple[tuple[str, list[Tensor], Options | None, int], ...] = (
        ("RESHAPE", [_list("s", [-1, 8])], None, 2),
        ("RESHAPE", [], options("ReshapeOptions", NewShape=[2, 3, 4]), 3),
        ("SQUEEZE", [], options("SqueezeOptions", SqueezeDims=[0, 2]), 2),
        ("EXPAND_DIMS", [_list("s", 2)], None, 5),
        ("TRANSPOSE", [_list("s", [0, 3, 1, 2])], None, 4),
        ("PAD", [_list("s", [[0, 0], [1, 2], [0, 1], [0, 0]])], None, 4),
        ("PADV2", [_list("s", [[0, 0], [1, 2], [0, 1], [2, 0]]), value], None, 4),
        ("SLICE", [_list("s", [0, 1, 0, 2]), _list("n", [1, -1, 1, 3])], None, 4),
        ("STRIDED_SLICE", box, strided, 3),
        ("RESIZE_BILINEAR", [_list("s", [7, 3])], options("ResizeBilinearOptions", HalfPixelCenters=True), 4),
        ("RESIZE_NEAREST_NEIGHBOR", [_list("s", [8, 2])], nearest, 4),
    )
    name, extra, table, rank = rng.choice(choices)
    y = _activation("y", kind, (1,) * rank)
    return [x, *extra, y], Operator(name, ["x", *(t.name for t in extra)], ["y"], table)


def _join(rng: random.Random, kind: str) -> Model:
    count = rng.choice((1, 2, 3, 9))
    parts = [_activation(f"x{i}", kind, (1, 2, 1 + i % 3)) for i in range(count)]
    table = options("ConcatenationOptions", Axis=rng.choice((2, -1)))
    if rng.random() < 0.3:
        alike, pack = (
            [replace(p, shape=(2, 3), signature=None) for p in parts],
            options("PackOptions", ValuesCount=count),
        )
        return [*alike, _activation("y", kind, (1, 1, 1))], Operator("PACK", [p.name for p in parts], ["y"], pack)
    return [*parts, _activation("y", kind, (1, 1, 1))], Operator("CONCATENATION", [p.name for p in parts], ["y"], table)


def _split(rng: random.Random, kind: str) -> Model:
    x, parts = _activation("x", kind, (1, 6, 4)), [_activation(f"y{i}", kind, (1, 1, 1)) for i in range(3)]
    names = [p.name for p in parts]
    if rng.random() < 0.3:
        flat = [replace(p, shape=(1, 1), signature=(-1, -1)) for p in parts]
        unpack = Operator("UNPACK", ["x"], names, options("UnpackOptions", Num=3, Axis=-1))
        return [_activation("x", kind, (6, 4, 3)), *flat], unpack
    if rng.random() < 0.5:
        return [_list("axis", 1), x, *parts], Operator(
            "SPLIT", ["axis", "x"], names, options("SplitOptions", NumSplits=3)
        )
    sizes = [_list("sizes", [1, -1, 2]), _list("axis", [1])]
    table = options("SplitVOptions", NumSplits=3)
    return [x, *sizes, *parts], Operator("SPLIT_V", ["x", "sizes", "axis"], names, table)


def _move(rng: random.Random, kind: str) -> Model:
    """Operators that copy elements elsewhere, or as often as asked."""
    x, matrix = _activation("x", kind, (4, 4, 6, 4)), _activation("x", kind, (3, 4))
    scalar, lengths = _activation("x", kind, ()), Tensor("s", "INT32", (4,))
    margins = [_list("s", [2, 1]), _list("n", [[0, 0], [0, 2]])]
    choices: tuple[tuple[str, list[Tensor], Options | None, int], ...] = (
        ("MIRROR_PAD", [x, _list("s", [[0, 0], [1, 2], [0, 1], [0, 0]])], options("MirrorPadOptions", Mode=1), 4),
        ("TILE", [x, _list("s", [2, 1, 2, 1])], None, 4),
        ("BROADCAST_TO", [matrix, _list("s", [2, 3, 4])], None, 3),
        ("FILL", [_list("s", [2, 3, 4]), scalar], None, 3),
        ("REVERSE_V2", [x, _list("s", [1, -1])], None, 4),
        ("REVERSE_SEQUENCE", [x, lengths], options("ReverseSequenceOptions", SeqDim=2, BatchDim=1), 4),
        ("SPACE_TO_DEPTH", [x], options("SpaceToDepthOptions", BlockSize=2), 4),
        ("DEPTH_TO_SPACE", [x], options("DepthToSpaceOptions", BlockSize=2), 4),
        ("SPACE_TO_BATCH_ND", [x, *margins], None, 4),
        ("BATCH_TO_SPACE_ND", [x, *margins], None, 4),
        ("MATRIX_DIAG", [matrix], None, 3),
        ("MATRIX_SET_DIAG", [matrix, _activation("d", kind, (3,))], None, 2),
        ("SHAPE", [x], options("ShapeOptions", OutType=2), 1),
        ("RANK", [x], None, 0),
        ("RANGE", [_list("s", 1), _list("e", 9), _list("n", 3)], None, 1),
        ("BROADCAST_ARGS", [Tensor("x", "INT32", (3,)), _list("s", [2, 1])], None, 1),
    )
    name, inputs, table, rank = rng.choice(choices)
    y = _activation("y", kind, (1,) * rank)
    if name in ("SHAPE", "RANK", "RANGE", "BROADCAST_ARGS"):
        y = Tensor("y", "INT32", (1,) * rank, signature=(-1,) * rank or None)
    return [*inputs, y], Operator(name, [t.name for t in inputs], ["y"], table)


def _choose(rng: random.Random, kind: str) -> Model:
    """Operators that go by indices, most of which are known at run time."""
    x, tuples = _activation("x", kind, (4, 5, 6)), Tensor("i", rng.choice(("INT32", "INT64")), (7, 2))
    indices = rng.choice((Tensor("i", "INT32", (3,)), _list("i", [0, 2, 3])))
    one = _weights("on", kind, (), 0, rng) if kind == "FLOAT32" else _activation("on", kind, ())
    dense = options("SparseToDenseOptions", ValidateIndices=False)
    lists = {"OffsetDims": (1, 2), "CollapsedSliceDims": (0,), "StartIndexMap": (0, 2), "SliceSizes": (1, 5, 2)}
    wide = {k: np.array(v, np.int64) for k, v in lists.items()}
    windows = options("StablehloGatherOptions", IndexVectorDim=1, **wide)
    choices: tuple[tuple[str, list[Tensor], Options | None, int], ...] = (
        ("GATHER", [x, indices], options("GatherOptions", Axis=rng.choice((0, 1, -1)), BatchDims=0), 3),
        ("GATHER_ND", [x, tuples], None, 2),
        ("EMBEDDING_LOOKUP", [Tensor("i", "INT32", (3,)), x], None, 3),
        ("SCATTER_ND", [tuples, _activation("x", kind, (7, 6)), _list("s", [4, 5, 6])], None, 3),
        ("SPARSE_TO_DENSE", [tuples, _list("s", [4, 5]), _activation("x", kind, (7,)), one], dense, 2),
        ("ONE_HOT", [indices, _list("d", 5), one, one], options("OneHotOptions", Axis=-1), 2),
        ("TOPK_V2", [x, _list("s", 3)], None, 3),
        ("DYNAMIC_UPDATE_SLICE", [x, _activation("u", kind, (2, 5, 3)), Tensor("i", "INT32", (3,))], None, 3),
        ("WHERE", [_list("i", [[0, 2], [3, 0]])], None, 2),
        ("HASHTABLE_LOOKUP", [Tensor("i", "INT32", (3,)), _list("k", [1, 2, 5, 9]), x], None, 3),
        ("STABLEHLO_GATHER", [x, tuples], windows, 3),
    )
    name, inputs, table, rank = rng.choice(choices)
    outputs = [_activation("y", kind, (1,) * rank)]
    if name == "TOPK_V2":
        outputs.append(Tensor("places", "INT32", (1,) * rank, signature=(-1,) * rank))
    if name == "HASHTABLE_LOOKUP":
        outputs.append(Tensor("hits", "UINT8", (1,), signature=(-1,)))
    if name == "WHERE":
        outputs = [Tensor("y", "INT64", (1, 1), signature=(-1, -1))]
    tensors = list({t.name: t for t in (*inputs, *outputs)}.values())
    return tensors, Operator(name, [t.name for t in inputs], [t.name for t in outputs], table)


def _any(rng: random.Random, kind: str) -> Model:
    """An operator of which nothing is known here: it may well be refused, but by name."""
    shape = rng.choice(((1, 4), (1, 2, 2, 8)))
    xs = [_activation(f"x{i}", kind, shape) for i in range(rng.choice((1, 1, 2, 3)))]
    name = rng.choice(sorted(REGISTRY))
    return [*xs, _activation("y", kind, shape)], Operator(name, [x.name for x in xs], ["y"])


SOUND: tuple[Callable[[random.Random, str], Model], ...] = (
    *(_convolution,) * 2,
    *(_shape,) * 2,
    *(_move,) * 3,
    *(recurrent,) * 2,
    *(signal,) * 2,
    *(compressed,) * 2,
    *(custom,) * 4,
    *(_choose,) * 2,
    *(_dense, _transposed, _matmul, _pool, _binary, _unary, _prelu, _quantize, _reduce, _join, _split, _any),
)


def _number(rng: random.Random) -> int:
    return (
        rng.choice((0, 1, 2, 3, 4, 5, -1, -2, 7)) if rng.random() < 0.7 else rng.choice(NUMBERS) * rng.choice((1, -1))
    )


def _spoil_tensor(rng: random.Random, tensor: Tensor) -> Tensor:
    shape = list(tensor.shape if tensor.shape is not None else np.shape(tensor.data))
    kind = rng.randrange(7)
    if kind == 0 and tensor.data is None:
        return replace(tensor, type=rng.choice(TYPES))
    if kind == 1 and isinstance(tensor.data, np.ndarray) and tensor.data.size and tensor.data.dtype.kind == "i":
        data = tensor.data.copy()
        data.reshape(-1)[rng.randrange(data.size)] = np.array(_number(rng)).astype(data.dtype)
        return replace(tensor, data=data)
    if kind == 2:
        return replace(tensor, scale=rng.choice((None, 0.0, 1e-42, 1e-9, 3e38, -1.0, float("nan"), [0.1, 0.2, 0.3])))
    if kind == 3 and tensor.scale is not None:
        return replace(tensor, zero_point=rng.choice((0, -128, 127, 128, 1 << 33)), axis=rng.choice((0, 1, 3, 7, -1)))
    if kind == 4 and shape:
        shape[rng.randrange(len(shape))] = _number(rng)
        return replace(tensor, shape=tuple(shape), signature=None)
    if kind == 5:
        return replace(tensor, shape=tuple([*shape, 1] if rng.random() < 0.5 else shape[:-1]), signature=None)
    if isinstance(tensor.data, np.ndarray):
        return replace(tensor, data=tensor.data.astype(rng.choice(DTYPES)))
    return replace(tensor, signature=None)


def _spoil_option(rng: random.Random, table: Options) -> Options:
    field = rng.choice(sorted(table.fields))
    value = table.fields[field]
    if isinstance(value, float):
        value = rng.choice((0.0, -1.0, 3e38, float("inf"), 1e-40))
    elif isinstance(value, list):
        value = [_number(rng) for _ in value]
    elif isinstance(value, np.ndarray):
        value = np.array([_number(rng) for _ in value], value.dtype)
    else:
        value = _number(rng)
    return Options(table.table, {**table.fields, field: value})


def _spoil_operator(rng: random.Random, operator: Operator) -> Operator:
    table = operator.options
    if table is not None and rng.random() < 0.6:
        return replace(operator, options=_spoil_option(rng, table))
    inputs = list(operator.inputs)
    at = rng.randrange(len(inputs))
    kind = rng.randrange(5)
    if kind == 0:
        inputs[at] = None
    elif kind == 1:
        inputs[at] = inputs[rng.randrange(len(inputs))]
    elif kind == 2:
        del inputs[at]
    elif kind == 3:
        inputs.append(inputs[at])
    else:
        return replace(operator, version=rng.choice((1, 2, 3, 4, 5)), options=None if rng.random() < 0.5 else table)
    return replace(operator, inputs=inputs)


def random_model(rng: random.Random) -> tuple[str, bytes] | None:
    """(operator, file); None where the schema itself cannot hold what was drawn."""
    tensors, operator = rng.choice(SOUND)(rng, rng.choice(("INT8", "FLOAT32", "UINT8")))
    outputs = [y for y in operator.outputs if y != PLACES]
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        if rng.random() < 0.6:
            at = rng.randrange(len(tensors))
            tensors[at] = _spoil_tensor(rng, tensors[at])
        else:
            operator = _spoil_operator(rng, operator)
            if not operator.inputs:
                break
    try:
        return str(operator.name), build_model(tensors, [operator], outputs=outputs)
    except (TypeError, OverflowError, ValueError, AssertionError):
        return None
