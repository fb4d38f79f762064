"""The headline: how often it is right, how sure it is, which labels it cannot exclude, what is taken for what."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from curvedx.catalogue import UNASSESSED, patterns
from curvedx.curve import FloatArray
from curvedx.evaluate import calibration, metrics
from curvedx.evaluate.metrics import BoolArray
from curvedx.evaluate.predictions import headline
from curvedx.evaluate.scored import Scored, estimate
from curvedx.readers.labelled import LabelledRun


def true_headline(run: LabelledRun) -> str | None:
    """Return the gravest present label; None where it is not sure: nothing is, or it is grey itself."""
    if not run.present - run.grey:
        return None
    label = headline(run.present)
    return None if label in run.grey else label


def accuracy(scored: Scored) -> FloatArray:
    """Return the share of right headlines, of all and in each draw."""
    return metrics.share(*_right(scored), scored.weights)


def _right(scored: Scored) -> tuple[BoolArray, BoolArray]:
    """Return which headlines are right and which count: the true one is sure and the predicted one is not grey."""
    truth = [true_headline(run) for run in scored.runs]
    judged = list(zip(scored.runs, scored.said, truth, strict=True))
    right = [p.headline == t for _, p, t in judged]
    counted = [t is not None and p.headline not in run.grey and p.headline != UNASSESSED for run, p, t in judged]
    return np.array(right, dtype=bool), np.array(counted, dtype=bool)


def measure(scored: Scored) -> dict[str, Any]:
    """Score headlines where the true one is sure and the predicted one is not grey."""
    truth = [true_headline(run) for run in scored.runs]
    judged = list(zip(scored.runs, scored.said, truth, strict=True))
    known = np.array([t is not None for t in truth], dtype=bool)
    right, counted = _right(scored)
    sure = np.array([c and p.confidence is not None for c, (_, p, _) in zip(counted, judged, strict=True)], dtype=bool)
    sets = np.array([k and p.possible is not None for k, (_, p, _) in zip(known, judged, strict=True)], dtype=bool)
    inside = np.array([p.possible is not None and t in p.possible for _, p, t in judged], dtype=bool)
    size = np.array([len(p.possible or ()) for _, p, _ in judged], dtype=float)
    confidence = np.array([p.confidence for _, p, _ in judged], dtype=float)[sure]
    return {
        "accuracy": estimate(accuracy(scored)),
        "scored": int(counted.sum()),
        **calibration.of(confidence, right[sure], scored.weights[:, sure]),
        "by_chance": estimate(metrics.calibration_error_by_chance(confidence, len(scored.weights) - 1, seed=0)),
        "conformal": {
            "scored": int(sets.sum()),
            "coverage": estimate(metrics.share(inside, sets, scored.weights)),
            "mean_size": estimate(metrics.mean(size, sets, scored.weights)),
        },
        "confusion": _confusion([(t, p.headline) for c, (_, p, t) in zip(counted, judged, strict=True) if c and t]),
    }


def _confusion(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Count the runs of each true and said headline; rows are true, in the order of the catalogue."""
    counts = Counter(pairs)
    labels = [name for name in patterns() if any(name in pair for pair in counts)]
    return {"labels": labels, "runs": [[counts[true, said] for said in labels] for true in labels]}
