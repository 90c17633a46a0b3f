"""One operator of a .tflite file while it is imported, and the table of the functions that import each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite.custom_options import CustomOptions
from edgegen.frontends.tflite.reader import FileOperator, Options
from edgegen.frontends.tflite.tensors import MAX_BYTES, check_size
from edgegen.frontends.tflite.unsigned import Signed
from edgegen.frontends.widening import WIDER, narrow_results
from edgegen.ir.dtypes import F16, U32, DType
from edgegen.ir.graph import Node, State
from edgegen.ir.op import Op
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Array, Tensor, TensorType, constant
from edgegen.ops.cast import Cast
from edgegen.ops.reshape import Reshape

if TYPE_CHECKING:
    from edgegen.frontends.tflite.importer import Importer

Import = Callable[["Operator"], None]

FOLDED_BYTES = 4096
"""Results of this size that depend on constants only are computed while importing."""


@dataclass(frozen=True)
class Registered:
    """An import function, the operator versions that it implements and how it takes quantized u8."""

    function: Import
    last_version: int
    signed: Signed


REGISTRY: dict[str, Registered] = {}


def operator(name: str, last_version: int, signed: Signed = "") -> Callable[[Import], Import]:
    """Registers a function for TFLite operator `name`, versions 1 to `last_version`.

    signed: "computes" or "moves" for a function that sees quantized u8 as s8: see unsigned.py
    """

    def register(function: Import) -> Import:
        REGISTRY[name] = Registered(function, last_version, signed)
        return function

    return register


class Operator:
    """One TFLite operator while it is imported: its inputs, outputs and options, and a place to add nodes.

    Inputs have the shapes that inference gave them. Outputs have the file's shapes until a node writes them; those
    are stale where the user chose other sizes (`resized`), so an import function takes shapes from the inputs and
    options, and from an output only where the format says nothing else.

    unsigned: the file's type is u8 where the operator's inputs and outputs here are s8
    intermediates: tensors without values, which say how results inside the operator are quantized
    """

    def __init__(self, model: Importer, file: FileOperator) -> None:
        self._model, self._file = model, file
        self.name, self.source = file.name, file.source
        self.resized = model.resized
        self.inputs: list[Tensor | None] = [model.tensors[i] if i >= 0 else None for i in file.inputs]
        self.outputs: list[Tensor] = [model.tensors[i] for i in file.outputs]
        self.intermediates: list[Tensor] = [model.tensors[i] for i in file.intermediates]
        self.unsigned = False
        self._parts = 0

    def options(self, kind: type) -> Options:
        return self._file.options(kind)

    def custom_options(self) -> CustomOptions:
        """The options of a custom operator. Raises InvalidModel if they are no FlexBuffer."""
        return CustomOptions(self.custom_bytes(), self.source)

    def custom_bytes(self) -> bytes:
        """The same as the file has them, for operators that keep a struct there."""
        return self._file.custom_options()

    def input(self, i: int) -> Tensor:
        """Input i, which must be there. Raises InvalidModel."""
        tensor = self.optional(i)
        if tensor is None:
            raise self.invalid(f"lacks input {i}")
        return tensor

    def optional(self, i: int) -> Tensor | None:
        return self.inputs[i] if i < len(self.inputs) else None

    @property
    def output(self) -> Tensor:
        """The only (or first) output. Raises InvalidModel if there is none."""
        if not self.outputs:
            raise self.invalid("has no output")
        return self.outputs[0]

    def constant(self, i: int, what: str) -> Array:
        """Values of input i, which must be constant: `what` says what it holds. Raises UnsupportedModel."""
        tensor = self.input(i)
        if tensor.data is None:
            raise UnsupportedModel(
                f"{self._where}: {what} must be known ahead of time",
                [("why", f'"{tensor.name}" is computed at run time')],
                "convert the model with static shapes",
            )
        return tensor.data

    def integers(self, i: int, what: str) -> tuple[int, ...]:
        """Values of input i, a constant scalar or list of s32 or s64, such as a shape, axes or paddings."""
        values = self.constant(i, what)
        if values.dtype.name not in ("int32", "int64") or values.ndim > 1:
            raise self.invalid(f'{what} "{self.input(i).name}" must be a list of s32 or s64, is {self.input(i).type}')
        return tuple(int(v) for v in values.reshape(-1))

    def axis(self, value: int, rank: int) -> int:
        """An axis that may be counted from the end, as one of 0 to rank - 1. Raises InvalidModel."""
        if not -rank <= value < rank:
            raise self.invalid(f"axis {value} is not one of {rank} dimensions")
        return value % rank

    def quantization(self, tensor: Tensor) -> Quantization:
        """The quantization of an integer tensor. Raises InvalidModel if it has none."""
        if tensor.type.quantization is None:
            raise self.invalid(f'"{tensor.name}" is {tensor.dtype} but has no quantization')
        return tensor.type.quantization

    def per_tensor(self, tensor: Tensor) -> tuple[float, int]:
        """(scale, zero point) of a tensor quantized as a whole. Raises InvalidModel."""
        q = self.quantization(tensor)
        if not q.per_tensor:
            raise self.invalid(f'"{tensor.name}" must be quantized per tensor')
        return q.scale[0], q.zero_point[0]

    def same_quantization(self, x: Tensor, y: Tensor) -> None:
        """Raises UnsupportedModel if y, which only moves x's elements, gives them another meaning."""
        a, b = x.type.quantization, y.type.quantization
        if a is not None and b is not None and x.dtype.size < 4 and (a.scale, a.zero_point) != (b.scale, b.zero_point):
            raise self.unsupported(
                f'"{x.name}" has {a}, "{y.name}" {b}: {self.name} cannot requantize', "insert a QUANTIZE between them"
            )

    def add(self, op: Op, inputs: Sequence[Tensor | None], output: Tensor | None = None) -> Tensor:
        """Appends a node with one output, as `add_all` does, and returns that output."""
        (result,) = self.add_all(op, inputs, [output])
        return result

    def add_all(self, op: Op, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor | None]) -> list[Tensor]:
        """Appends a node and returns its outputs. Where `outputs` has None, the result is a new tensor.

        Results have the types that `op` infers. What depends on constants only and is small, as shapes and indices are,
        is computed at once and leaves no node, so that later operators find it where they need values ahead of time.
        Of f16 and u32, what no kernel computes is computed in a wider type. Raises InvalidModel if a type contradicts
        the file's declaration, and InvalidGraph if the inputs do not fit the operator.
        """
        if any(t is not None and t.dtype in (F16, U32) for t in inputs):
            narrow = narrow_results(op, inputs)
            if narrow is not None:
                return self._add_wide(op, inputs, outputs, narrow)
        self._parts += 1
        computed = op.infer(*(t.type if t is not None else None for t in inputs))
        results: list[Tensor] = []
        for k, (given, type) in enumerate(zip(outputs, computed, strict=True)):
            result = given
            if result is None:
                suffix = f"{op.kind.lower()}{self._parts}" + (f"_{k}" if len(computed) > 1 else "")
                result = Tensor(f"{self.output.name}/{suffix}", type)
                check_size(result.name, type)
            else:
                self._model.define(self, result, type)
            results.append(result)
        read = [t for t in inputs if t is not None]
        if (
            read
            and not op.is_control
            and all(t.is_constant for t in read)
            and sum(t.bytes for t in computed) <= FOLDED_BYTES
        ):
            values = op.reference(*(t.data if t is not None else None for t in inputs))
            for result, array in zip(results, values, strict=True):
                result.data = np.array(array, result.dtype.np)
                result.data.setflags(write=False)
        else:
            self._model.graph.nodes.append(Node(op, list(inputs), results, results[0].name, self.source))
        return results

    def _add_wide(
        self, op: Op, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor | None], narrow: Sequence[DType]
    ) -> list[Tensor]:
        """`add_all` on wider types; the results become `narrow` ones, rounded once."""
        wide = [t if t is None else self.cast(t, WIDER.get(t.dtype, t.dtype)) for t in inputs]
        computed = op.infer(*(None if t is None else t.type for t in wide))
        kept = [y.dtype != dtype for y, dtype in zip(computed, narrow, strict=True)]
        results = self.add_all(op, wide, [None if k else y for k, y in zip(kept, outputs, strict=True)])
        return [
            self.add(Cast(dtype.name), [result], given) if k else result
            for k, result, dtype, given in zip(kept, results, narrow, outputs, strict=True)
        ]

    def cast(self, tensor: Tensor, dtype: DType) -> Tensor:
        """The same numbers as `dtype`."""
        return tensor if tensor.dtype == dtype else self.add(Cast(dtype.name), [tensor])

    def state(self, i: int, first: Array | None = None) -> State:
        """What the variable tensor at input i carries from run to run; the caller sets its `next`.

        first: its value before the first run; by default zero, for which an s8 tensor has its zero point, as
               interpreters reset it. Raises InvalidModel if input i is not a variable tensor, and UnsupportedModel if
               two operators write it.
        """
        tensor = self.input(i)
        return self._model.carry(self, tensor, first)

    def hidden_state(self, name: str, type: TensorType, first: int = 0) -> State:
        """What the operator remembers from run to run beside its tensors; the caller sets its `next`.

        first: every element's value before the first run. Raises UnsupportedModel if there are none or too many.
        """
        value = Tensor(f"{self.output.name}/{name}", type)
        check_size(value.name, type)
        state = State(value.name, value, value, np.full(type.shape, first, type.dtype.np))
        self._model.graph.state.append(state)
        return state

    def define_sized(self, tensor: Tensor, room: Tensor, extents: Tensor) -> None:
        """Gives an output a result with room for the most, whose elements come first, under the extents s64[rank].

        Raises UnsupportedModel within sub-graphs.
        """
        if self._model.inside is not None:
            raise self.unsupported(f'how large "{tensor.name}" is depends on values that are computed at run time')
        self._model.sized[tensor] = extents
        self.add(Reshape(room.shape), [room], tensor)

    def define_constant(self, tensor: Tensor, values: Array) -> None:
        """Gives an output values that are known ahead of time, in place of a node. Raises as `add` does."""
        self._model.define(self, tensor, TensorType(tensor.dtype, values.shape))
        self._model.source.computed_bytes += values.nbytes
        if self._model.source.computed_bytes > MAX_BYTES:
            raise self.unsupported(f"constants computed ahead of time exceed {MAX_BYTES:,} bytes")
        values.setflags(write=False)
        tensor.data = values

    @property
    def model(self) -> Importer:
        """The sub-graph that the operator stands in."""
        return self._model

    def add_constant(self, suffix: str, values: Array, dtype: DType) -> Tensor:
        return constant(f"{self.output.name}/{suffix}", values, dtype)

    @property
    def _where(self) -> str:
        """How messages name the operator: converters join the names of all that they fused, so the end is enough."""
        name = self.outputs[0].name if self.outputs else ""
        return f'{self.source} "{name if len(name) <= 60 else f"...{name[-57:]}"}"' if name else self.source

    def invalid(self, text: str) -> InvalidModel:
        return InvalidModel(f"{self._where}: {text}")

    def unsupported(self, text: str, help: str = "") -> UnsupportedModel:
        return UnsupportedModel(f"{self._where}: {text}", help=help)
