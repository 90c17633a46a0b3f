"""Lets a convolution skip pixels where a model takes images apart for it and puts them together again.

TFLite writes a dilated convolution as SPACE_TO_BATCH_ND, a convolution of small images and BATCH_TO_SPACE_ND. In the
graph the outer two are a reshape, a transpose and a reshape each, of which those that change no shape are gone, with a
pad before and a slice after them where pixels are missing. Sequences [N, W, C] are images of one row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pad import Pad
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose
from edgegen.ops.window import Pair
from edgegen.passes.substitution import uses
from edgegen.targets import Target

Shape = tuple[int, ...]


@dataclass(frozen=True)
class _Image:
    """An image [N, H, W, C] that is taken apart into those of every block-th pixel: `tensor`, perhaps without an axis
    of 1."""

    tensor: Tensor
    shape: Shape
    block: Pair


@dataclass
class _Margins:
    """Elements along the axes of [N, H, W, C] that are padded, and then those that are cut off the result."""

    before: list[int]
    after: list[int]
    cut_before: list[int]
    cut_after: list[int]

    def cancel(self, axis: int) -> None:
        """What is cut off need not be padded: along H and W, result and image move together."""
        spare = min(self.before[axis], self.cut_before[axis]), min(self.after[axis], self.cut_after[axis])
        self.before[axis], self.cut_before[axis] = self.before[axis] - spare[0], self.cut_before[axis] - spare[0]
        self.after[axis], self.cut_after[axis] = self.after[axis] - spare[1], self.cut_after[axis] - spare[1]


def _on_image(values: Shape, shape: Shape, image: Shape) -> list[int] | None:
    """One value for each axis of [N, H, W, C], from those for `shape`, which may lack H or W of 1; None if it differs
    otherwise."""
    if shape == image:
        return list(values)
    for axis in (1, 2):
        if image[axis] == 1 and shape == (*image[:axis], *image[axis + 1 :]):
            return [*values[:axis], 0, *values[axis:]]
    return None


class _Surroundings:
    """What makes and reads each tensor."""

    def __init__(self, graph: Graph) -> None:
        self._uses, self._readers, self._producers = uses(graph), graph.consumers(), graph.producers()

    def maker(self, tensor: Tensor, kind: type) -> Node | None:
        """The node that computes the tensor, if it is of a kind."""
        node = self._producers.get(tensor)
        return node if node is not None and isinstance(node.op, kind) else None

    def reader(self, tensor: Tensor, kind: type) -> Node | None:
        """The only use of the tensor, if it is by a node of a kind."""
        found = self._readers.get(tensor, [])
        return found[0] if len(found) == 1 == self._uses[tensor] and isinstance(found[0].op, kind) else None

    def taken_apart(self, x: Tensor) -> _Image | None:
        """The image that x [bh*bw*N, H/bh, W/bw, C] was made of."""
        images = self.maker(x, Reshape)
        moved = self.maker(x if images is None else images.input(0), Transpose)
        if moved is None or not isinstance(moved.op, Transpose) or x.rank != 4:
            return None
        parts = moved.input(0)
        split = self.maker(parts, Reshape)
        if moved.op.perm == (2, 4, 0, 1, 3, 5):
            n, h, bh, w, bw, c = parts.shape
        elif moved.op.perm == (2, 0, 1, 3) and x.shape[1] == 1:
            (n, w, bw, c), h, bh = parts.shape, 1, 1
        elif moved.op.perm == (2, 0, 1, 3):
            (n, h, bh, c), w, bw = parts.shape, 1, 1
        else:
            return None
        if x.shape != (bh * bw * n, h, w, c):
            return None
        return _Image(parts if split is None else split.input(0), (n, h * bh, w * bw, c), (bh, bw))

    def put_together(self, y: Tensor, block: Pair) -> list[Node]:
        """The nodes that make an image of y [bh*bw*N, h, w, C], the last its result; none if that is not done to y."""
        (bh, bw), (images, h, w, c) = block, y.shape
        split = self.reader(y, Reshape)
        moved = self.reader(y if split is None else split.out, Transpose)
        if moved is None or not isinstance(moved.op, Transpose):
            return []
        whole, perm, parts = self.reader(moved.out, Reshape), moved.op.perm, moved.input(0).shape
        n = images // (bh * bw)
        as_image = perm == (2, 3, 0, 4, 1, 5) and parts == (bh, bw, n, h, w, c)
        as_line = perm == (1, 2, 0, 3) and parts == (bh * bw, n, h * w, c) and 1 in (bh * h, bw * w)
        return [node for node in (split, moved, whole) if node is not None] if as_image or as_line else []


def _cut(around: _Surroundings, whole: Tensor, image: Shape) -> tuple[Node | None, list[int], list[int]]:
    """(slice, elements that it cuts off before, and after) of the only reader of `whole`."""
    node = around.reader(whole, Slice)
    if node is not None and isinstance(node.op, Slice) and set(node.op.stride) == {1}:
        ends = tuple(n - b - k for n, b, k in zip(whole.shape, node.op.begin, node.op.size, strict=True))
        before, after = _on_image(node.op.begin, whole.shape, image), _on_image(ends, whole.shape, image)
        if before is not None and after is not None:
            return node, before, after
    return None, [0] * 4, [0] * 4


def _padded(around: _Surroundings, image: _Image) -> tuple[Node | None, list[int], list[int]]:
    """(pad, elements that it adds before, and after) that makes the image."""
    node = around.maker(image.tensor, Pad)
    if node is not None and isinstance(node.op, Pad):
        before = _on_image(node.op.before, image.tensor.shape, image.shape)
        after = _on_image(node.op.after, image.tensor.shape, image.shape)
        if before is not None and after is not None:
            return node, before, after
    return None, [0] * 4, [0] * 4


def _keeps_its_rows(node: Node, block: Pair) -> bool:
    """Whether a row of the dilated window is one run of bytes still, as the fast kernels want it.

    Where it is not, a 3x3 convolution of s8 took 1.03 to 1.1 times the instructions on cortex-m4 and, for want of
    Winograd, 1.8 to 2.4 times on arm-neon, though a third less arena on both.
    """
    size = node.input(1).shape
    width = size[2] if isinstance(node.op, Conv2d) else size[1]
    return block[1] == 1 or width == 1


def _dilated(graph: Graph, around: _Surroundings, node: Node, whole_rows: bool) -> bool:
    op, y = node.op, node.out
    assert isinstance(op, Conv2d | DepthwiseConv2d)
    image = around.taken_apart(node.input(0)) if op.stride == (1, 1) else None
    joined = around.put_together(y, image.block) if image is not None else []
    if image is None or not joined or (whole_rows and not _keeps_its_rows(node, image.block)):
        return False
    (bh, bw), whole = image.block, joined[-1].out
    shape = (image.shape[0], y.shape[1] * bh, y.shape[2] * bw, y.shape[3])
    cut, cut_before, cut_after = _cut(around, whole, shape)
    pad, before, after = _padded(around, image)
    inner = tuple(n - b - a for n, b, a in zip(image.shape, before, after, strict=True))
    margins = _Margins(before, after, cut_before, cut_after)
    for axis in (1, 2) if not any(op.pad) else ():
        margins.cancel(axis)

    nodes: list[Node] = []

    def add(new: Reshape | Pad | Slice | Conv2d | DepthwiseConv2d, suffix: str, *inputs: Tensor | None) -> Tensor:
        (type,) = new.infer(*(t.type if t is not None else None for t in inputs))
        like = inputs[0] if inputs[0] is not None and new is not wide else y
        result = Tensor(f"{y.name}/{suffix}", replace(type, quantization=like.type.quantization))
        nodes.append(Node(new, list(inputs), [result], result.name, node.source))
        return result

    wide = replace(
        op,
        dilation=(op.dilation[0] * bh, op.dilation[1] * bw),
        pad=(op.pad[0] * bh, op.pad[1] * bw, op.pad[2] * bh, op.pad[3] * bw),
    )
    x = image.tensor if pad is None else pad.input(0)
    x = x if x.shape == inner else add(Reshape(inner), "image", x)
    if pad is not None and isinstance(pad.op, Pad) and any((*margins.before, *margins.after)):
        x = add(Pad(tuple(margins.before), tuple(margins.after), pad.op.value), "padded", x)
    result = add(wide, "dilated", x, *node.inputs[1:])
    if any((*margins.cut_before, *margins.cut_after)):
        begin = tuple(margins.cut_before)
        size = tuple(n - b - a for n, b, a in zip(result.shape, begin, margins.cut_after, strict=True))
        result = add(Slice(begin, size, (1, 1, 1, 1)), "cut", result)
    last = whole if cut is None else cut.out
    if result.shape != last.shape:
        add(Reshape(last.shape), "result", result)
    nodes[-1].outputs = [last]
    at = graph.nodes.index(node)
    graph.nodes[at:at] = nodes
    graph.remove([node, *joined, *([] if cut is None else [cut])])
    return True


def dilate_convolutions(graph: Graph, target: Target) -> bool:
    """Exact for every type: each result is the same sum in the same order.

    Where speed counts, windows must keep their rows whole; where size counts, all copies go.
    """
    changed = False
    around = _Surroundings(graph)
    for node in list(graph.nodes):
        if isinstance(node.op, Conv2d | DepthwiseConv2d) and _dilated(graph, around, node, target.optimize == "speed"):
            around = _Surroundings(graph)
            changed = True
    return changed
