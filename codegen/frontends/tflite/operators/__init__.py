"""Every TFLite operator that edgegen reads; importing this package registers them."""

from edgegen.frontends.tflite.operators import arithmetic, convolution, dense, pooling, shape, softmax

__all__ = ["arithmetic", "convolution", "dense", "pooling", "shape", "softmax"]
