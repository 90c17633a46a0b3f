"""Under a limit, parts of a model become loops over rows, with the least work that keeps the plan within it."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgegen.compiler import compile_graph, read
from edgegen.emit.render import Origin
from edgegen.errors import DoesNotFit, UsageError
from edgegen.ir.dtypes import S8
from edgegen.ir.evaluate import evaluate
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph, State
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reshape import Reshape
from edgegen.ops.transpose import Transpose
from edgegen.passes.check import random_array
from edgegen.passes.pipeline import Options, run
from edgegen.targets import TARGETS, Target
from tests.build_graph import Builder
from tests.corpus import model as find_model
from tests.row_graphs import SMALL, RowGraph

GENERIC = TARGETS["generic"]


def network() -> Graph:
    """An image that layers make larger before they make it smaller, and a pool over all of the rest."""
    random = RowGraph(1)
    b = Builder()
    y = b.input((1, 32, 8, 4), S8)
    for kind, units, stride in (("conv", 16, 1), ("depthwise", 16, 2), ("conv", 24, 1), ("depthwise", 24, 2)):
        pad = (1, 1, 1, 1)
        if kind == "conv":
            weights = random.weights(units, 3, 3, y.shape[3])
            y = b.add(Conv2d((stride, stride), pad=pad, requantize=SMALL), y, weights, None)
        else:
            weights = random.weights(3, 3, units)
            y = b.add(DepthwiseConv2d((stride, stride), pad=pad, requantize=SMALL), y, weights, None)
    return b.graph(b.add(Pool2d("average", (8, 2)), y))


def compiled(graph: Graph, target: Target) -> Graph:
    after = graph.copy()
    run(after, target, Options(check=True))
    return after


def loops(graph: Graph) -> list[str]:
    return [n.name for n in graph.nodes if n.op.stretches]


def bytes_of(graph: Graph) -> int:
    assert graph.plan is not None
    return graph.plan.total_bytes


def test_without_a_limit_images_are_whole() -> None:
    plain = compiled(network(), GENERIC)
    assert loops(plain) == []
    enough = compiled(network(), replace(GENERIC, ram_bytes=bytes_of(plain)))
    assert loops(enough) == []


@pytest.mark.parametrize("share", [0.9, 0.7, 0.5])
def test_a_limit_is_kept_and_nothing_is_computed_twice(share: float) -> None:
    graph = network()
    plain = compiled(graph, GENERIC)
    limit = int(bytes_of(plain) * share)
    tiled = compiled(graph, replace(GENERIC, ram_bytes=limit))
    assert loops(tiled)
    assert bytes_of(tiled) <= limit
    assert tiled.macs() == plain.macs()
    inputs = [random_array(t.type, np.random.default_rng(0)) for t in graph.inputs]
    np.testing.assert_array_equal(evaluate(tiled, inputs)[0], evaluate(graph, inputs)[0])


def test_what_cannot_be_reached_is_refused_with_the_least_and_what_holds_it() -> None:
    with pytest.raises(DoesNotFit, match="no plan needs 500 B or less") as error:
        compiled(network(), replace(GENERIC, ram_bytes=500))
    labels = [label for label, _ in error.value.details]
    assert labels[:2] == ["least", "alive"]
    least = int(error.value.details[0][1].split(" B")[0].replace(",", ""))
    assert 500 < least < bytes_of(compiled(network(), GENERIC)) // 2


def test_rows_of_an_image_that_is_state() -> None:
    """It does not lie in the arena, so that no result lies over it."""
    graph = network()
    (image,) = graph.inputs
    random = np.random.default_rng(0)
    graph.inputs, graph.state = [], [State("image", image, image, random_array(image.type, random))]
    plain = compiled(graph, GENERIC)
    tiled = compiled(graph, replace(GENERIC, ram_bytes=bytes_of(plain) // 2))
    assert loops(tiled)
    np.testing.assert_array_equal(evaluate(tiled, [])[0], evaluate(graph, [])[0])


def test_images_needed_elsewhere_stay_whole() -> None:
    b, half = Builder(), FixedPoint.from_scales([0.5], 0)
    x = b.input((1, 32, 32, 4), S8)
    weights = b.constant(np.ones((3, 3, 4), np.int8))
    y = b.add(DepthwiseConv2d(pad=(1, 1, 1, 1), requantize=half), x, weights, None)
    graph = b.graph(y, b.add(DepthwiseConv2d(pad=(1, 1, 1, 1), requantize=half), y, weights, None))
    plain = compiled(graph, GENERIC)
    with pytest.raises(DoesNotFit):
        compiled(graph, replace(GENERIC, ram_bytes=bytes_of(plain) - 64))


def by_rows(graph: Graph, target: Target = GENERIC) -> Graph:
    after = graph.copy()
    after.by_rows = True
    run(after, target, Options(check=True))
    return after


def test_an_input_by_rows_has_no_place() -> None:
    graph = network()
    fed = by_rows(graph)
    assert fed.fed is fed.inputs[0]
    assert fed.plan is not None
    assert fed.inputs[0] not in fed.plan.tensors
    assert bytes_of(fed) < fed.inputs[0].type.bytes + bytes_of(compiled(graph, GENERIC)) // 2
    inputs = [random_array(t.type, np.random.default_rng(0)) for t in graph.inputs]
    np.testing.assert_array_equal(evaluate(fed, inputs)[0], evaluate(graph, inputs)[0])


def test_an_input_that_is_needed_whole_is_refused() -> None:
    b = Builder()
    x = b.input((1, 8, 8, 4), S8)
    with pytest.raises(UsageError, match="cannot take its input by rows"):
        by_rows(b.graph(b.add(Reshape((1, 256)), x)))


def after_transpose(channels: int, order: str) -> Graph:
    """A layer whose image comes in that order, brought to NHWC as ONNX files have it."""
    b, shape = Builder(), {"NCHW": (1, channels, 16, 16), "NHWC": (1, 16, 16, channels)}
    y = b.input(shape[order], S8)
    if order == "NCHW":
        y = b.add(Transpose((0, 2, 3, 1)), y)
    weights = RowGraph(2).weights(16, 3, 3, channels)
    y = b.add(Conv2d(pad=(1, 1, 1, 1), requantize=SMALL), y, weights, None)
    return b.graph(b.add(Pool2d("average", (16, 16)), y))


@pytest.mark.parametrize("channels", [1, 4])
def test_rows_of_a_channels_first_image_are_refused_with_a_way_out(channels: int) -> None:
    graph = after_transpose(channels, "NCHW")
    with pytest.raises(UsageError, match="cannot take its input by rows") as rows:
        by_rows(graph)
    assert dict(rows.value.details)["why"].startswith("the image is NCHW")
    with pytest.raises(DoesNotFit) as small:
        compiled(graph, replace(GENERIC, ram_bytes=256))
    for error in (rows, small):
        assert "NHWC image (PyTorch: x.permute(0, 3, 1, 2) before the first layer)" in error.value.help
    way_out = after_transpose(channels, "NHWC")
    assert loops(by_rows(way_out))
    with pytest.raises(DoesNotFit) as small:
        compiled(way_out, replace(GENERIC, ram_bytes=16))
    assert "NHWC" not in small.value.help


MAIN = """
#include "net.h"
#include <stdio.h>
#include <string.h>
static net_t m;
int main(void)
{
    int8_t row[NET_INPUT_DIM2 * NET_INPUT_DIM3], first[NET_OUTPUT_ELEMENTS];
    if (net_init(&m) != NET_OK || net_push_row(NULL, row) != NET_BAD_ARGUMENT
        || net_push_row(&m, NULL) != NET_BAD_ARGUMENT) {
        return 1;
    }
    for (int image = 0; image < 3; image++) {
        const int rows = image == 1 ? 5 : NET_INPUT_DIM1; /* the second is broken off */
        for (int y = 0; y < rows; y++) {
            for (int i = 0; i < (int)sizeof row; i++) {
                row[i] = (int8_t)(7 * y + 3 * i + 31 * (image == 1));
            }
            if (net_push_row(&m, row) != NET_OK) {
                return 2;
            }
            memset(row, 0x55, sizeof row);
        }
        if (image != 1 && net_push_row(&m, row) != NET_NO_MORE_ROWS) {
            return 3;
        }
        if (image == 0) {
            memcpy(first, net_output(&m), sizeof first);
        }
        if (image == 2 && memcmp(first, net_output(&m), sizeof first) != 0) {
            return 4;
        }
        if (net_start(&m) != NET_OK) {
            return 5;
        }
    }
    return 0;
}
"""


def test_rows_are_pushed_one_by_one_and_no_more_than_there_are(tmp_path: Path) -> None:
    graph = network()
    graph.by_rows = True
    made = compile_graph(graph, GENERIC, "net", Origin("net", "0" * 64, "0"), Options())
    for name, text in (*made.files.items(), ("main.c", MAIN)):
        (tmp_path / name).write_text(text)
    flags = [
        "-std=c99",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Wconversion",
        "-Wshadow",
        "-Werror",
        "-fsanitize=undefined",
    ]
    subprocess.run(["gcc", *flags, "net.c", "main.c", "-lm", "-o", "net"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "net"], check=False).returncode == 0
    header = made.files["net.h"]
    assert "net_run" not in header
    assert "net_input(" not in header


@pytest.mark.corpus
@pytest.mark.parametrize(("model", "limit"), [("mlperf_ic_int8", 21_000), ("mlperf_vww_int8", 32_000)])
def test_published_models_fit_where_their_images_do_not(corpus: Path, model: str, limit: int) -> None:
    graph, _ = read(find_model(corpus, model), {})
    after = graph.copy()
    run(after, replace(TARGETS["cortex-m4"], ram_bytes=limit), Options())
    assert bytes_of(after) <= limit


@pytest.mark.corpus
def test_a_published_model_takes_its_image_by_rows(corpus: Path) -> None:
    graph, _ = read(find_model(corpus, "mlperf_vww_int8"), {})
    fed = graph.copy()
    fed.by_rows = True
    run(fed, TARGETS["cortex-m4"], Options())
    assert bytes_of(fed) <= 24_000 < graph.inputs[0].type.bytes
