"""Layer by layer: storage is read back as its layout says, and the first wrong node is named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegen.ir.dtypes import F32, S8, DType
from edgegen.ir.evaluate import evaluate_all
from edgegen.ir.layout import NATURAL, NCHW, Layout
from edgegen.ir.tensor import Array, TensorType
from edgegen.verify import Build, Call, build_program
from edgegen.verify.layers import compare_layers, logical
from tests.verify.altered import TRACE, X, altered, dense_graph, dense_model


def stored(array: Array, type: TensorType) -> bytes:
    """The bytes of a tensor in its layout, element by element from the layout's definition."""
    layout = type.layout
    memory = np.full(layout.storage_shape(type.shape), layout.fill + layout.offset).astype(type.dtype.np)
    top, left = layout.border[:2]
    for n, h, w, c in np.ndindex(*type.shape):
        at: tuple[int, ...] = (n, h + top, w + left, c)
        if layout.order == "NCHW":
            at = (n, c, h + top, w + left)
            if layout.block != 1:
                at = (n, c // layout.block, h + top, w + left, c % layout.block)
        value = array[n, h, w, c]
        memory[at] = value if not layout.offset else np.array(int(value) + layout.offset).astype(type.dtype.np)
    return memory.tobytes()


borders = st.tuples(*[st.integers(0, 2)] * 4)
layouts = st.one_of(
    st.builds(Layout, border=borders, fill=st.integers(-3, 3), offset=st.sampled_from([0, 128])),
    st.builds(Layout, order=st.just("NCHW"), block=st.sampled_from([1, 4, 8]), border=borders),
)


@given(layouts, st.tuples(*[st.integers(1, 5)] * 4), st.sampled_from([S8, F32]))
def test_storage_is_read_back_as_any_layout_says(layout: Layout, shape: tuple[int, ...], dtype: DType) -> None:
    type = TensorType(S8 if layout.offset else dtype, shape, None, layout)
    array = np.random.default_rng(0).integers(-128, 128, shape).astype(type.dtype.np)
    data = stored(array, type)
    assert len(data) == type.bytes
    np.testing.assert_array_equal(logical(data, type), array)


@pytest.mark.parametrize("layout", [NATURAL, NCHW])
def test_other_ranks_lie_as_they_are(layout: Layout) -> None:
    array = np.arange(6, dtype=np.int8).reshape(2, 3)
    np.testing.assert_array_equal(logical(array.tobytes(), TensorType(S8, (2, 3), None, layout)), array)


@pytest.mark.parametrize(
    "target",
    [
        "generic",
        pytest.param("arm-neon", marks=pytest.mark.cross),
        pytest.param("cortex-m4", marks=pytest.mark.cross),
    ],
)
@pytest.mark.parametrize("wrong", [None, 0, 1, 2])
def test_the_first_wrong_node_is_found(target: str, wrong: int | None) -> None:
    model = dense_model(target, layers=3, trace=True)
    plan = model.graph.plan
    assert plan is not None
    if wrong is not None:
        at = plan.tensors[model.graph.nodes[wrong].out].offset + 5
        model = altered(model, {TRACE.format(wrong): f"a[{at}]++;\n    {TRACE.format(wrong)}"})
    outcomes = build_program([model], Build()).execute([Call([X]), Call([X[:, ::-1].copy()])])
    runs = compare_layers(model.graph, [([X], outcomes[0].layers), ([X[:, ::-1].copy()], outcomes[1].layers)])
    for layers in runs:
        assert [layer.step for layer in layers] == [0, 1, 2]
        assert [layer.difference.match for layer in layers] == [step != wrong for step in range(3)]
        if wrong is not None:
            difference = layers[wrong].difference
            assert (difference.count, difference.worst) == (1, (0, 5))
            assert layers[wrong].name.startswith(f'{wrong} Dense "n{wrong}", dense_s8')


def test_recorded_bytes_are_the_values_of_the_reference() -> None:
    model = dense_model("generic", layers=3, trace=True)
    (outcome,) = build_program([model]).execute([Call([X])])
    values = evaluate_all(dense_graph(3), [X])
    by_name = {t.name: v for t, v in values.items()}
    for step, _, data in outcome.layers:
        assert data == by_name[model.graph.nodes[step].out.name].tobytes()
