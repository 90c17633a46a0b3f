"""Why operators of the ONNX standard are refused: each that has no import function and no body, with its own reason."""

from __future__ import annotations

import onnx.defs

_RANDOM = "its results are random, so there is nothing that C could be checked against"
_TEXT = "it works on text, which devices without an operating system do not hold"
_MAP = "it works on a map from keys to values, which has no fixed place in memory"

REFUSED: dict[tuple[str, str], str] = {
    ("", "Bernoulli"): _RANDOM,
    ("", "MaxRoiPool"): "no kernel rounds regions to whole pixels: use RoiAlign",
    ("", "Multinomial"): _RANDOM,
    ("", "RandomNormal"): _RANDOM,
    ("", "RandomNormalLike"): _RANDOM,
    ("", "RandomUniform"): _RANDOM,
    ("", "RandomUniformLike"): _RANDOM,
    ("", "RegexFullMatch"): _TEXT,
    ("", "StringConcat"): _TEXT,
    ("", "StringNormalizer"): _TEXT,
    ("", "StringSplit"): _TEXT,
    ("ai.onnx.ml", "CastMap"): _MAP,
    ("ai.onnx.ml", "CategoryMapper"): _TEXT,
    ("ai.onnx.ml", "DictVectorizer"): _MAP,
    (
        "ai.onnx.preview.training",
        "Gradient",
    ): "it asks for a derivative without spelling it out: export the trained model",
}
"""By domain ("" is ai.onnx) and name."""


def reason(domain: str, name: str) -> str:
    """Why an operator that is not read is refused."""
    known = REFUSED.get((domain, name))
    if known is not None:
        return known
    if onnx.defs.has(name, domain):
        return "its function body needs types of tensors that this model does not state"
    if domain in {schema.domain for schema in onnx.defs.get_all_schemas()}:
        return "the standard that edgegen knows has no such operator"
    return f'the domain "{domain}" is not a part of the standard, and edgegen does not know this operator of it'
