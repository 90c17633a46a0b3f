"""A program that provides the function which copies weights, as firmware does."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from edgegen import api
from edgegen.compiler import Compiled
from edgegen.ir.tensor import Array

FIRMWARE = """
#include "model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char file[MODEL_STREAMED_BYTES];
static int calls, failing;
static unsigned long copied;

int model_fetch(const model_t *m, void *to, uint32_t offset, uint32_t bytes)
{
    fprintf(stderr, "%ld %u %u\\n", to == NULL ? -1L : (long)((unsigned char *)to - m->arena), offset, bytes);
    if (calls++ == failing || m == NULL || offset + bytes > sizeof file) {
        return 1;
    }
    if (bytes > 0) {
        memcpy(to, file + offset, bytes);
        copied += bytes;
    }
    return 0;
}

static model_t model;
PUSHING
int main(int count, char **words)
{
    FILE *in = fopen("model_weights.bin", "rb");
    if (in == NULL || fread(file, 1, sizeof file, in) != sizeof file) {
        return 2;
    }
    failing = count > 1 ? atoi(words[1]) : -1;
    model_init(&model);
    FILL
    const int status = RUN;
    printf("%d %d %lu", status, calls, copied);
    for (int i = 0; i < MODEL_OUTPUT_ELEMENTS; i++) {
        printf(" %d", model_output(&model)[i]);
    }
    return 0;
}
"""

PUSHING = """
/* An image, row by row. */
static int push(const int8_t *image)
{
    int status = 0;
    for (int row = 0; row < ROWS && status == 0; row++) {
        status = (int)model_push_row(&model, image + row * (MODEL_INPUT_ELEMENTS / ROWS));
    }
    return status;
}
"""


class Firmware:
    """A model built with a program that copies at once, and fails when it is told to."""

    def __init__(self, compiled: Compiled, folder: Path, inputs: Sequence[Array]) -> None:
        self.folder = folder
        self.asked: list[tuple[int, ...]] = []  # (place in the arena, -1 for none, offset, bytes) of the last run
        api.write_files(folder, {**compiled.files, **compiled.binaries})
        fill, run = [], "(int)model_run(&model)"
        for i, array in enumerate(inputs):
            port = f"model_input{i if len(inputs) > 1 else ''}(&model)"
            if compiled.graph.fed is not None:
                port, run = "image", "push(image)"
                fill.append(f"static {array.dtype}_t image[{array.size}];")
            fill += [f"{port}[{k}] = {value};" for k, value in enumerate(array.ravel().tolist())]
        pushing = PUSHING.replace("ROWS", f"{inputs[0].shape[1]}") if run != "(int)model_run(&model)" else ""
        main = FIRMWARE.replace("FILL", "\n    ".join(fill)).replace("RUN", run).replace("PUSHING", pushing)
        (folder / "main.c").write_text(main)
        strict = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-fsanitize=address,undefined"]
        subprocess.run(["gcc", *strict, "main.c", "model.c", "-o", "main"], cwd=folder, check=True)

    def run(self, failing: int = -1) -> tuple[int, int, int, list[int]]:
        """(status, calls, bytes copied, output)"""
        done = subprocess.run(["./main", str(failing)], cwd=self.folder, check=True, capture_output=True, text=True)
        self.asked = [tuple(map(int, line.split())) for line in done.stderr.splitlines()]
        status, calls, copied, *output = map(int, done.stdout.split())
        return status, calls, copied, output
