"""Ensembles of decision trees (ai.onnx.ml): TreeEnsembleRegressor, TreeEnsembleClassifier, TreeEnsemble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.scores import (
    DOMAIN,
    TRANSFORMS,
    best_label,
    both_classes,
    label_above,
    numbered_labels,
    rows_of,
    transformed,
)
from edgegen.frontends.onnx.operators.tree_tables import TreeTables
from edgegen.ir.dtypes import F32, F64
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.slice import Slice

_RELATIONS = {
    "BRANCH_LEQ": "less_equal",
    "BRANCH_LT": "less",
    "BRANCH_GTE": "greater_equal",
    "BRANCH_GT": "greater",
    "BRANCH_EQ": "equal",
    "BRANCH_NEQ": "not_equal",
}
_MEMBER = "BRANCH_MEMBER"
_MODES = (*_RELATIONS, _MEMBER)
"""In the order in which TreeEnsemble numbers them."""
_MOST_BRANCHES = 1 << 22


@dataclass(frozen=True)
class _Nodes:
    """The table of nodes that TreeEnsembleRegressor and TreeEnsembleClassifier have, a row for each."""

    tree: Sequence[int]
    number: Sequence[int]
    feature: Sequence[int]
    mode: Sequence[str]
    value: Sequence[float]
    yes: Sequence[int]
    no: Sequence[int]
    missing: Sequence[int]


@dataclass(frozen=True)
class _Leaves:
    """The table of what leaves add to targets or classes, a row for each."""

    tree: Sequence[int]
    node: Sequence[int]
    target: Sequence[int]
    weight: Sequence[float]


def _checked(op: Operator, columns: dict[str, Sequence[object]]) -> None:
    """Raises InvalidModel unless all columns of a table are equally long."""
    if len({len(column) for column in columns.values()}) != 1:
        sizes = ", ".join(f"{name} {len(column)}" for name, column in columns.items())
        raise op.invalid(f"columns of a table differ in length: {sizes}")


def _columns(table: _Nodes | _Leaves) -> dict[str, Sequence[object]]:
    """Those that the table has: whether numbers are missing may be left out."""
    found = {f.name: getattr(table, f.name) for f in fields(table)}
    return {name: column for name, column in found.items() if column or name != "missing"}


def _by_node(op: Operator, features: int, nodes: _Nodes, leaves_of: _Leaves) -> TreeTables:
    """Raises InvalidModel."""
    _checked(op, _columns(nodes))
    _checked(op, _columns(leaves_of))
    tree, number, mode = nodes.tree, nodes.number, nodes.mode
    rows = {key: i for i, key in enumerate(zip(tree, number, strict=True))}
    if len(rows) != len(tree):
        raise op.invalid("a node stands in the table twice")
    leaves: dict[tuple[int, int], list[tuple[int, float]]] = {}
    entries = zip(leaves_of.tree, leaves_of.node, leaves_of.target, leaves_of.weight, strict=True)
    for of_tree, of_node, target, weight in entries:
        leaves.setdefault((of_tree, of_node), []).append((target, weight))
    tables = TreeTables()
    done: dict[int, int] = {}

    def place(i: int) -> int:
        """Where a way to row i leads. Its node is written now, its ways later."""
        if i in done:
            raise op.invalid(f"two ways lead to node {number[i]} of tree {tree[i]}")
        if mode[i] == "LEAF":
            done[i] = tables.add_leaf(leaves.get((tree[i], number[i]), []))
        elif mode[i] in _RELATIONS and 0 <= nodes.feature[i] < features:
            nan = bool(nodes.missing and nodes.missing[i])
            done[i] = tables.add_branch(nodes.feature[i], _RELATIONS[mode[i]], nan, nodes.value[i])
            waiting.append(i)
        else:
            raise op.invalid(f'node {number[i]} of tree {tree[i]} compares feature {nodes.feature[i]} as "{mode[i]}"')
        return done[i]

    waiting: list[int] = []
    started: set[int] = set()
    for i, of in enumerate(tree):  # the first node of each tree is its root
        if of in started:
            continue
        started.add(of)
        tables.root.append(place(i))
        while waiting:
            at = waiting.pop()
            for way, to in enumerate((nodes.yes[at], nodes.no[at]), 1):
                if (of, to) not in rows:
                    raise op.invalid(f"node {number[at]} of tree {of} leads to node {to}, which is not there")
                tables.branch[done[at]][way] = place(rows[of, to])
    return tables


def _in_floats(op: Operator, x: Tensor) -> Tensor:
    """Rows of features as floats: f64 stays, everything else is f32."""
    return op.cast(rows_of(op, x), F64 if x.dtype == F64 else F32)


def _values(plain: Sequence[float], tensor: Array | None) -> list[float]:
    return [float(v) for v in (plain if tensor is None else tensor.reshape(-1))]


def _with_base(op: Operator, scores: Tensor, base: Sequence[float]) -> Tensor:
    if len(base) not in (0, 1, scores.shape[1]):
        raise op.invalid(f"{len(base)} base values for {scores.shape[1]} targets")
    return op.add(Binary("add"), [scores, op.constant(base, scores.dtype)]) if base else scores


@operator("TreeEnsembleRegressor", domain=DOMAIN)
def tree_ensemble_regressor(
    op: Operator,
    x: Tensor,
    *,
    n_targets: int = 1,
    aggregate_function: str = "SUM",
    post_transform: str = "NONE",
    base_values: tuple[float, ...] = (),
    base_values_as_tensor: Array | None = None,
    nodes_falsenodeids: tuple[int, ...],
    nodes_featureids: tuple[int, ...],
    nodes_hitrates: tuple[float, ...] = (),
    nodes_hitrates_as_tensor: Array | None = None,
    nodes_missing_value_tracks_true: tuple[int, ...] = (),
    nodes_modes: tuple[str, ...],
    nodes_nodeids: tuple[int, ...],
    nodes_treeids: tuple[int, ...],
    nodes_truenodeids: tuple[int, ...],
    nodes_values: tuple[float, ...] = (),
    nodes_values_as_tensor: Array | None = None,
    target_ids: tuple[int, ...],
    target_nodeids: tuple[int, ...],
    target_treeids: tuple[int, ...],
    target_weights: tuple[float, ...] = (),
    target_weights_as_tensor: Array | None = None,
) -> Tensor:
    del nodes_hitrates, nodes_hitrates_as_tensor  # how often branches are taken changes no result
    rows = _in_floats(op, x)
    nodes = _Nodes(
        nodes_treeids,
        nodes_nodeids,
        nodes_featureids,
        nodes_modes,
        _values(nodes_values, nodes_values_as_tensor),
        nodes_truenodeids,
        nodes_falsenodeids,
        nodes_missing_value_tracks_true,
    )
    weights = _values(target_weights, target_weights_as_tensor)
    tables = _by_node(op, rows.shape[1], nodes, _Leaves(target_treeids, target_nodeids, target_ids, weights))
    if aggregate_function not in ("SUM", "AVERAGE", "MIN", "MAX"):
        raise op.invalid(f'aggregate_function is "{aggregate_function}"')
    scores = _aggregated(op, tables, rows, n_targets, aggregate_function)
    scores = _with_base(op, scores, _values(base_values, base_values_as_tensor))
    return op.cast(transformed(op, scores, post_transform), F32)


def _aggregated(op: Operator, tables: TreeTables, x: Tensor, targets: int, function: str) -> Tensor:
    trees = len(tables.root)
    if function == "AVERAGE":
        return op.scaled(tables.evaluated(op, x, targets, "sum"), 1 / max(trees, 1))
    return tables.evaluated(op, x, targets, function.lower())


@operator("TreeEnsembleClassifier", domain=DOMAIN)
def tree_ensemble_classifier(
    op: Operator,
    x: Tensor,
    *,
    post_transform: str = "NONE",
    base_values: tuple[float, ...] = (),
    base_values_as_tensor: Array | None = None,
    class_ids: tuple[int, ...],
    class_nodeids: tuple[int, ...],
    class_treeids: tuple[int, ...],
    class_weights: tuple[float, ...] = (),
    class_weights_as_tensor: Array | None = None,
    classlabels_int64s: tuple[int, ...] = (),
    classlabels_strings: tuple[str, ...] = (),
    nodes_falsenodeids: tuple[int, ...],
    nodes_featureids: tuple[int, ...],
    nodes_hitrates: tuple[float, ...] = (),
    nodes_hitrates_as_tensor: Array | None = None,
    nodes_missing_value_tracks_true: tuple[int, ...] = (),
    nodes_modes: tuple[str, ...],
    nodes_nodeids: tuple[int, ...],
    nodes_treeids: tuple[int, ...],
    nodes_truenodeids: tuple[int, ...],
    nodes_values: tuple[float, ...] = (),
    nodes_values_as_tensor: Array | None = None,
) -> list[Tensor]:
    """(label s64[N], scores f32[N, classes]): the label of the greatest score.

    As onnxruntime, two classes of which the trees name one only have its score, and the second label where it exceeds
    0.5 if all weights are positive, else where it exceeds 0.
    """
    del nodes_hitrates, nodes_hitrates_as_tensor
    rows = _in_floats(op, x)
    labels = numbered_labels(op, classlabels_int64s, classlabels_strings)
    nodes = _Nodes(
        nodes_treeids,
        nodes_nodeids,
        nodes_featureids,
        nodes_modes,
        _values(nodes_values, nodes_values_as_tensor),
        nodes_truenodeids,
        nodes_falsenodeids,
        nodes_missing_value_tracks_true,
    )
    weights = _values(class_weights, class_weights_as_tensor)
    if not labels or not class_ids or not 0 <= min(class_ids) <= max(class_ids) < len(labels):
        raise op.invalid(f"leaves name classes {sorted(set(class_ids))} of {len(labels)}")
    one = set(class_ids) if len(labels) == 2 and len(set(class_ids)) == 1 else set()
    alone = one == {0}
    tables = _by_node(op, rows.shape[1], nodes, _Leaves(class_treeids, class_nodeids, class_ids, weights))
    scores = tables.evaluated(op, rows, 1 if alone else len(labels), "sum")
    base = _values(base_values, base_values_as_tensor)
    if alone and len(base) == 2:
        raise op.unsupported("base values of two classes of which the trees name one")
    scores = _with_base(op, scores, base)
    share = min(weights) >= 0
    least = 0.5 if share else 0.0
    if alone:
        label = label_above(op, scores, least, labels)
        return [label, op.cast(both_classes(op, scores, post_transform, share), F32)]
    if one:
        second = op.add(Slice((0, 1), (rows.shape[0], 1), (1, 1)), [scores])
        label = label_above(op, second, least, labels)
    else:
        label = best_label(op, scores, labels)
    return [label, op.cast(transformed(op, scores, post_transform), F32)]


def _member_sets(op: Operator, values: Array | None, count: int) -> list[list[float]]:
    """The numbers of each set, which a NaN ends."""
    sets: list[list[float]] = [[]]
    for value in [] if values is None else values.reshape(-1).tolist():
        if np.isnan(value):
            sets.append([])
        else:
            sets[-1].append(value)
    if len(sets) - 1 != count or sets[-1]:
        raise op.invalid(f"membership_values are those of {len(sets) - 1} sets, {count} nodes have one")
    return sets[:-1]


@operator("TreeEnsemble", since=5, domain=DOMAIN)
def tree_ensemble(
    op: Operator,
    x: Tensor,
    *,
    aggregate_function: int = 1,
    leaf_targetids: tuple[int, ...],
    leaf_weights: Array,
    membership_values: Array | None = None,
    n_targets: int,
    nodes_falseleafs: tuple[int, ...],
    nodes_falsenodeids: tuple[int, ...],
    nodes_featureids: tuple[int, ...],
    nodes_hitrates: Array | None = None,
    nodes_missing_value_tracks_true: tuple[int, ...] = (),
    nodes_modes: Array,
    nodes_splits: Array,
    nodes_trueleafs: tuple[int, ...],
    nodes_truenodeids: tuple[int, ...],
    post_transform: int = 0,
    tree_roots: tuple[int, ...],
) -> Tensor:
    """Of x's type. A set that a feature may be in is a chain of comparisons with its numbers."""
    del nodes_hitrates
    if aggregate_function not in range(4) or post_transform not in range(len(TRANSFORMS)):
        raise op.invalid(f"aggregate_function is {aggregate_function}, post_transform {post_transform}")
    if x.dtype not in (F32, F64):
        raise op.unsupported(f"trees over {x.dtype}", "cast the features to f32")
    rows, modes, splits = rows_of(op, x), nodes_modes.reshape(-1).tolist(), nodes_splits.reshape(-1).tolist()
    columns: dict[str, Sequence[object]] = {
        "nodes_featureids": nodes_featureids,
        "nodes_modes": modes,
        "nodes_splits": splits,
        "nodes_truenodeids": nodes_truenodeids,
        "nodes_trueleafs": nodes_trueleafs,
        "nodes_falsenodeids": nodes_falsenodeids,
        "nodes_falseleafs": nodes_falseleafs,
    }
    _checked(op, columns | ({"missing": nodes_missing_value_tracks_true} if nodes_missing_value_tracks_true else {}))
    weights = leaf_weights.reshape(-1).tolist()
    _checked(op, {"leaf_targetids": leaf_targetids, "leaf_weights": weights})
    if any(mode not in range(len(_MODES)) for mode in modes) or any(
        not 0 <= f < rows.shape[1] for f in nodes_featureids
    ):
        raise op.invalid(f"nodes compare features of {rows.type} that are not there, or in unknown modes")
    sets = _member_sets(op, membership_values, sum(_MODES[mode] == _MEMBER for mode in modes))
    tables, numbered = TreeTables(), iter(sets)
    members = [next(numbered) if _MODES[mode] == _MEMBER else None for mode in modes]
    leaves = [tables.add_leaf([entry]) for entry in zip(leaf_targetids, weights, strict=True)]
    waiting: list[tuple[int, list[int]]] = []  # a node of the model, and those of the tables that stand for it

    def place(i: int, is_leaf: bool) -> int:
        if not 0 <= i < (len(leaves) if is_leaf else len(modes)):
            raise op.invalid(f"a way leads to {'leaf' if is_leaf else 'node'} {i}, which is not there")
        if is_leaf:
            return leaves[i]
        if len(tables.branch) > _MOST_BRANCHES:
            raise op.invalid("ways through the trees do not end, or meet too often")
        missing = bool(nodes_missing_value_tracks_true and nodes_missing_value_tracks_true[i])
        chosen = members[i]
        edges = [(splits[i], _RELATIONS[_MODES[modes[i]]])] if chosen is None else [(v, "equal") for v in chosen]
        if not edges:
            raise op.unsupported("an empty set")
        chain = [tables.add_branch(nodes_featureids[i], r, missing, edge) for edge, r in edges]
        waiting.append((i, chain))
        return chain[0]

    for root in tree_roots:
        one_leaf = 0 <= root < len(modes) and nodes_trueleafs[root] and nodes_falseleafs[root]
        same = one_leaf and nodes_truenodeids[root] == nodes_falsenodeids[root]
        tables.root.append(place(nodes_truenodeids[root], True) if same else place(root, False))
        while waiting:
            i, chain = waiting.pop()
            yes = place(nodes_truenodeids[i], bool(nodes_trueleafs[i]))
            no = place(nodes_falsenodeids[i], bool(nodes_falseleafs[i]))
            for k, at in enumerate(chain):
                tables.branch[at][1:] = [yes, chain[k + 1] if k + 1 < len(chain) else no]
    scores = _aggregated(op, tables, rows, n_targets, ("AVERAGE", "SUM", "MIN", "MAX")[aggregate_function])
    return transformed(op, scores, TRANSFORMS[post_transform])
