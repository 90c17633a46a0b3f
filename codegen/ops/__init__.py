"""The operators: a table of contents. One file each, or one a family."""

from __future__ import annotations

from edgegen.ir.op import Op
from edgegen.ops.binary import Binary
from edgegen.ops.concat import Concat
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.copy import Copy
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pad import Pad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reshape import Reshape
from edgegen.ops.resize import Resize
from edgegen.ops.slice import Slice
from edgegen.ops.softmax import Softmax
from edgegen.ops.transpose import Transpose

OPS: tuple[type[Op], ...] = (
    Binary,
    Concat,
    Conv2d,
    Copy,
    Dense,
    DepthwiseConv2d,
    Pad,
    Pool2d,
    Reshape,
    Resize,
    Slice,
    Softmax,
    Transpose,
)
