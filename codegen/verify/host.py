"""Programs loaded into this process through cffi: the quickest way to run a native target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cffi
import numpy as np

from edgegen.compiler import Compiled
from edgegen.errors import ToolchainFailed
from edgegen.verify import toolchain
from edgegen.verify.objects import Build
from edgegen.verify.program import CORRUPT, Call, Outcome, Program, checked_inputs, corruption

_INTERFACE = """
typedef struct { uint8_t *address, *start; uint32_t bytes, planned_bytes; } harness_part;
typedef struct { int32_t step; uint32_t part, offset, bytes; int32_t is_result; } harness_region;
typedef struct {
    void *instance;
    const harness_part *parts;
    uint32_t part_count;
    int (*init)(void *instance);
    int (*run)(void *instance);
    const char *(*broken)(const void *instance, int32_t *node);
    void *(*input)(void *instance, uint32_t index);
    const void *(*output)(const void *instance, uint32_t index);
    uint32_t inputs, outputs;
    const uint32_t *input_bytes, *output_bytes;
    const harness_region *regions;
    uint32_t region_count;
} harness_model;
extern const harness_model harness_models[];
int64_t harness_nanoseconds(const harness_model *m);
"""


class HostProgram(Program):
    """A shared library. Each model's instance lies in the library, so a program is one set of instances."""

    def __init__(self, models: Sequence[Compiled], build: Build) -> None:
        self._begun: set[int] = set()
        super().__init__(models, build)

    def extra_flags(self) -> tuple[str, ...]:
        return ("-fPIC",)

    def _link(self) -> None:
        harness = self.compile_harness(("library.c",), ("-fPIC",))
        command = [toolchain.compiler(self.target), "-shared", *self.objects, *harness, "-lm", "-o", "program.so"]
        toolchain.run(command, "linking the library", self.folder)
        self._ffi: Any = cffi.FFI()
        self._ffi.cdef(_INTERFACE)
        try:
            self._library: Any = self._ffi.dlopen(str(self.folder / "program.so"))
        except OSError as error:
            raise ToolchainFailed("the compiled library cannot be loaded", [("why", str(error))]) from error

    def reset(self) -> None:
        self._begun.clear()

    @property
    def instance_bytes(self) -> list[int]:
        entries = [self._library.harness_models[i] for i in range(len(self.models))]
        return [sum(int(e.parts[k].bytes) for k in range(e.part_count)) for e in entries]

    def execute(self, calls: Sequence[Call]) -> list[Outcome]:
        return [self._answer(c) for c in calls]

    def _answer(self, call: Call) -> Outcome:
        model, entry = self._load(call)
        self._check(model, entry, entry.run(entry.instance))
        return Outcome(self._outputs(model, entry))

    def nanoseconds(self, call: Call, repeats: int) -> list[int]:
        """Wall-clock time of each of `repeats` runs on the same inputs, measured in C around the run function."""
        times = []
        for _ in range(repeats):
            _, entry = self._load(call)
            times.append(int(self._library.harness_nanoseconds(self._ffi.addressof(entry))))
        return times

    def _load(self, call: Call) -> tuple[Compiled, Any]:
        """The model's entry, its instance fresh if need be, its inputs written."""
        model = self.models[call.model]
        inputs = checked_inputs(model, call.inputs)
        entry = self._library.harness_models[call.model]
        if call.restart or call.model not in self._begun:
            for part in (entry.parts[k] for k in range(entry.part_count)):
                self._ffi.buffer(part.address, part.bytes)[:] = b"\xa5" * part.bytes
            self._check(model, entry, entry.init(entry.instance))
            self._begun.add(call.model)
        for i, array in enumerate(inputs):
            self._ffi.memmove(entry.input(entry.instance, i), array.tobytes(), array.nbytes)
        return model, entry

    def _outputs(self, model: Compiled, entry: Any) -> list[Any]:
        outputs = []
        for i, tensor in enumerate(model.graph.outputs):
            data = bytes(self._ffi.buffer(entry.output(entry.instance, i), entry.output_bytes[i]))
            outputs.append(np.frombuffer(data, tensor.dtype.np).reshape(tensor.shape).copy())
        return outputs

    def _check(self, model: Compiled, entry: Any, status: int) -> None:
        if status == CORRUPT and self.build.check_memory:
            node = self._ffi.new("int32_t *")
            tensor = self._ffi.string(entry.broken(entry.instance, node)).decode("ascii")
            raise corruption(model, int(node[0]), tensor)
        if status != 0:
            raise ToolchainFailed(f"{model.name} returned status {status} on {self.target.name}")
