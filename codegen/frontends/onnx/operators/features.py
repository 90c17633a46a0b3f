"""Features made ready for classical models (ai.onnx.ml): Scaler, Normalizer, Imputer, encoders and their like."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.scores import DOMAIN, rows_of
from edgegen.ir.dtypes import BOOL, F32, S32, S64, DType, dtype_of
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.concat import Concat
from edgegen.ops.gather import Gather
from edgegen.ops.reduce import Reduce
from edgegen.ops.select_op import Select
from edgegen.ops.unary import Unary

_TEXT = "strings have no place on a device"
_TEXT_HELP = "number the texts outside of the model"


@operator("ArrayFeatureExtractor", domain=DOMAIN)
def array_feature_extractor(op: Operator, x: Tensor, y: Tensor) -> Tensor:
    """Columns y of x's last axis; a vector is one row."""
    if not x.rank or not y.type.elements:
        raise op.invalid(f"{y.type} chooses nothing of {x.type}")
    rows = op.reshape(x, (1, *x.shape)) if x.rank == 1 else x
    return op.add(Gather(rows.rank - 1), [rows, op.reshape(y, (y.type.elements,))])


@operator("Binarizer", domain=DOMAIN)
def binarizer(op: Operator, x: Tensor, *, threshold: float = 0.0) -> Tensor:
    """1 where x exceeds the threshold, else 0."""
    return op.cast(op.add(Compare("less"), [op.constant(threshold, x.dtype), x]), x.dtype)


@operator("Scaler", domain=DOMAIN)
def scaler(op: Operator, x: Tensor, *, offset: tuple[float, ...] = (), scale: tuple[float, ...] = ()) -> Tensor:
    """(x - offset) * scale in f32, per feature or for all."""
    count = x.shape[-1] if x.rank else 1
    if len(offset) not in (1, count) or len(scale) not in (1, count):
        raise op.invalid(f"{len(offset)} offsets and {len(scale)} scales for {count} features")
    centred = op.add(Binary("sub"), [op.cast(x, F32), op.constant(offset, F32)])
    return op.add(Binary("mul"), [centred, op.constant(scale, F32)])


@operator("Normalizer", domain=DOMAIN)
def normalizer(op: Operator, x: Tensor, *, norm: str = "MAX") -> Tensor:
    """Each row divided by its greatest element, its sum of magnitudes or its length; a row whose norm is 0 stays."""
    rows = op.cast(rows_of(op, x), F32)
    if norm == "MAX":
        size = op.add(Reduce("max", (1,), True), [rows])
    elif norm == "L1":
        size = op.add(Reduce("sum", (1,), True), [op.add(Unary("abs"), [rows])])
    elif norm == "L2":
        total = op.add(Reduce("sum", (1,), True), [op.add(Binary("mul"), [rows, rows])])
        size = op.add(Unary("sqrt"), [total])
    else:
        raise op.invalid(f'norm is "{norm}"')
    empty = op.add(Compare("equal"), [size, op.constant(0, F32)])
    size = op.add(Select(), [empty, op.constant(1, F32), size])
    return op.reshape(op.add(Binary("div"), [rows, size]), x.shape)


@operator("Imputer", domain=DOMAIN)
def imputer(
    op: Operator,
    x: Tensor,
    *,
    imputed_value_floats: tuple[float, ...] = (),
    imputed_value_int64s: tuple[int, ...] = (),
    replaced_value_float: float = 0.0,
    replaced_value_int64: int = 0,
) -> Tensor:
    """Another value, per feature or for all, where x is the one to replace (which may be NaN)."""
    values = imputed_value_floats if x.dtype.is_float else imputed_value_int64s
    old = replaced_value_float if x.dtype.is_float else replaced_value_int64
    if len(values) not in (1, x.shape[-1] if x.rank else 1):
        raise op.invalid(f"{len(values)} values for the features of {x.type}")
    nan = x.dtype.is_float and math.isnan(old)
    missing = op.add(Compare("not_equal" if nan else "equal"), [x, x if nan else op.constant(old, x.dtype)])
    return op.add(Select(), [missing, op.constant(values, x.dtype), x])


@operator("FeatureVectorizer", domain=DOMAIN)
def feature_vectorizer(op: Operator, *inputs: Tensor, inputdimensions: tuple[int, ...] = ()) -> Tensor:
    """Columns of all inputs side by side, as f32: of input i as many as inputdimensions[i], which it must have."""
    if not inputs or len(inputdimensions) not in (0, len(inputs)):
        raise op.invalid(f"{len(inputs)} inputs, {len(inputdimensions)} dimensions")
    rows = [op.cast(rows_of(op, x), F32) for x in inputs]
    if inputdimensions and tuple(t.shape[1] for t in rows) != inputdimensions:
        raise op.unsupported(f"inputs of {[t.shape[1] for t in rows]} features, not {list(inputdimensions)}")
    result = rows[0]
    for other in rows[1:]:
        result = op.add(Concat(1), [result, other])
    return result


