"""Random graphs of operators that work row by row: chains, residuals and branches over images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.compiler import Compiled
from edgegen.emit.render import Origin, render
from edgegen.ir.dtypes import F32, S8
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Range
from edgegen.ir.tensor import Tensor
from edgegen.ir.verify import verify
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.concat import Concat
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pad import Pad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.window import Pads
from edgegen.passes.planning import PLANNING, apply
from edgegen.passes.row_turns import Part, row_loop
from edgegen.targets import Target
from tests.build_graph import Builder

SMALL = FixedPoint.from_scales([0.02], 0)
ONE = FixedPoint.from_scales([0.5], 0)


class RowGraph:
    """One input, one result, and between them nodes that a loop over rows can take."""

    def __init__(self, seed: int, floats: bool = False, height: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.floats = floats
        self.b = Builder()
        shape = (1, height or self.number(9, 24), self.number(3, 8), self.number(1, 5))
        self.x = self.b.input(shape, F32 if floats else S8)

    def number(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high, endpoint=True))

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def weights(self, *shape: int) -> Tensor:
        if self.floats:
            return self.b.constant(self.random.standard_normal(shape).astype(np.float32))
        return self.b.constant(self.random.integers(-127, 128, shape).astype(np.int8))

    def bias(self, units: int) -> Tensor:
        if self.floats:
            return self.b.constant(self.random.standard_normal(units).astype(np.float32))
        return self.b.constant(self.random.integers(-500, 500, units).astype(np.int32))

    def _pads(self, x: Tensor, extent: tuple[int, int]) -> Pads | None:
        """Any padding that leaves each window something; None if the window is too large for x."""
        pads = tuple(self.number(0, e - 1) if self.chance(0.7) else 0 for e in (*extent, *extent))
        if any(x.shape[a + 1] < extent[a] for a in (0, 1)):
            return None
        return pads[0], pads[1], pads[2], pads[3]

    def convolve(self, x: Tensor) -> Tensor:
        kernel = (self.number(1, 5), self.number(1, 3))
        dilation = (self.number(1, 2), 1)
        stride = (self.number(1, 3), self.number(1, 2))
        pad = self._pads(x, ((kernel[0] - 1) * dilation[0] + 1, kernel[1]))
        if pad is None:
            return self.pointwise(x)
        fixed = None if self.floats else SMALL
        zero = 0 if self.floats else self.number(-9, 9)
        if self.chance(0.5):
            op = DepthwiseConv2d(stride, dilation, pad, zero, fixed)
            return self.b.add(op, x, self.weights(*kernel, x.shape[3]), self.bias(x.shape[3]))
        units = self.number(1, 6)
        conv = Conv2d(stride, dilation, pad, zero, fixed)
        return self.b.add(conv, x, self.weights(units, *kernel, x.shape[3]), self.bias(units))

    def pointwise(self, x: Tensor) -> Tensor:
        units, fixed = self.number(1, 8), None if self.floats else SMALL
        return self.b.add(Conv2d(requantize=fixed), x, self.weights(units, 1, 1, x.shape[3]), self.bias(units))

    def pool(self, x: Tensor) -> Tensor:
        kernel = (self.number(1, 3), self.number(1, 3))
        pad = self._pads(x, kernel)
        if pad is None:
            return self.clamp(x)
        stride = (self.number(1, 2), self.number(1, 2))
        for axis in (0, 1):  # the last window must see a pixel
            out = (x.shape[1 + axis] + pad[axis] + pad[axis + 2] - kernel[axis]) // stride[axis]
            if out * stride[axis] - pad[axis] >= x.shape[1 + axis]:
                return self.clamp(x)
        return self.b.add(Pool2d("max" if self.chance(0.5) else "average", kernel, stride, pad), x)

    def clamp(self, x: Tensor) -> Tensor:
        return self.b.add(Clamp(Range(-100, 90)), x)

    def pad(self, x: Tensor) -> Tensor:
        before, after = ((0, self.number(0, 2), self.number(0, 1), 0) for _ in range(2))
        return self.b.add(Pad(before, after, 3), x)

    def sum(self, a: Tensor, b: Tensor) -> Tensor:
        if self.floats:
            return self.b.add(Binary("add"), a, b)
        return self.b.add(Binary("add", left_shift=10, a_rescale=ONE, b_rescale=ONE, requantize=ONE), a, b)

    def residual(self, x: Tensor) -> Tensor:
        """x + what a few layers of its size make of it, or both side by side."""
        y = x
        for _ in range(self.number(1, 2)):
            kernel = 2 * self.number(0, 2) + 1
            pad = kernel // 2
            fixed = None if self.floats else SMALL
            weights = self.weights(kernel, 1, y.shape[3])
            y = self.b.add(DepthwiseConv2d(pad=(pad, 0, pad, 0), requantize=fixed), y, weights, self.bias(y.shape[3]))
        return self.sum(x, y) if self.chance(0.7) else self.b.add(Concat(3), x, y)

    def graph(self, layers: int) -> Graph:
        y = self.x
        for _ in range(layers):
            kind = self.random.choice(["convolve", "convolve", "pointwise", "pool", "pad", "residual", "clamp"])
            made: Tensor = getattr(self, kind)(y)
            y = made
        return self.b.graph(y)


@dataclass(frozen=True)
class Way:
    """How a loop goes.

    rows:   of the result at a turn
    fed:    the caller hands over the input row by row
    narrow: no call makes more rows than the last one of a turn
    apart:  rows that are kept lie by themselves
    """

    rows: int
    fed: bool = False
    narrow: bool = False
    apart: bool = False

    @staticmethod
    def number(i: int) -> Way:
        """Each of them in turn."""
        return Way(1 + i % 3, i % 2 == 1, i // 2 % 2 == 1, i // 4 % 2 == 1)


def as_loop(graph: Graph, way: Way) -> Graph | None:
    """The whole graph as one loop; None if it cannot be."""
    part = Part(tuple(graph.nodes), graph.inputs[0], graph.outputs[0], way.fed)
    op = row_loop(part, way.rows, way.rows if way.narrow else 0, way.apart)
    if op is None:
        return None
    node = Node(op, [part.x], [part.y], "loop")
    return Graph(graph.name, graph.inputs, graph.outputs, [node], copies_ahead=graph.copies_ahead)


def planned(graph: Graph, target: Target) -> Graph:
    """The graph after the passes that decide everything; its plan is proved sound."""
    for one in PLANNING:
        apply(one, graph, target)
    verify(graph, "post_optimize")
    return graph


def compiled_loop(graph: Graph, way: Way, target: Target, name: str) -> Compiled | None:
    """The C of the whole graph as one loop."""
    loop = as_loop(graph.copy(), way)
    if loop is None:
        return None
    origin = Origin("test", "0" * 64, "0")
    emitted = render(planned(loop, target), target, name, origin)
    return Compiled(name, target, origin, loop, graph, emitted.files, emitted.binaries)
