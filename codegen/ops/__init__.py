"""The operators: a table of contents. One file each, or one a family."""

from __future__ import annotations

from edgegen.ir.op import Op
from edgegen.ops.arg_reduce import ArgReduce
from edgegen.ops.attention import Attention
from edgegen.ops.audio.frames import Frames, OverlapAdd, Stacker
from edgegen.ops.audio.noise import Pcan, ScaledLog, SpectralSubtraction
from edgegen.ops.audio.scaling import AutoScale, Taper
from edgegen.ops.audio.spectrum import Energy, FilterBank, IntegerRoot
from edgegen.ops.batch_matmul import BatchMatmul
from edgegen.ops.binary import Binary
from edgegen.ops.bitcast import Bitcast
from edgegen.ops.blockwise_dense import BlockwiseDense
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.bucketize import Bucketize
from edgegen.ops.cast import Cast
from edgegen.ops.chosen import Compress, NonZero, Unique
from edgegen.ops.clamp import Clamp
from edgegen.ops.compare import Compare
from edgegen.ops.concat import Concat
from edgegen.ops.control import If, While
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.conv2d_sum import Conv2dSum
from edgegen.ops.conv3d import Conv3d
from edgegen.ops.copy import Copy
from edgegen.ops.coupling import Coupling
from edgegen.ops.cumulate import Cumulate
from edgegen.ops.deform_conv2d import DeformConv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.detection_postprocess import DetectionPostprocess
from edgegen.ops.determinant import Determinant
from edgegen.ops.dynamic_quantize import DynamicQuantize
from edgegen.ops.elements import GatherElements, ScatterElements
from edgegen.ops.fake_quantize import FakeQuantize
from edgegen.ops.fft import Irfft, Rfft
from edgegen.ops.gather import Gather
from edgegen.ops.gather_nd import GatherNd
from edgegen.ops.grid_sample import GridSample
from edgegen.ops.gru import Gru
from edgegen.ops.hybrid import HybridProduct
from edgegen.ops.l2_normalize import L2Normalize
from edgegen.ops.linear_attention import LinearAttention
from edgegen.ops.local_response import LocalResponse
from edgegen.ops.log_softmax import LogSoftmax
from edgegen.ops.lstm import Lstm
from edgegen.ops.mirror_pad import MirrorPad
from edgegen.ops.move_rows import MoveRows
from edgegen.ops.ngrams import Ngrams
from edgegen.ops.non_max_suppression import NonMaxSuppression
from edgegen.ops.one_hot import OneHot
from edgegen.ops.pad import Pad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.pool3d import Pool3d
from edgegen.ops.prelu import Prelu
from edgegen.ops.push import Push
from edgegen.ops.quantize_rows import QuantizeRows
from edgegen.ops.reduce import Reduce
from edgegen.ops.reduce_window import ReduceWindow
from edgegen.ops.repitch import Repitch
from edgegen.ops.requantize import Dequantize, Quantize, Requantize
from edgegen.ops.resample import Resample
from edgegen.ops.reshape import Reshape
from edgegen.ops.resize import Resize
from edgegen.ops.reverse_sequence import ReverseSequence
from edgegen.ops.rnn import Rnn
from edgegen.ops.roi_align import RoiAlign
from edgegen.ops.row_loop import RowLoop
from edgegen.ops.scaled_binary import ScaledBinary
from edgegen.ops.scaled_softmax import ScaledSoftmax
from edgegen.ops.scatter_nd import ScatterNd
from edgegen.ops.segment_reduce import SegmentReduce
from edgegen.ops.select_boxes import SelectBoxes
from edgegen.ops.select_op import Select
from edgegen.ops.shuffle import Shuffle
from edgegen.ops.slice import Slice
from edgegen.ops.softmax import Softmax
from edgegen.ops.standardize import Standardize
from edgegen.ops.svdf import Svdf
from edgegen.ops.table import Table
from edgegen.ops.top_k import TopK
from edgegen.ops.transpose import Transpose
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.ops.trees import Trees
from edgegen.ops.unary import Unary
from edgegen.ops.unpool2d import ArgmaxPool2d, MaxUnpool2d
from edgegen.ops.update_slice import UpdateSlice

OPS: tuple[type[Op], ...] = (
    ArgReduce,
    ArgmaxPool2d,
    Attention,
    AutoScale,
    BatchMatmul,
    Binary,
    Bitcast,
    BroadcastTo,
    Bucketize,
    BlockwiseDense,
    Cast,
    Clamp,
    Compare,
    Compress,
    Concat,
    Conv2d,
    Conv2dSum,
    Conv3d,
    Copy,
    Coupling,
    Cumulate,
    Dense,
    DeformConv2d,
    DepthwiseConv2d,
    Dequantize,
    DetectionPostprocess,
    Determinant,
    Energy,
    DynamicQuantize,
    FakeQuantize,
    FilterBank,
    Frames,
    Gather,
    GatherElements,
    ScaledBinary,
    ScaledSoftmax,
    ScatterElements,
    GatherNd,
    GridSample,
    Gru,
    HybridProduct,
    If,
    IntegerRoot,
    Irfft,
    L2Normalize,
    LinearAttention,
    LocalResponse,
    LogSoftmax,
    Lstm,
    MaxUnpool2d,
    MirrorPad,
    Ngrams,
    NonMaxSuppression,
    NonZero,
    OneHot,
    OverlapAdd,
    Pad,
    Pcan,
    Pool2d,
    Pool3d,
    Prelu,
    Push,
    Quantize,
    QuantizeRows,
    Reduce,
    ReduceWindow,
    Repitch,
    Requantize,
    Resample,
    Reshape,
    Resize,
    ReverseSequence,
    Rfft,
    ScaledLog,
    ScatterNd,
    SegmentReduce,
    Rnn,
    RoiAlign,
    RowLoop,
    MoveRows,
    Select,
    SelectBoxes,
    Shuffle,
    Slice,
    Softmax,
    SpectralSubtraction,
    Stacker,
    Standardize,
    Svdf,
    Table,
    Taper,
    TopK,
    Transpose,
    TransposeConv2d,
    Trees,
    Unary,
    Unique,
    UpdateSlice,
    While,
)
