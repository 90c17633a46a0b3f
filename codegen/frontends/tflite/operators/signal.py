"""TensorFlow Lite Micro's signal operators, which turn sound into features and back: custom operators named Signal*."""

from __future__ import annotations

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.ir.dtypes import F32, S16, S32, U32, U64, DType
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.audio.frames import Frames, OverlapAdd, Stacker
from edgegen.ops.audio.noise import Pcan, ScaledLog, SpectralSubtraction
from edgegen.ops.audio.scaling import AutoScale, Taper
from edgegen.ops.audio.spectrum import Energy, FilterBank, IntegerRoot
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.concat import Concat
from edgegen.ops.fft import Irfft, Rfft, check_length
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice

_TYPES = {0: F32, 2: S32, 7: S16}
"""What an option T names: numbers of the file's types."""


def _typed(op: Operator, inputs: tuple[DType, ...], outputs: int = 1) -> list[Tensor]:
    """The inputs, which must have these types. Raises InvalidModel and UnsupportedModel."""
    if len(op.inputs) != len(inputs) or len(op.outputs) != outputs:
        raise op.invalid(f"has {len(op.inputs)} inputs and {len(op.outputs)} outputs, not {len(inputs)} and {outputs}")
    tensors = [op.input(i) for i in range(len(inputs))]
    if tuple(t.dtype for t in tensors) != inputs:
        raise op.unsupported(
            f"{', '.join(str(t.dtype) for t in tensors)} are not supported", f"use {', '.join(map(str, inputs))}"
        )
    return tensors


def _generic(op: Operator, *dtypes: DType) -> Tensor:
    """The input of an operator whose option T names its type. Raises InvalidModel and UnsupportedModel."""
    named = _TYPES.get(op.custom_options().integer("T"))
    if named not in dtypes:
        raise op.unsupported(f"T is {named}, not one of {', '.join(map(str, dtypes))}")
    if op.input(0).dtype != named:
        raise op.invalid(f'T is {named}, but "{op.input(0).name}" is {op.input(0).type}')
    return _typed(op, (named,))[0]


@operator("custom:SignalWindow", last_version=1)
def window(op: Operator) -> None:
    """Input 1 holds the weights of a frame."""
    x, weights = _typed(op, (S16, S16))
    op.add(Taper(op.custom_options().integer("shift")), [x, weights], op.output)


@operator("custom:SignalFftAutoScale", last_version=1)
def fft_auto_scale(op: Operator) -> None:
    """Output 1 says by how many bits."""
    op.add_all(AutoScale(), _typed(op, (S16,), 2), op.outputs)


def _length(op: Operator) -> int:
    """Of a transform. Raises UnsupportedModel for one that TensorFlow Lite Micro does not compute either."""
    length = op.custom_options().integer("fft_length")
    try:
        check_length(length)
    except InvalidGraph as error:
        raise op.unsupported(error.what, "use a power of two") from error
    return length


@operator("custom:SignalRfft", last_version=1)
def rfft(op: Operator) -> None:
    op.add(Rfft(_length(op)), [_generic(op, S16, S32, F32)], op.output)


@operator("custom:SignalIrfft", last_version=1)
def irfft(op: Operator) -> None:
    op.add(Irfft(_length(op)), [_generic(op, S16, S32, F32)], op.output)


@operator("custom:SignalEnergy", last_version=1)
def energy(op: Operator) -> None:
    options = op.custom_options()
    op.add(Energy(options.integer("start_index"), options.integer("end_index")), _typed(op, (S16,)), op.output)


@operator("custom:SignalFilterBank", last_version=1)
def filter_bank(op: Operator) -> None:
    """Inputs 3 to 5 say which frequencies and weights make up each channel."""
    x, weights, unweights, *_ = _typed(op, (U32, S16, S16, S16, S16, S16))
    for i in (1, 2):
        op.constant(i, "the weights of a filter bank")
    starts, first, widths = (op.constant(i, "the channels of a filter bank").reshape(-1).tolist() for i in (3, 4, 5))
    ranges = op.custom_options().integer("num_channels") + 1
    if ranges > min(len(starts), len(first), len(widths)):
        raise op.invalid(f"{ranges - 1} channels need lists of {ranges}")
    bank = FilterBank(tuple(starts[:ranges]), tuple(first[:ranges]), tuple(widths[:ranges]))
    op.add(bank, [x, weights, unweights], op.output)


@operator("custom:SignalFilterBankSquareRoot", last_version=1)
def filter_bank_square_root(op: Operator) -> None:
    """Input 1 says by how many bits the roots are too large."""
    op.add(IntegerRoot(), _typed(op, (U64, S32)), op.output)


@operator("custom:SignalFilterBankSpectralSubtraction", last_version=1)
def filter_bank_spectral_subtraction(op: Operator) -> None:
    """Output 1 is the estimate of the noise, which the next run goes on with."""
    (x,) = _typed(op, (U32,), 2)
    get = op.custom_options().integer
    if get("num_channels") != x.type.elements:
        raise op.invalid(f"has {get('num_channels')} channels, but {x.type}")
    subtraction = SpectralSubtraction(
        (get("smoothing"), get("alternate_smoothing")),
        (get("one_minus_smoothing"), get("alternate_one_minus_smoothing")),
        get("min_signal_remaining"),
        get("smoothing_bits"),
        get("spectral_subtraction_bits"),
        op.custom_options().flag("clamping"),
    )
    noise = op.hidden_state("noise", TensorType(U32, x.shape))
    _, noise.next = op.add_all(subtraction, [x, noise.value], op.outputs)


