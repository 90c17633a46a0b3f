"""FULLY_CONNECTED."""

from __future__ import annotations

import tflite
from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.operators.activation_range import activation_clamp
from edgegen.frontends.tflite.operators.convolution import convolution_requantize
from edgegen.ops.dense import Dense
from edgegen.ops.reshape import Reshape


@operator("FULLY_CONNECTED", last_version=12)
def fully_connected(op: Operator) -> None:
    """x of any rank is read as [batch, depth]; the output may keep x's leading dimensions."""
    x, w, b, y = op.input(0), op.input(1), op.optional(2), op.output
    options = op.options(tflite.FullyConnectedOptions)
    if options.WeightsFormat != tflite.FullyConnectedOptionsWeightsFormat.DEFAULT:
        raise op.unsupported("shuffled weights are not supported", "convert without shuffling")
    if w.rank != 2 or w.shape[1] == 0 or x.type.elements % w.shape[1]:
        raise op.invalid(f"input {x.type} does not divide into rows for weights {w.type}")
    rows = x.type.elements // w.shape[1]
    clamp = activation_clamp(op, options.FusedActivationFunction, y)
    x_zero, requantize = convolution_requantize(op, x, w, b)
    dense = Dense(x_zero, requantize, clamp)
    flat = x if x.rank == 2 and x.shape[0] == rows else op.add(Reshape((rows, w.shape[1])), [x])
    shape = (*x.shape[:-1], w.shape[0]) if options.KeepNumDims else (rows, w.shape[0])
    if not op.resized and y.type.elements == rows * w.shape[0]:
        shape = y.shape  # old converters keep the dimensions without saying so
    if shape == (rows, w.shape[0]):
        op.add(dense, [flat, w, b], y)
    else:
        op.add(Reshape(shape), [op.add(dense, [flat, w, b])], y)
