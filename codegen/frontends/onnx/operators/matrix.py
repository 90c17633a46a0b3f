"""Products of matrices: MatMul and Gemm; determinants."""

from __future__ import annotations

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.tensor import Tensor
from edgegen.ops.batch_matmul import BatchMatmul
from edgegen.ops.binary import Binary
from edgegen.ops.dense import Dense
from edgegen.ops.determinant import Determinant
from edgegen.ops.transpose import Transpose


def _product(op: Operator, a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """a[M,K] * b[K,N] + bias[N]. Weights that are known ahead of time make it a dense layer."""
    if b.is_constant and (bias is None or bias.is_constant):
        return op.add(Dense(), [a, op.add(Transpose((1, 0)), [b]), bias])
    y = op.add(BatchMatmul(), [a, b])
    return y if bias is None else op.add(Binary("add"), [y, bias])


@operator("MatMul")
def matmul(op: Operator, a: Tensor, b: Tensor) -> Tensor:
    """As numpy.matmul: a vector is one row on the left, one column on the right, and its dimension goes."""
    if min(a.rank, b.rank) == 0:
        raise op.invalid(f"{a.type} and {b.type} do not multiply")
    x = op.reshape(a, (1, a.shape[0])) if a.rank == 1 else a
    w = op.reshape(b, (b.shape[0], 1)) if b.rank == 1 else b
    if w.rank == 2 and w.is_constant:
        rows = x.type.elements // x.shape[-1]
        y = _product(op, op.reshape(x, (rows, x.shape[-1])), w)
        y = op.reshape(y, (*x.shape[:-1], w.shape[-1]))
    else:
        y = op.add(BatchMatmul(), [x, w])
    shape = list(y.shape)
    if b.rank == 1:
        del shape[-1]
    if a.rank == 1:
        del shape[-1 if b.rank == 1 else -2]
    return op.reshape(y, shape)


@operator("Gemm", until=6)
def gemm_broadcast(
    op: Operator,
    a: Tensor,
    b: Tensor,
    c: Tensor,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    broadcast: int = 0,
    transA: int = 0,
    transB: int = 0,
) -> Tensor:
    del broadcast  # C broadcasts where its shape asks for it
    return gemm(op, a, b, c, alpha=alpha, beta=beta, transA=transA, transB=transB)


@operator("Gemm", since=7)
def gemm(
    op: Operator,
    a: Tensor,
    b: Tensor,
    c: Tensor | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Tensor:
    """alpha * A' * B' + beta * C."""
    x = op.add(Transpose((1, 0)), [a]) if transA else a
    w = op.add(Transpose((1, 0)), [b]) if transB else b
    if alpha != 1:
        factor = op.constant(alpha, w.dtype)
        x, w = (x, op.add(Binary("mul"), [w, factor])) if w.is_constant else (op.add(Binary("mul"), [x, factor]), w)
    if c is not None and beta != 1:
        c = op.add(Binary("mul"), [c, op.constant(beta, c.dtype)])
    units = w.shape[-1]
    if c is not None and c.is_constant and c.type.elements == units and c.shape[-1:] == (units,):
        return _product(op, x, w, op.reshape(c, (units,)))
    y = _product(op, x, w)
    return y if c is None else op.add(Binary("add"), [y, c])


@operator("Det", since=11)
def det(op: Operator, x: Tensor) -> Tensor:
    return op.add(Determinant(), [x])
