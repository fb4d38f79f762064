"""What is measured, as functions of arrays: n runs in rows, k labels in columns.

Each statistic takes weights, shape (n,) or (draws, n), as its last argument: ones for the value itself, and how
often a run was drawn for its bootstrap distribution, which is then one matrix product. What cannot be said is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import FloatArray

BoolArray = NDArray[np.bool_]

MAX_BINS = 15
RUNS_A_BIN = 10  # with fewer, the calibration error measures the noise of single outcomes


def counts(
    predicted: BoolArray, present: BoolArray, scored: BoolArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Count true positives, false positives and misses of each label over the scored cells; each (..., k)."""
    tp, fp, fn = (
        weights @ (cell & scored).astype(float)
        for cell in (predicted & present, predicted & ~present, ~predicted & present)
    )
    return tp, fp, fn


def precision(tp: FloatArray, fp: FloatArray) -> FloatArray:
    """Return the share of predictions that hold; NaN where nothing was predicted."""
    return ratio(tp, tp + fp)


def recall(tp: FloatArray, fn: FloatArray) -> FloatArray:
    """Return the share of present labels that were predicted; NaN where none is present."""
    return ratio(tp, tp + fn)


def f1(tp: FloatArray, fp: FloatArray, fn: FloatArray) -> FloatArray:
    """Return 2 tp / (2 tp + fp + fn); NaN where a label is neither present nor predicted."""
    return ratio(2 * tp, 2 * tp + fp + fn)


def macro_f1(tp: FloatArray, fp: FloatArray, fn: FloatArray, labels: BoolArray) -> FloatArray:
    """Average F1 over the chosen labels, leaving out those of which a resample holds no run."""
    scores, known = f1(tp, fp, fn)[..., labels], (tp + fn)[..., labels] > 0
    return ratio(np.where(known, scores, 0.0).sum(-1), known.sum(-1))


def micro_f1(tp: FloatArray, fp: FloatArray, fn: FloatArray) -> FloatArray:
    """Return F1 of all cells taken together."""
    return f1(tp.sum(-1), fp.sum(-1), fn.sum(-1))


def share(hit: BoolArray, scored: BoolArray, weights: FloatArray) -> FloatArray:
    """Return the share of the scored runs that hit."""
    return ratio(weights @ (hit & scored).astype(float), weights @ scored.astype(float))


def mean(values: FloatArray, scored: BoolArray, weights: FloatArray) -> FloatArray:
    """Return the mean of the values over the scored runs."""
    return ratio(weights @ np.where(scored, values, 0.0), weights @ scored.astype(float))


def quantile(values: FloatArray, q: float, weights: FloatArray) -> FloatArray:
    """Return the quantile of the values, each counted as often as its weight says.

    Where it falls between two values it is their mean (Hyndman and Fan 1996, definition 2).
    """
    if not len(values):
        return np.full(weights.shape[:-1], np.nan)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[..., order], axis=-1)
    # A part of one draw keeps rounding from deciding on which side of a value it falls.
    wanted = q * reached[..., -1:]
    low = values[order][(reached > wanted - 1e-9).argmax(axis=-1)]
    high = values[order][(reached > wanted + 1e-9).argmax(axis=-1)]
    return np.where(reached[..., -1] > 0, 0.5 * (low + high), np.nan)


def bins(probability: FloatArray) -> list[NDArray[np.intp]]:
    """Return the indices of each bin of equal mass, lowest probabilities first.

    Bins hold at least 10 runs, and there are at most 15 of them (Nixon and others 2019, adaptive calibration error).
    """
    order = np.argsort(probability, kind="stable")
    return np.array_split(order, min(MAX_BINS, max(1, len(order) // RUNS_A_BIN)))


def calibration_error(probability: FloatArray, outcome: FloatArray | BoolArray, weights: FloatArray) -> FloatArray:
    """Return the expected calibration error over `bins` of equal mass.

    A resample keeps the bins of the whole; it shows somewhat more error than the whole, as fewer runs do.
    """
    gap = probability - outcome
    gaps = sum((np.abs(weights[..., part] @ gap[part]) for part in bins(probability)), np.zeros(weights.shape[:-1]))
    return ratio(gaps, weights.sum(-1))


def calibration_error_by_chance(probability: FloatArray, draws: int, seed: int) -> FloatArray:
    """Return the calibration errors that probabilities show although they come true: outcomes are drawn by them.

    With few runs a bin the outcomes of perfect probabilities scatter, and no model shows less than this but by luck.

    Returns
    -------
    FloatArray
        Shape (1 + draws,): the mean first, then the draws.
    """
    outcomes = np.random.default_rng(seed).random((draws, len(probability))) < probability
    gaps = probability - outcomes
    errors = sum((np.abs(gaps[:, part].sum(-1)) for part in bins(probability)), np.zeros(draws))
    errors = ratio(errors, np.array(float(len(probability))))
    return np.append(errors.mean(), errors)


def brier(probability: FloatArray, outcome: BoolArray, weights: FloatArray) -> FloatArray:
    """Return the mean squared difference of probability and outcome (Brier 1950)."""
    return ratio(weights @ (probability - outcome) ** 2, weights.sum(-1))


def auroc(score: FloatArray, positive: BoolArray, weights: FloatArray) -> FloatArray:
    """Return the probability that a positive run scores above a negative one, ties counted half; NaN without either."""
    above = score[positive][:, None] - score[~positive][None, :]
    pairs = (above > 0) + 0.5 * (above == 0)
    ones, zeros = weights[..., positive], weights[..., ~positive]
    return ratio(((ones @ pairs) * zeros).sum(-1), ones.sum(-1) * zeros.sum(-1))


def resamples(clusters: Sequence[str], draws: int, seed: int) -> FloatArray:
    """Draw whole clusters with replacement; row d says how often each run is in draw d, shape (draws, n)."""
    names, member = np.unique(np.array(clusters, dtype=str), return_inverse=True)
    times = np.zeros((draws, len(names)), dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(0, max(1, len(names)), size=(draws, len(names)))
    np.add.at(times, (np.arange(draws)[:, None], drawn), 1.0)
    return times[:, member]


def interval(draws: FloatArray, level: float = 0.9) -> tuple[float, float]:
    """Return the percentile interval of a bootstrap distribution, leaving out draws in which nothing was scored."""
    known = draws[np.isfinite(draws)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
    """Divide, with NaN where the bottom is zero."""
    top, bottom = np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)
    out: FloatArray = np.full(np.broadcast(top, bottom).shape, np.nan)
    np.divide(top, bottom, out=out, where=bottom != 0)
    return out