@operator("custom:SignalPCAN", last_version=1)
def pcan(op: Operator) -> None:
    """Input 1 is the noise, input 2 the table of gains."""
    op.add(Pcan(op.custom_options().integer("snr_shift")), _typed(op, (U32, U32, S16)), op.output)


@operator("custom:SignalFilterBankLog", last_version=1)
def filter_bank_log(op: Operator) -> None:
    options = op.custom_options()
    log = ScaledLog(options.integer("output_scale"), options.integer("input_correction_bits"))
    op.add(log, _typed(op, (U32,)), op.output)


def _part(op: Operator, x: Tensor, first: int, count: int, output: Tensor | None = None) -> Tensor:
    """Elements `first` to `first + count - 1` along the last axis."""
    begin, size = (0,) * (x.rank - 1) + (first,), (*x.shape[:-1], count)
    return op.add(Slice(begin, size, (1,) * x.rank), [x], output)


def _extended(op: Operator, x: Tensor, kept: int) -> Tensor:
    """x after the `kept` numbers along the last axis that were before it; 0 in the first run, unless kept is 0."""
    if not kept:
        return x
    history = op.hidden_state("history", TensorType(x.dtype, (*x.shape[:-1], kept)))
    joined = op.add(Concat(x.rank - 1), [history.value, x])
    history.next = _part(op, joined, x.shape[-1], kept)
    return joined


@operator("custom:SignalFramer", last_version=1)
def framer(op: Operator) -> None:
    """Cuts each run's x[..., n] into frames[..., n / step, size]; output 1 says whether all of them are full.

    Without `prefill` the first frame waits for whole steps. As long as output 1 is false, frames have zeros for what
    was before the first run; TensorFlow Lite Micro leaves those frames as they lie in memory.
    """
    (x,), options = _typed(op, (S16,), 2), op.custom_options()
    size, step, prefill = options.integer("frame_size"), options.integer("frame_step"), options.flag("prefill")
    if not x.rank or size < 1 or step < 1 or x.shape[-1] % step:
        raise op.invalid(f"frames of {size} in steps of {step} do not cut {x.type}")
    if prefill and size < step:
        raise op.invalid(f"frames of {size} in steps of {step} leave nothing to prefill")
    kept, count = size - step if prefill else -(-size // step) * step - step, x.shape[-1] // step
    op.add(Frames(size, step, count), [_extended(op, x, kept)], op.outputs[0])
    if prefill or not kept:
        op.define_constant(op.outputs[1], np.array(True))
        return
    zero = op.add_constant("zero", np.array(0), S32)
    ahead = op.hidden_state("frames", TensorType(S32, ()), -(kept // step))  # below 0 until one is full
    op.add(Compare("greater_equal"), [ahead.value, zero], op.outputs[1])
    more = op.add(Binary("add"), [ahead.value, op.add_constant("count", np.array(count), S32)])
    ahead.next = op.add(Binary("minimum"), [more, zero])


@operator("custom:SignalStacker", last_version=1)
def stacker(op: Operator) -> None:
    """Output 1 says whether the stack is due."""
    (x,), get = _typed(op, (S16,), 2), op.custom_options().integer
    left, right, step = get("stacker_left_context"), get("stacker_right_context"), get("stacker_step")
    if x.rank != 1 or get("num_channels") != x.type.elements:
        raise op.invalid(f"has {get('num_channels')} channels, but {x.type}")
    if (left, right, step) == (0, 0, 1):
        op.add(Reshape(x.shape), [x], op.outputs[0])
        op.define_constant(op.outputs[1], np.array(True))
        return
    if min(left, right) < 0 or left + right > 1 << 16:
        raise op.invalid(f"cannot stack {left} frames before and {right} after each")
    history = op.hidden_state("history", TensorType(S16, ((left + right) * x.type.elements,)))
    calls = op.hidden_state("calls", TensorType(S32, ()))
    inputs, outputs = [x, history.value, calls.value], [*op.outputs, None, None]
    *_, history.next, calls.next = op.add_all(Stacker(left, right, step), inputs, outputs)


@operator("custom:SignalDelay", last_version=1)
def delay(op: Operator) -> None:
    """x along its last axis, later by delay_length; zeros come first."""
    (x,), length = _typed(op, (S16,)), op.custom_options().integer("delay_length")
    if not x.rank or not 0 <= length <= 1 << 28:
        raise op.invalid(f"{x.type} cannot be delayed by {length}")
    if length:
        _part(op, _extended(op, x, length), 0, x.shape[-1], op.output)
    else:
        op.add(Reshape(x.shape), [x], op.output)


@operator("custom:SignalOverlapAdd", last_version=1)
def overlap_add(op: Operator) -> None:
    """Frames x[..., n, size] added up, each frame_step after the one before it."""
    x, step = _generic(op, S16, F32), op.custom_options().integer("frame_step")
    if x.rank < 2 or not 1 <= step <= x.shape[-1]:
        raise op.invalid(f"frames {x.type} cannot be added in steps of {step}")
    kept = x.shape[-1] - step
    if not kept:
        op.add(Reshape((*x.shape[:-2], x.shape[-2] * step)), [x], op.output)
        return
    tail = op.hidden_state("tail", TensorType(x.dtype, (*x.shape[:-2], kept)))
    _, tail.next = op.add_all(OverlapAdd(step), [x, tail.value], [op.output, None])
