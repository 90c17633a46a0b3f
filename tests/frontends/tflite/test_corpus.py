"""Every corpus model is either refused by name, or means what its reference outputs say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from tests import corpus as corpus_files

READ = {
    *(f"mlperf_{name}" for name in ("kws_int8", "vww_int8", "ic_int8", "ad_int8", "strww_int8")),
    *(f"mlperf_{name}_f32" for name in ("vww", "ic", "ad")),
    *("person_detect", "micro_speech_int8", "audio_preprocessor_int8", "hello_world_int8", "hello_world_f32"),
    *("blazeface_front_f32", "face_short_range_f16", "gap_mnist", "keypoint_classifier", "mcunet_vww"),
    *(
        "mobilenet_v2_pt_int8",
        "mobilenet_v1_025_128_uint8",
        "gap_visual_wake_uint8",
        "mp_custom_gesture_classifier",
        "mp_feedback_tensor_test",
        "mp_two_signature_keys",
    ),
    *("planestrike_tf", "simple_add_model", "split_concat_uint8", "yunet_f32", "yunet_full_int8"),
    *("mnist_lenet300_ptq", "lrt_add_a16w8", "lrt_add_dynamic_shape", "lrt_rsqrt_a16w8", "lrt_simple_quantized_ops"),
    *("hair_segmentation", "lrt_k_einsum_w8a16", "lrt_q_einsum_w8a16"),
    *("mlperf_kws_f32", "toycar_dynrange", "dtln_quant_2", "face_full_range_sparse"),
    *("yolox_nano_dynrange", "style_transfer_dynamic", "lrt_qwen_fc_blockwise"),
    *("keyword_scrambled", "mnist_lstm_f32", "gap_lstm"),
    *("lrt_group_norm", "lrt_rope", "seanet_quantize0", "seanet_sub0", "seanet_sub2", "seanet_sub4"),
    *(f"seanet_add{i}" for i in range(0, 18, 2)),
    *(f"seanet_leaky_relu{i}" for i in range(0, 24, 2)),
    *(f"seanet_conv{i}" for i in range(0, 22, 2)),
    *(f"seanet_pad{i}" for i in range(0, 20, 2)),
    *(f"seanet_transpose_conv{i}" for i in range(0, 6, 2)),
    *(f"seanet_strided_slice{i}" for i in range(0, 34, 2)),
}
"""What edgegen must read; it may read more."""


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
        if path.stem in corpus_files.MISJUDGED:
            continue
        for inputs, outputs in corpus_files.references(corpus, path.stem, [t.type for t in graph.inputs])[:1]:
            for result, recorded in zip(evaluate(graph, inputs), outputs, strict=True):
                got, want = recorded.part(result), recorded.values
                assert (got.dtype, got.shape) == (want.dtype, want.shape), path.stem
                if want.dtype.kind == "f":
                    scale = float(np.abs(want).max())
                    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5 * scale, err_msg=path.stem)
                else:
                    np.testing.assert_array_equal(got, want, err_msg=path.stem)
    assert not refused & READ