@operator("OneHotEncoder", domain=DOMAIN)
def one_hot_encoder(
    op: Operator, x: Tensor, *, cats_int64s: tuple[int, ...] = (), cats_strings: tuple[str, ...] = (), zeros: int = 1
) -> Tensor:
    """A new last axis: 1 at the category that x is, 0 elsewhere, f32. Unknown ones are all 0."""
    if cats_strings:
        raise op.unsupported(_TEXT, _TEXT_HELP)
    if not zeros:
        raise op.unsupported("it fails at unknown categories (zeros=0)", "encode them as zeros")
    if not cats_int64s:
        raise op.invalid("has no categories")
    whole = op.reshape(op.cast(x, S64), (*x.shape, 1))
    return op.cast(op.add(Compare("equal"), [whole, op.constant(cats_int64s, S64)]), F32)


def _column(op: Operator, given: dict[str, Sequence[float] | Array | None]) -> Array:
    """Keys or values of a LabelEncoder, whichever attribute gives them."""
    chosen = {name: values for name, values in given.items() if values is not None and len(values) > 0}
    if len(chosen) != 1:
        raise op.invalid(f"has {len(chosen)} of {', '.join(given)}")
    ((name, values),) = chosen.items()
    dtype: DType = dtype_of(np.asarray(values)) if name.endswith("tensor") else S64 if "int" in name else F32
    return np.asarray(values, dtype.np).reshape(-1)


@operator("LabelEncoder", until=1, domain=DOMAIN)
def label_encoder_of_text(
    op: Operator, x: Tensor, *, classes_strings: tuple[str, ...] = (), default_int64: int = -1, default_string: str = ""
) -> Tensor:
    """Between strings and their places."""
    del x, classes_strings, default_int64, default_string
    raise op.unsupported(_TEXT, _TEXT_HELP)


@operator("LabelEncoder", since=2, domain=DOMAIN)
def label_encoder(
    op: Operator,
    x: Tensor,
    *,
    default_float: float = -0.0,
    default_int64: int = -1,
    default_string: str = "_Unused",
    default_tensor: Array | None = None,
    keys_floats: tuple[float, ...] = (),
    keys_int64s: tuple[int, ...] = (),
    keys_strings: tuple[str, ...] = (),
    keys_tensor: Array | None = None,
    values_floats: tuple[float, ...] = (),
    values_int64s: tuple[int, ...] = (),
    values_strings: tuple[str, ...] = (),
    values_tensor: Array | None = None,
) -> Tensor:
    """Of each key its value; of other numbers the default. NaN is a key like any other as of version 4."""
    del default_string
    if keys_strings or values_strings:
        raise op.unsupported(_TEXT, _TEXT_HELP)
    keys = _column(op, {"keys_int64s": keys_int64s, "keys_floats": keys_floats, "keys_tensor": keys_tensor})
    values = _column(
        op, {"values_int64s": values_int64s, "values_floats": values_floats, "values_tensor": values_tensor}
    )
    to = dtype_of(values)
    default = default_int64 if values_int64s else default_float
    if default_tensor is not None:
        default = default_tensor.reshape(-1)[0]
    if len(keys) != len(values) or dtype_of(keys) != x.dtype:
        raise op.invalid(f"{len(keys)} keys of {dtype_of(keys)} and {len(values)} values encode {x.type}")
    return _looked_up(op, x, keys, values, op.constant(default, to))


def _looked_up(op: Operator, x: Tensor, keys: Array, values: Array, default: Tensor) -> Tensor:
    """values[i] where x is keys[i], first ones first, else the default: compared with all keys, then gathered."""
    flat = op.reshape(x, (x.type.elements, 1))
    same = op.add(Compare("equal"), [flat, op.constant(keys, x.dtype)])
    if op.version >= 4 and x.dtype.is_float and np.isnan(keys).any():
        nan = op.add(Compare("not_equal"), [flat, flat])
        same = op.add(Compare("or"), [same, op.add(Compare("and"), [nan, op.constant(np.isnan(keys), BOOL)])])
    count = len(keys)
    order = op.constant(np.arange(count), S32)
    place = op.add(Reduce("min", (1,), False), [op.add(Select(), [same, order, op.constant(count, S32)])])
    table = op.add(Concat(0), [op.constant(values, default.dtype), op.reshape(default, (1,))])
    return op.reshape(op.add(Gather(0), [table, place]), x.shape)


@operator("ZipMap", domain=DOMAIN)
def zip_map(
    op: Operator, x: Tensor, *, classlabels_int64s: tuple[int, ...] = (), classlabels_strings: tuple[str, ...] = ()
) -> Tensor:
    """x itself, [N, classes]: a map from classes to numbers is a tensor of the numbers in the classes' order."""
    classes = len(classlabels_int64s) or len(classlabels_strings)
    if not x.rank or x.shape[-1] != classes:
        raise op.invalid(f"{classes} labels for {x.type}")
    return x
