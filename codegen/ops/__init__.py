"""The operators: a table of contents. One file each, or one a family."""

from __future__ import annotations

from edgegen.ir.op import Op
from edgegen.ops.binary import Binary
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reshape import Reshape
from edgegen.ops.softmax import Softmax

OPS: tuple[type[Op], ...] = (
    Binary,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Pool2d,
    Reshape,
    Softmax,
)
