"""Every TFLite operator that edgegen reads; importing this package registers them."""

from edgegen.frontends.tflite.operators import convolution, dense, pooling, shape

__all__ = ["convolution", "dense", "pooling", "shape"]
