"""What Svdf is; its kernel rows are beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.fixed_point import FixedPoint, IntArray
from edgegen.ir.op import NO_CLAMP, Op, Range, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.gates import WeightScales, product


@dataclass(frozen=True)
class Svdf(Op):
    """A dense layer over the last steps of a stream, its weights of low rank: one filter over features, one over time.

    Inputs: x[N,K], state[N,F*M], features[F,K], times[F,M], bias[U] or none. Outputs: y[N,U], the next state.
    Each of F filters remembers M numbers, oldest first: what `features` made of the last M inputs. A run drops the
    oldest, appends that of x, and sums the products with `times` over `rank` filters to a unit: F = U * rank.
    (TFLite SVDF, versions 1 to 4; TFLM's reference kernels of s8 with a state of s16 or s8, and of f32.)

    x_zero, state_zero: zero points
    remember:   how sums over features become the state's integers; None for floats. They are limited before the zero
                point is added, and wrap then, as in TFLM's kernel
    requantize: how sums over time, in which bias stands, become the output's integers; None for floats
    clamp:      on the output, in its own numbers
    scale:      of s8 features beside an f32 x, which is quantized row by row while the model runs
    asymmetric: with zero points
    """

    rank: int = 1
    x_zero: int = 0
    state_zero: int = 0
    remember: FixedPoint | None = None
    requantize: FixedPoint | None = None
    clamp: Range = NO_CLAMP
    scale: float | None = None
    asymmetric: bool = False

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, state = known(inputs[0], "x"), known(inputs[1], "state")
        features, times = known(inputs[2], "features"), known(inputs[3], "times")
        bias = inputs[4] if len(inputs) > 4 else None
        if min(len(x.shape), len(features.shape), len(times.shape)) != 2 or x.shape[1:] != features.shape[1:]:
            raise InvalidGraph(f"x {x}, features {features} and times {times} do not fit")
        filters = features.shape[0]
        if times.shape[0] != filters or times.shape[1] < 1 or self.rank < 1 or filters % self.rank:
            raise InvalidGraph(f"times {times} do not have {filters} filters of rank {self.rank}")
        if state.shape != (x.shape[0], times.elements):
            raise InvalidGraph(
                f"state {state} does not remember {times.elements} numbers for each of {x.shape[0]} rows"
            )
        units = filters // self.rank
        if bias is not None and bias.shape != (units,):
            raise InvalidGraph(f"bias {bias} does not have {units} elements")
        floats = (x.dtype.is_float, state.dtype.is_float, self.requantize is None, self.remember is None)
        if len(set(floats)) != 1 or features.dtype.is_float != (x.dtype.is_float and self.scale is None):
            raise InvalidGraph(f"x {x} and state {state} need the same arithmetic")
        return (TensorType(x.dtype, (x.shape[0], units)), TensorType(state.dtype, state.shape))

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, state = present(inputs[0], "x"), present(inputs[1], "state")
        features, times = present(inputs[2], "features"), present(inputs[3], "times")
        bias = inputs[4] if len(inputs) > 4 else None
        # float64 holds every sum of integer products exactly
        fresh = product(x.astype(np.float64) - self.x_zero, features, None, None)
        if self.scale is not None:
            how = WeightScales((self.scale,), (), asymmetric=self.asymmetric)
            fresh = product(x, features, how, how.per_unit(how.x, len(features)))
        if self.remember is not None:
            unlimited = self.remember.apply(fresh.astype(np.int64)) - self.remember.zero_point
            fresh = (_saturated(unlimited, state.dtype) + self.remember.zero_point).astype(state.dtype)
        memory = state.reshape(len(x), *times.shape)
        memory = np.concatenate([memory[:, :, 1:], fresh[:, :, None].astype(state.dtype)], axis=2)
        weighted = ((memory.astype(np.float64) - self.state_zero) * times.astype(np.float64)).sum(axis=2)
        acc = weighted.reshape(len(x), -1, self.rank).sum(axis=2)
        acc = acc if bias is None else acc + bias
        if self.requantize is not None:
            acc = _saturated(self.requantize.apply(acc.astype(np.int64)), x.dtype)
        y = np.clip(acc, self.clamp.low, self.clamp.high).astype(x.dtype)
        return y, memory.reshape(state.shape)

    def macs(self, *inputs: TensorType | None) -> int:
        x = known(inputs[0], "x")
        return x.shape[0] * (known(inputs[2], "features").elements + known(inputs[3], "times").elements)


def _saturated(values: IntArray, dtype: np.dtype) -> IntArray:
    limits = np.iinfo(dtype)
    return np.clip(values, limits.min, limits.max)
