"""Every TFLite operator that edgegen reads; importing this package registers them."""

from edgegen.frontends.tflite.operators import convolution, dense, shape

__all__ = ["convolution", "dense", "shape"]
