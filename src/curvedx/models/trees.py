"""scikit-learn's gradient-boosted heads as one tree ensemble in ONNX, in double precision.

scikit-learn compares in double precision and sends a missing value to the side it learned; the operator
``TreeEnsemble`` of ``ai.onnx.ml`` 5 does both, so the two agree to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from curvedx.curve import FloatArray

LEQ = 0
"""``BRANCH_LEQ`` of the operator: smaller or equal goes to the true branch."""


@dataclass(frozen=True)
class Head:
    """Fitted classifiers, and the columns of the feature matrix that they were fitted on."""

    classifiers: tuple[Any, ...]
    columns: NDArray[np.intp]

    def raw(self, features: FloatArray) -> FloatArray:
        """Return the mean of the classifiers' log odds, one value a row of all features."""
        rows = features[:, self.columns]
        return np.asarray(np.mean([one.decision_function(rows) for one in self.classifiers], axis=0))


def to_onnx(heads: Sequence[Head], features: int) -> bytes:
    """Write heads as a model that maps ``features`` (n, features) to ``raw`` (n, heads), both double.

    The raw value of a head is `Head.raw`.
    """
    splits: list[float] = []
    feature: list[int] = []
    missing: list[int] = []
    true_id: list[int] = []
    true_leaf: list[int] = []
    false_id: list[int] = []
    false_leaf: list[int] = []
    roots: list[int] = []
    leaf_head: list[int] = []
    leaf_value: list[float] = []
    for number, head in enumerate(heads):
        # scikit-learn has no public name for the priors and the trees.
        base = float(np.mean([np.ravel(one._baseline_prediction)[0] for one in head.classifiers]))
        weight = 1.0 / len(head.classifiers)
        for (predictor,) in (trees for one in head.classifiers for trees in one._predictors):
            nodes = predictor.nodes
            if nodes[0]["is_leaf"]:
                base += weight * float(nodes[0]["value"])
                continue
            leaves = nodes["is_leaf"].astype(bool)
            place = np.where(leaves, np.cumsum(leaves) - 1 + len(leaf_value), np.cumsum(~leaves) - 1 + len(splits))
            roots.append(len(splits))
            # The prior is paid out by the head's first tree.
            leaf_value += [weight * float(value) + base for value in nodes["value"][leaves]]
            leaf_head += [number] * int(leaves.sum())
            base = 0.0
            inner = nodes[~leaves]
            splits += inner["num_threshold"].tolist()
            feature += head.columns[inner["feature_idx"]].tolist()
            missing += inner["missing_go_to_left"].astype(int).tolist()
            true_id += place[inner["left"]].tolist()
            true_leaf += leaves[inner["left"]].astype(int).tolist()
            false_id += place[inner["right"]].tolist()
            false_leaf += leaves[inner["right"]].astype(int).tolist()
        if base:
            # A head without a single split says the same of every curve: one split whose sides agree.
            roots.append(len(splits))
            splits, feature, missing = [*splits, 0.0], [*feature, 0], [*missing, 1]
            true_id, false_id = [*true_id, len(leaf_value)], [*false_id, len(leaf_value)]
            true_leaf, false_leaf = [*true_leaf, 1], [*false_leaf, 1]
            leaf_value, leaf_head = [*leaf_value, base], [*leaf_head, number]
    node = helper.make_node(
        "TreeEnsemble",
        ["features"],
        ["raw"],
        domain="ai.onnx.ml",
        n_targets=len(heads),
        aggregate_function=1,
        post_transform=0,
        tree_roots=roots,
        nodes_modes=numpy_helper.from_array(np.full(len(splits), LEQ, dtype=np.uint8)),
        nodes_featureids=feature,
        nodes_splits=numpy_helper.from_array(np.array(splits)),
        nodes_missing_value_tracks_true=missing,
        nodes_truenodeids=true_id,
        nodes_trueleafs=true_leaf,
        nodes_falsenodeids=false_id,
        nodes_falseleafs=false_leaf,
        leaf_targetids=leaf_head,
        leaf_weights=numpy_helper.from_array(np.array(leaf_value)),
    )
    graph = helper.make_graph(
        [node],
        "curvedx",
        [helper.make_tensor_value_info("features", TensorProto.DOUBLE, [None, features])],
        [helper.make_tensor_value_info("raw", TensorProto.DOUBLE, [None, len(heads)])],
    )
    made = helper.make_model(
        graph,
        producer_name="curvedx",
        ir_version=10,
        opset_imports=[helper.make_opsetid("ai.onnx.ml", 5), helper.make_opsetid("", 21)],
    )
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString(deterministic=True))
