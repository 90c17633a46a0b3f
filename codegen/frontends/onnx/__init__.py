"""ONNX protobufs to graphs."""

from __future__ import annotations

from edgegen.frontends.onnx import operators
from edgegen.frontends.onnx.importer import ValueNeeded
from edgegen.frontends.onnx.model import import_proto, read_onnx
from edgegen.frontends.onnx.reader import read_proto

__all__ = ["ValueNeeded", "import_proto", "operators", "read_onnx", "read_proto"]  # operators register by import
