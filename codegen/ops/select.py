"""Which kernel row computes a node on a target. The only place where rows are chosen."""

from __future__ import annotations

from edgegen.errors import NoKernel
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel
from edgegen.ir.tensor import Tensor
from edgegen.targets import Target


def _fits(tensor: Tensor | None, pattern: str) -> bool:
    if pattern.endswith("?"):
        if tensor is None:
            return True
        pattern = pattern[:-1]
    if tensor is None:
        return False
    if pattern == "_":
        return True
    if pattern[0] == "x":
        return tensor.dtype.size == int(pattern[1:])
    return tensor.dtype.name == pattern


def _side(tensors: list[Tensor | None], patterns: list[str]) -> bool:
    if patterns and patterns[-1].endswith("..."):
        last = patterns[-1].removesuffix("...")
        patterns = patterns[:-1] + [last] * max(1, len(tensors) - len(patterns) + 1)
    tensors = tensors + [None] * (len(patterns) - len(tensors))
    return len(tensors) == len(patterns) and all(map(_fits, tensors, patterns))


def _unsuitable(kernel: Kernel, node: Node, target: Target) -> str | None:
    """Why the row cannot compute the node on the target, whatever the layouts; None if it can."""
    lacking = kernel.requires - target.features
    if lacking:
        return f"target lacks {', '.join(sorted(lacking))}"
    if kernel.for_speed and target.optimize == "size":
        return "buys speed with flash"
    if kernel.for_size and target.optimize == "speed":
        return "saves flash with time"
    reads, writes = (side.split() for side in kernel.signature.split("->"))
    if not _side(node.inputs, reads) or not _side(list(node.outputs), writes):
        return f"computes {kernel.signature}"
    return kernel.when(node)


def rejection(kernel: Kernel, node: Node, target: Target) -> str | None:
    """None if the row computes the node on the target, else why not."""
    return _unsuitable(kernel, node, target) or kernel.layout_conflict(node)


def select_frugal(node: Node, target: Target) -> Kernel:
    """The first row that works in no more bytes than it reads and writes, else the one of least scratch.

    For a few rows of an image, whose buffers are small. Raises NoKernel.
    """
    rows = [k for k in node.op.kernels if rejection(k, node, target) is None] or [select(node, target)]
    scratch = [k.pack(node).scratch for k in rows]
    most = sum(t.type.bytes for t in (*node.inputs, *node.outputs) if t is not None and not t.is_constant)
    return next((k for k, bytes in zip(rows, scratch, strict=True) if bytes <= most), rows[scratch.index(min(scratch))])


def candidates(node: Node, target: Target) -> tuple[Kernel, ...]:
    """The rows that hold if the layouts are made to suit them, best first."""
    return tuple(k for k in node.op.kernels if _unsuitable(k, node, target) is None)


def describe_types(node: Node) -> str:
    """The node's dtypes, shapes and layouts, as errors and comments show them."""
    inputs = ", ".join("-" if t is None else str(t.type) for t in node.inputs)
    return f"{inputs} -> {', '.join(str(t.type) for t in node.outputs)}"


def select(node: Node, target: Target) -> Kernel:
    """The first row that holds. Raises NoKernel with every row's reason."""
    reasons: list[tuple[str, str]] = []
    for kernel in node.op.kernels:
        reason = rejection(kernel, node, target)
        if reason is None:
            return kernel
        reasons.append(("" if reasons else "tried", f"{kernel.name}: {reason}"))
    where = f" ({node.source})" if node.source else ""
    raise NoKernel(
        f'no kernel for {node.op.kind} "{node.name}"{where} on {target.name}',
        [("types", describe_types(node)), *reasons],
        "quantize the model to full int8 or keep it f32; edgegen inspect MODEL lists every node's types",
    )
