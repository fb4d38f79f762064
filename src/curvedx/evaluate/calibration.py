"""Whether probabilities come true: of the headline, of each label, of all labels together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from curvedx.curve import FloatArray
from curvedx.evaluate import metrics
from curvedx.evaluate.metrics import BoolArray
from curvedx.evaluate.scored import Scored, estimate, number

BINS = 10
"""Bins of equal width, for the picture."""


def of_labels(scored: Scored, columns: Sequence[int]) -> dict[str, Any]:
    """Measure the probabilities of some labels, taken together; grey cells are left out."""
    cells = [
        (row, p.probabilities[scored.labels[k]], scored.present[row, k])
        for k in columns
        for row, p in enumerate(scored.said)
        if not scored.grey[row, k] and scored.labels[k] in p.probabilities
    ]
    rows = np.array([row for row, _, _ in cells], dtype=int)
    return of(
        np.array([p for _, p, _ in cells], dtype=float),
        np.array([y for _, _, y in cells], dtype=bool),
        scored.weights[:, rows],
    )


def of(probability: FloatArray, outcome: BoolArray, weights: FloatArray) -> dict[str, Any]:
    """Measure probabilities against outcomes; `weights` has one column each."""
    return {
        "calibration_error": estimate(metrics.calibration_error(probability, outcome, weights)),
        "brier": estimate(metrics.brier(probability, outcome, weights)),
        "reliability": _reliability(probability, outcome),
    }


def _reliability(probability: FloatArray, outcome: BoolArray) -> list[dict[str, Any]]:
    """Return what was said and what came true in each bin that holds any."""
    place = np.minimum((probability * BINS).astype(int), BINS - 1)
    return [
        {
            "low": at / BINS,
            "high": (at + 1) / BINS,
            "count": int(inside.sum()),
            "said": number(probability[inside].mean()),
            "true": number(outcome[inside].mean()),
        }
        for at in range(BINS)
        if (inside := place == at).any()
    ]
