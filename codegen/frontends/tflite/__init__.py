"""TensorFlow Lite flatbuffers (schema version 3) to graphs."""

from __future__ import annotations

from edgegen.frontends.tflite import operators
from edgegen.frontends.tflite.importer import read_tflite

__all__ = ["operators", "read_tflite"]  # importing the operators registers them
