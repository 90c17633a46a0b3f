"""edgegen: an ahead-of-time compiler from trained neural networks to self-contained C99 for small devices.

artifact = edgegen.compile("kws.tflite", target="cortex-m4")
artifact.write("out")                 # kws.c, kws.h, kws.report.json
model = artifact.build()              # compiled and linked; runs in this process or in an emulator
scores, = model.run(features)         # numpy arrays, in the file's order
"""

from edgegen.api import Artifact, Model, Together, compile, share_arena
from edgegen.errors import EdgegenError
from edgegen.frontends.bounds import AtMost
from edgegen.ir.evaluate import evaluate

__all__ = ["Artifact", "AtMost", "EdgegenError", "Model", "Together", "compile", "evaluate", "share_arena"]
