"""The operators: a table of contents. One file each, or one a family."""

from __future__ import annotations

from edgegen.ir.op import Op
from edgegen.ops.arg_reduce import ArgReduce
from edgegen.ops.batch_matmul import BatchMatmul
from edgegen.ops.binary import Binary
from edgegen.ops.cast import Cast
from edgegen.ops.clamp import Clamp
from edgegen.ops.compare import Compare
from edgegen.ops.concat import Concat
from edgegen.ops.control import If, While
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.copy import Copy
from edgegen.ops.cumulate import Cumulate
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.detection_postprocess import DetectionPostprocess
from edgegen.ops.hybrid import HybridProduct
from edgegen.ops.l2_normalize import L2Normalize
from edgegen.ops.local_response import LocalResponse
from edgegen.ops.log_softmax import LogSoftmax
from edgegen.ops.pad import Pad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.prelu import Prelu
from edgegen.ops.push import Push
from edgegen.ops.quantize_rows import QuantizeRows
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import Dequantize, Quantize, Requantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.resize import Resize
from edgegen.ops.select_op import Select
from edgegen.ops.slice import Slice
from edgegen.ops.softmax import Softmax
from edgegen.ops.svdf import Svdf
from edgegen.ops.table import Table
from edgegen.ops.transpose import Transpose
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.ops.unary import Unary

OPS: tuple[type[Op], ...] = (
    ArgReduce,
    BatchMatmul,
    Binary,
    Cast,
    Clamp,
    Compare,
    Concat,
    Conv2d,
    Copy,
    Cumulate,
    Dense,
    DepthwiseConv2d,
    Dequantize,
    DetectionPostprocess,
    If,
    HybridProduct,
    L2Normalize,
    LocalResponse,
    LogSoftmax,
    Pad,
    Pool2d,
    Prelu,
    Push,
    Quantize,
    QuantizeRows,
    Reduce,
    Requantize,
    Reshape,
    Resize,
    Select,
    Slice,
    Softmax,
    Svdf,
    Table,
    Transpose,
    TransposeConv2d,
    Unary,
    While,
)
