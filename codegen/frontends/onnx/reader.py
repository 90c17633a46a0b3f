"""Reads an .onnx file into a checked protobuf: parsed, valid against its opset's schemas, all weights at hand."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnx.checker
import onnx.external_data_helper
import onnx.inliner
from google.protobuf.message import DecodeError

from edgegen.errors import InvalidModel, UnsupportedModel

OLDEST_OPSET = 1
MAX_BYTES = 1 << 31
"""Of the file with its external data: protobuf's own limit, and more flash than any device has."""

Versions = dict[str, int]
"""Opset version of each domain that a model imports; "" is ai.onnx."""


def _external_bytes(model: onnx.ModelProto, folder: Path) -> int:
    total = 0
    for tensor in onnx.external_data_helper._get_all_tensors(model):
        if not onnx.external_data_helper.uses_external_data(tensor):
            continue
        entry = {e.key: e.value for e in tensor.external_data}
        path = folder / entry.get("location", "")
        try:
            total += int(entry["length"]) if "length" in entry else path.stat().st_size
        except (OSError, ValueError) as error:
            raise InvalidModel(
                f'the external data "{entry.get("location", "")}" of "{tensor.name}" is missing'
            ) from error
    return total


def _load_external_data(model: onnx.ModelProto, folder: Path) -> None:
    """Puts weights that are kept in files beside the model into it. Raises InvalidModel and UnsupportedModel."""
    size = _external_bytes(model, folder)
    if size > MAX_BYTES:
        raise UnsupportedModel(f"the external data has {size:,} bytes; at most {MAX_BYTES:,} are supported")
    try:
        onnx.external_data_helper.load_external_data_for_model(model, str(folder))
    except (onnx.checker.ValidationError, ValueError, OSError) as error:
        raise InvalidModel("the external data cannot be read", [("why", str(error).splitlines()[0])]) from error


def versions_of(model: onnx.ModelProto) -> Versions:
    """Opset versions by domain. Raises InvalidModel and UnsupportedModel for ai.onnx versions out of range."""
    versions = {"" if o.domain == "ai.onnx" else o.domain: int(o.version) for o in model.opset_import}
    if not versions:
        raise InvalidModel("the model imports no opset")
    newest = onnx.defs.onnx_opset_version()
    version = versions.setdefault("", newest)
    if not OLDEST_OPSET <= version <= newest:
        raise UnsupportedModel(
            f"the model uses opset {version}; {OLDEST_OPSET} to {newest} are supported",
            help="convert it with onnx.version_converter, or install a newer onnx package",
        )
    return versions


def read_proto(data: bytes, folder: Path) -> onnx.ModelProto:
    """The model with its external data, which lie in `folder`, checked. Raises InvalidModel and UnsupportedModel."""
    if len(data) > MAX_BYTES:
        raise UnsupportedModel(f"the file has {len(data):,} bytes; at most {MAX_BYTES:,} are supported")
    try:
        model = onnx.load_model_from_string(data)
    except DecodeError as error:
        raise InvalidModel("the file is no ONNX protobuf, or is truncated") from error
    if not model.HasField("graph") or (not model.graph.node and not model.graph.output):
        raise InvalidModel("the file holds no ONNX graph")
    versions_of(model)
    _load_external_data(model, folder)
    try:
        if model.functions:
            model = onnx.inliner.inline_local_functions(model)
        onnx.checker.check_model(model)
    except UnicodeDecodeError as error:
        raise not_text(error) from error
    except (onnx.checker.ValidationError, RuntimeError) as error:  # what the inliner does not understand is the latter
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise InvalidModel("the model breaks the ONNX standard", [("why", lines[0])]) from error
    return model


def not_text(error: UnicodeDecodeError) -> InvalidModel:
    """What is wrong with a model in which a name or another text is not UTF-8, as protobuf wants it."""
    return InvalidModel("the model breaks the ONNX standard", [("why", f"a text in it is not UTF-8: {error.reason}")])
