"""How far the steps at which labels are said to begin lie from those the annotators gave."""

from __future__ import annotations

from typing import Any

import numpy as np

from curvedx.curve import TRAIN_LOSS
from curvedx.evaluate import metrics
from curvedx.evaluate.scored import Scored, estimate


def measure(scored: Scored) -> dict[str, Any]:
    """Measure the distance to the nearest given step, as a share of the run, over labels rightly found."""
    found: list[tuple[int, str, float]] = []
    for row, (run, p) in enumerate(zip(scored.runs, scored.said, strict=True)):
        steps = run.curve[TRAIN_LOSS].steps
        span = float(steps[-1] - steps[0]) if len(steps) > 1 else 0.0
        found += [
            (row, name, min(abs(p.onsets[name] - step) for step in given) / span)
            for name, given in run.onsets.items()
            if span > 0 and name in p.onsets and name in run.present
        ]
    names = dict.fromkeys(name for _, name, _ in found)
    return _errors(scored, found) | {
        "labels": {name: _errors(scored, [one for one in found if one[1] == name]) for name in names}
    }


def _errors(scored: Scored, found: list[tuple[int, str, float]]) -> dict[str, Any]:
    errors = np.array([error for _, _, error in found], dtype=float)
    weights = scored.weights[:, np.array([row for row, _, _ in found], dtype=int)]
    return {
        "scored": len(found),
        "median_error": estimate(metrics.quantile(errors, 0.5, weights)),
        "p90_error": estimate(metrics.quantile(errors, 0.9, weights)),
    }
