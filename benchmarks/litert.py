"""The peer on the host: LiteRT with XNNPACK, one thread."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from itertools import repeat

import tflite

from edgegen.ir.tensor import Array


def accepted(data: bytes) -> bytes:
    """The file as LiteRT takes it: it refuses a bias whose quantized dimension lies beyond its rank, as person_detect
    has; the dimension of a rank-1 tensor says nothing, so it becomes 0."""
    patched = bytearray(data)
    graph = tflite.Model.GetRootAs(patched, 0).Subgraphs(0)
    for i in range(graph.TensorsLength()):
        tensor = graph.Tensors(i)
        quantization = tensor.Quantization()
        if quantization is None or quantization.QuantizedDimension() < tensor.ShapeLength():
            continue
        field = quantization._tab.Offset(16)  # the schema's seventh field: quantized_dimension
        if field:
            struct.pack_into("<i", patched, quantization._tab.Pos + field, 0)
    return bytes(patched)


class LiteRt:
    """An interpreter with its inputs set."""

    def __init__(self, data: bytes, inputs: Sequence[Array]) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_content=accepted(data), num_threads=1)
        self._interpreter.allocate_tensors()
        for detail, value in zip(self._interpreter.get_input_details(), inputs, strict=True):
            self._interpreter.set_tensor(detail["index"], value)

    def nanoseconds(self, repeats: int) -> list[int]:
        """Time of each of `repeats` invokes, the Python binding's call included."""
        invoke, clock = self._interpreter.invoke, time.perf_counter_ns
        times = []
        for _ in repeat(None, repeats):
            start = clock()
            invoke()
            times.append(clock() - start)
        return times
