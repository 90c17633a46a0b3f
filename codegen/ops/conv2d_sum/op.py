"""What Conv2dSum is; its kernel rows are beside it, one file for each instruction set."""

from __future__ import annotations

from dataclasses import dataclass

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, Tensor, TensorType
from edgegen.ops.binary.op import Binary
from edgegen.ops.conv2d.op import Conv2d


@dataclass(frozen=True)
class Conv2dSum(Op):
    """sum(convolution(x, weights, b or none), skip), where skip[N,oH,oW,O] is an image such as the convolution gives.

    convolution: with its own requantization and clamp
    sum:         Binary add of what it gives and skip, in this order

    It is what the two compute one after the other. Where the output lies over the skip, no third image exists.
    """

    convolution: Conv2d
    sum: Binary

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        if len(inputs) != 4:
            raise InvalidGraph(f"{len(inputs)} inputs, not x, weights, bias or none, and skip")
        if self.sum.function != "add":
            raise InvalidGraph(f"what follows the convolution is {self.sum.function}, not add")
        (image,) = self.convolution.infer(*inputs[:3])
        skip = known(inputs[3], "skip")
        if skip.shape != image.shape:
            raise InvalidGraph(f"skip {skip} does not have the shape of {image}")
        return self.sum.infer(image, skip)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        (image,) = self.convolution.reference(*inputs[:3])
        return self.sum.reference(image, present(inputs[3], "skip"))

    def macs(self, *inputs: TensorType | None) -> int:
        return self.convolution.macs(*inputs[:3])


def convolution_of(node: Node) -> Node:
    """The node's convolution by itself, as the node is packed."""
    op = node.op
    assert isinstance(op, Conv2dSum)
    image = Tensor(node.out.name, node.out.type)
    return Node(op.convolution, node.inputs[:3], [image], node.name, node.source, packed=node.packed)


def sum_of(node: Node) -> Node:
    """The node's sum by itself."""
    op = node.op
    assert isinstance(op, Conv2dSum)
    return Node(op.sum, [Tensor(node.out.name, node.out.type), node.input(3)], node.outputs, node.name, node.source)
