"""Every corpus model is either refused by name, or means what its reference outputs say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from tests import corpus as corpus_files

READ = {
    *(f"mlperf_{name}" for name in ("kws_int8", "vww_int8", "ic_int8", "ad_int8", "strww_int8")),
    *(f"mlperf_{name}_f32" for name in ("vww", "ic", "ad")),
    *("person_detect", "micro_speech_int8", "hello_world_int8", "hello_world_f32"),
    *("blazeface_front_f32", "face_short_range_f16", "gap_mnist", "keypoint_classifier", "mcunet_vww"),
    *("mobilenet_v2_pt_int8", "mp_custom_gesture_classifier", "mp_feedback_tensor_test", "mp_two_signature_keys"),
    *("planestrike_tf", "simple_add_model", "split_concat_uint8", "yunet_f32", "yunet_full_int8"),
    *("mnist_lenet300_ptq", "lrt_add_a16w8", "lrt_add_dynamic_shape", "lrt_rsqrt_a16w8", "lrt_simple_quantized_ops"),
    *("hair_segmentation",),
    *("lrt_rope", "seanet_quantize0", "seanet_sub0", "seanet_sub2", "seanet_sub4"),
    *(f"seanet_add{i}" for i in range(0, 18, 2)),
    *(f"seanet_leaky_relu{i}" for i in range(0, 24, 2)),
    *(f"seanet_conv{i}" for i in range(0, 22, 2)),
    *(f"seanet_pad{i}" for i in range(0, 20, 2)),
    *(f"seanet_transpose_conv{i}" for i in range(0, 6, 2)),
    *(f"seanet_strided_slice{i}" for i in range(0, 34, 2)),
}
"""What edgegen must read; it may read more."""


def first_sample(corpus: Path, name: str, graph: Graph) -> list[tuple[list[Array], list[Array]]]:
    """At most one sample: none where the corpus has no references; inputs that it did not store are made again. Of a
    large output it stored each tenth element: those are what is returned, as a list."""
    path = corpus / "refs" / f"tflite_{name}.npz"
    if not path.is_file():
        return []
    with np.load(path) as stored:
        if "s0__in0" in stored:
            return corpus_files.samples(corpus, name)[:1]
        names = [f"s0__out{i}" for i in range(len(graph.outputs))]
        outputs = [stored[name] if name in stored else stored[f"{name}__stride10"] for name in names]
    made = [corpus_files.generated_input(name, i, 0, t.shape, t.dtype.np) for i, t in enumerate(graph.inputs)]
    return [(made, outputs)]


@pytest.mark.corpus
def test_every_model_means_what_its_references_say_or_is_refused_by_name(corpus: Path) -> None:
    paths = corpus_files.models(corpus)
    assert {p.stem for p in paths} >= READ
    refused: set[str] = set()
    for path in paths:
        try:
            graph = read_tflite(path.read_bytes(), path.stem, {})
        except UnsupportedModel:
            refused.add(path.stem)
            continue
        except InvalidModel:
            assert path.stem == "model_invoking_error"
            continue
        for inputs, outputs in first_sample(corpus, path.stem, graph):
            for got, want in zip(evaluate(graph, inputs), outputs, strict=True):
                if got.shape != want.shape and got.size > 10**5:
                    got = got.reshape(-1)[::10]
                assert (got.dtype, got.shape) == (want.dtype, want.shape), path.stem
                if want.dtype.kind == "f":
                    scale = float(np.abs(want).max())
                    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5 * scale, err_msg=path.stem)
                else:
                    np.testing.assert_array_equal(got, want, err_msg=path.stem)
    assert not refused & READ
