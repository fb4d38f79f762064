"""Facts of the validation loss over the whole run, and of the generalisation gap."""

from __future__ import annotations

import numpy as np

from curvedx.diagnosis.facts.ground import Ground, ratio
from curvedx.measures import median, spread


def gap(run: Ground) -> float | None:
    """Return by how much the validation loss lies above the nearby train loss at the end."""
    return None if run.gap is None else run.gap.level


def gap_trend(run: Ground) -> float | None:
    """Return by how much the gap changes over the later half, in per cent of the validation loss."""
    return None if run.gap is None else run.gap.percent


def gap_verdict(run: Ground) -> str | None:
    """Return whether the gap is widening, stable or closing."""
    return None if run.gap is None else run.gap.verdict


def of_train(run: Ground) -> float | None:
    """Return the validation loss in times of the smoothed train loss, the median over the last half of evaluations."""
    ratios = _ratios(run)
    return None if ratios is None else float(median(ratios))


def steadiness(run: Ground) -> float | None:
    """Return how much that ratio scatters, in per cent of itself; None with fewer than five evaluations."""
    ratios = _ratios(run)
    if ratios is None or len(ratios) < 5:
        return None
    return 100.0 * spread(ratios) / float(median(ratios))


def end_of_start(run: Ground) -> float | None:
    """Return the last validation loss in times of the first; the median of the last three of more than five."""
    if run.val is None or len(run.val) < 3:
        return None
    values = run.val.values
    end = float(median(values[-3:])) if len(values) > 5 else float(values[-1])
    return ratio(end, float(values[0])) if end >= 0.0 else None


def _ratios(run: Ground) -> np.ndarray[tuple[int], np.dtype[np.float64]] | None:
    if run.val is None or run.train is None or run.train.signed:
        return None
    steps, values = run.val.steps[len(run.val) // 2 :], run.val.values[len(run.val) // 2 :]
    t = run.train
    beside = np.interp(steps, t.steps[np.rint(t.centre).astype(int)], t.smooth)
    ratios = values / beside
    return np.asarray(ratios) if bool((ratios > 0.0).all()) and bool(np.isfinite(ratios).all()) else None
