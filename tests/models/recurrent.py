"""Recurrent operators' .tflite models: inputs by name, absent ones left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.models.tflite_builder import Operator, Options, Tensor, build_model


@dataclass
class Inputs:
    """The inputs of an operator while a model is built, in the operator's order.

    hybrid: weights are s8 of their own scales
    """

    rng: np.random.Generator
    hybrid: bool = False
    tensors: list[Tensor] = field(default_factory=list)
    names: list[str | int | None] = field(default_factory=list)

    def absent(self, count: int = 1) -> None:
        self.names += [None] * count

    def add(self, tensor: Tensor) -> None:
        self.tensors.append(tensor)
        self.names.append(tensor.name)

    def floats(self, name: str, *shape: int, scale: float = 1.0) -> None:
        self.add(Tensor(name, data=(self.rng.standard_normal(shape) * scale).astype(np.float32)))

    def weights(self, name: str, *shape: int) -> None:
        """Of a magnitude that keeps sums of a row near 1."""
        values = self.rng.standard_normal(shape) * shape[-1] ** -0.5 * 0.7
        if not self.hybrid:
            self.add(Tensor(name, data=values.astype(np.float32)))
            return
        scale = float(np.abs(values).max()) / 127
        self.add(Tensor(name, data=np.clip(np.rint(values / scale), -127, 127).astype(np.int8), scale=scale))

    def state(self, name: str, *shape: int) -> None:
        self.add(Tensor(name, "FLOAT32", shape, is_variable=True))

    def parts(
        self, name: str, table: Options, outputs: list[Tensor], version: int = 3, inside: Sequence[Tensor] = ()
    ) -> tuple[list[Tensor], Operator]:
        """All tensors, and the operator. inside: its intermediates"""
        names = [t.name for t in inside]
        operator = Operator(name, self.names, [t.name for t in outputs], table, version, intermediates=names)
        return [*self.tensors, *outputs, *inside], operator

    def model(self, name: str, table: Options, outputs: list[Tensor], version: int, reads: list[str]) -> bytes:
        """reads: the model's inputs"""
        tensors, operator = self.parts(name, table, outputs, version)
        return build_model(tensors, [operator], inputs=reads)


def add_cell(
    inputs: Inputs,
    prefix: str,
    depth: int,
    cells: int,
    coupled: bool = False,
    peepholes: bool = False,
    projection: int = 0,
) -> None:
    """Weights of x and h, peepholes, biases and projection of an LSTM, in the order that all LSTM operators have."""
    outputs = projection or cells
    for name, width in (("w", depth), ("r", outputs)):
        for g in range(4):
            inputs.absent() if coupled and g == 0 else inputs.weights(f"{prefix}{name}{g}", cells, width)
    for g in range(3):
        inputs.weights(f"{prefix}p{g}", cells) if peepholes and not (coupled and g == 0) else inputs.absent()
    for g in range(4):
        inputs.absent() if coupled and g == 0 else inputs.floats(f"{prefix}b{g}", cells, scale=0.3)
    if projection:
        inputs.weights(f"{prefix}projection", projection, cells)
        inputs.floats(f"{prefix}projection_bias", projection, scale=0.1)
    else:
        inputs.absent(2)
