"""Where elements lie, against numpy arrays that are stored that way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegen.ir.dtypes import S8
from edgegen.ir.layout import NATURAL, NCHW, Layout
from edgegen.ir.tensor import TensorType

SHAPES = st.tuples(*[st.integers(1, 5)] * 4)
BORDERS = st.one_of(st.just((0, 0, 0, 0)), st.tuples(*[st.integers(0, 3)] * 4))
ORDERS = st.sampled_from(["natural", "NCHW"])


@given(SHAPES, BORDERS, ORDERS)
def test_strides_and_origin_find_every_element(
    shape: tuple[int, int, int, int], border: tuple[int, int, int, int], order: str
) -> None:
    layout = Layout(order, border=border, fill=9)
    x = np.arange(np.prod(shape)).reshape(shape)
    top, left, bottom, right = border
    stored = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=-1)
    if order == "NCHW":
        stored = stored.transpose(0, 3, 1, 2)
    assert layout.storage_shape(shape) == stored.shape
    assert layout.elements(shape) == stored.size
    flat, strides, origin = stored.reshape(-1), layout.strides(shape), layout.origin(shape)
    for index in np.ndindex(*shape):
        assert flat[origin + sum(i * s for i, s in zip(index, strides, strict=True))] == x[index]


def test_blocks_round_channels_up() -> None:
    layout = Layout("NCHW", 8)
    assert layout.storage_shape((1, 2, 3, 10)) == (1, 2, 2, 3, 8)
    assert TensorType(S8, (1, 2, 3, 10), layout=layout).bytes == 96
    with pytest.raises(ValueError, match="no plain strides"):
        layout.strides((1, 2, 3, 10))


def test_other_ranks_lie_naturally() -> None:
    assert NATURAL.storage_shape((3, 4)) == (3, 4)
    assert NATURAL.origin((3, 4)) == 0
    with pytest.raises(ValueError, match="rank 2"):
        NATURAL.strides((3, 4))


def test_without_border() -> None:
    assert Layout("NCHW", 4, (1, 2, 3, 4), 7, 128).without_border == Layout("NCHW", 4, offset=128)


@pytest.mark.parametrize(
    ("layout", "rank", "text"),
    [
        (NATURAL, 4, "NHWC"),
        (NATURAL, 2, ""),
        (NCHW, 4, "NCHW"),
        (Layout("NCHW", 8), 4, "NCHW8"),
        (Layout(border=(1, 0, 2, 1), fill=-3, offset=128), 4, "NHWC+border(1,0,2,1)=-3+offset(128)"),
    ],
)
def test_description(layout: Layout, rank: int, text: str) -> None:
    assert layout.describe(rank) == text
