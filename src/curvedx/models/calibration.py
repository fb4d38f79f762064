"""Calibration: from what the heads say to probabilities that come true.

A model is first calibrated on drawn curves that it was not fitted on, and then adapted to labelled real runs, of which
there are few: there the lines that the first calibration drew are the prior. The headline's confidence follows from
the patterns' probabilities and has no calibration of its own, so that the two never contradict each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from curvedx.curve import FloatArray
from curvedx.errors import ModelError
from curvedx.models import dataset
from curvedx.models.artefact import Artefact
from curvedx.models.dataset import Rows, of_labelled
from curvedx.models.headline import distribution, sigmoid
from curvedx.models.runtime import Model
from curvedx.readers.labelled import LabelledRun

SURE = 0.03
"""A degree closer to 0 or 1 counts as certain; calibration takes any other as both, weighted by its degree."""

STRENGTH, COMMON = 16.0, 4.0
"""How firmly a pattern holds on to the line common to all, and that line, which all labels draw together, to the
calibration on drawn curves: precision of the prior of slope and intercept."""

AS_IT_IS = 1.0, 0.0
"""Slope and intercept that change nothing."""

PRIOR_RUNS = 200
"""Labelled runs of somebody's own that the conformal scores of drawn curves count as much as."""


def soft(degrees: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
    """Turn degrees into weighted examples: row numbers, 0 or 1, weights. A grey row stands on both sides."""
    known = np.flatnonzero(~np.isnan(degrees))
    degree = degrees[known]
    yes, no = degree > SURE, degree < 1.0 - SURE
    share_yes = np.where(no, degree, 1.0)
    share_no = np.where(yes, 1.0 - degree, 1.0)
    index = np.concatenate([known[yes], known[no]])
    target = np.concatenate([np.ones(int(yes.sum()), dtype=np.intp), np.zeros(int(no.sum()), dtype=np.intp)])
    weight = np.concatenate([share_yes[yes], share_no[no]])
    return index, target, weight


def calibrate(raw: FloatArray, degrees: FloatArray) -> tuple[list[float], list[float]]:
    """Fit slope and intercept of each head's log odds on rows it was not fitted on (Platt 1999)."""
    slopes, intercepts = [], []
    for column in range(raw.shape[1]):
        index, target, weight = soft(degrees[:, column])
        if len(np.unique(target)) < 2:
            name = dataset.heads()[column]
            raise ModelError(f"{name}: {int(target.sum())} of {len(target)} held-out rows show it; draw more curves")
        line = LogisticRegression(C=100.0).fit(raw[index, column : column + 1], target, sample_weight=weight)
        slopes.append(float(line.coef_[0, 0]))
        intercepts.append(float(line.intercept_[0]))
    return slopes, intercepts


def true_headline(degrees: FloatArray, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw the true headline of each row: a class is present with its degree, as careful readers would disagree."""
    present = rng.random(degrees.shape) < np.nan_to_num(degrees, nan=0.0)
    return np.asarray(np.column_stack([present, np.ones(len(degrees), dtype=bool)]).argmax(axis=1))


def nonconformity(probabilities: FloatArray, truth: NDArray[np.intp], scores: int = 400) -> list[float]:
    """Return ascending quantiles of one minus the probability of the true headline, over held-out rows.

    They make the least ambiguous sets (Sadinle, Lei and Wasserman 2019).
    """
    strange = 1.0 - distribution(probabilities)[np.arange(len(truth)), truth]
    return [float(s) for s in np.quantile(strange, (np.arange(scores) + 1.0) / (scores + 1.0))]


def adapted(artefact: Artefact, runs: Sequence[LabelledRun]) -> Artefact:
    """Return a model whose probabilities and conformal sets are adapted to labelled runs; its trees stay as they are.

    Parameters
    ----------
    artefact
        A calibrated model.
    runs
        Runs that it was not fitted on; a grey label says nothing.
    """
    rows = of_labelled(runs)
    return with_sets(with_patterns(artefact, rows), runs, rows)


def with_patterns(artefact: Artefact, rows: Rows, strength: float = STRENGTH) -> Artefact:
    """Return a model whose probabilities of the patterns are adapted to labelled runs, given as rows.

    A line for each pattern (Platt 1999) that holds on, by a prior of this strength, to one line common to all of them:
    what sets real logs apart from drawn ones does so whatever is asked. The head for what is no loss is left alone.
    """
    # What was measured was measured with the calibration that was.
    passport = {key: value for key, value in artefact.passport.items() if key != "measured"}
    passport.setdefault("drawn", {key: passport[key] for key in ("slope", "intercept")})
    slope, intercept = (np.array(passport[key]) for key in ("slope", "intercept"))
    odds = (slope * Model(artefact).raw(rows.features) + intercept)[:, :-1]
    common = _line(odds.ravel(), rows.patterns.ravel(), AS_IT_IS, COMMON)
    lines = [_line(said, true, common, strength) for said, true in zip(odds.T, rows.patterns.T, strict=True)]
    a, b = np.array([*lines, AS_IT_IS]).T
    passport["slope"], passport["intercept"] = (a * slope).tolist(), (a * intercept + b).tolist()
    passport["made"] = passport["made"] | {"adapted_to": len(rows)}
    return Artefact(trees=artefact.trees, passport=passport)


def with_sets(artefact: Artefact, runs: Sequence[LabelledRun], rows: Rows, drawn: float = PRIOR_RUNS) -> Artefact:
    """Return a model whose conformal sets are adapted to labelled runs, given with their rows.

    Where the runs are easier than those that will come, sets adapted to them would be too small: the drawn curves count
    as much as so many of them.
    """
    passport = dict(artefact.passport)
    model = Model(artefact)
    truth = np.array([-1 if run.not_a_loss else _headline(run, model.labels) for run in runs])
    sure = np.flatnonzero(truth >= 0)
    odds = model.judge(rows.features, ~np.isnan(rows.patterns)).headline
    passport["conformal"] = _quantiles(np.array(passport["conformal"]), 1.0 - odds[sure, truth[sure]], drawn)
    return Artefact(trees=artefact.trees, passport=passport)


def _headline(run: LabelledRun, labels: Sequence[str]) -> int:
    """Return the column of a run's true headline; -1 where it is not sure."""
    found = [column for column, name in enumerate(labels) if name in run.present]
    return -1 if not found or labels[found[0]] in run.grey else found[0]


def _line(odds: FloatArray, true: FloatArray, prior: tuple[float, float], strength: float) -> tuple[float, float]:
    """Return slope and intercept of log odds by what came true, held by a prior; NaN is not known."""
    known = ~np.isnan(true)
    z, y = odds[known], true[known]

    def penalised(line: FloatArray) -> tuple[float, FloatArray]:
        w, off = line[0] * z + line[1], line - prior
        apart = sigmoid(w) - y
        loss = float(np.sum(np.logaddexp(0.0, w) - y * w)) + 0.5 * strength * float(off @ off)
        return loss, np.array([apart @ z, apart.sum()]) + strength * off

    # A slope below zero would say the opposite of what the head learned.
    found = minimize(penalised, np.array(prior), jac=True, method="L-BFGS-B", bounds=[(0.1, None), (None, None)])
    return float(found.x[0]), float(found.x[1])


def _quantiles(drawn: FloatArray, real: FloatArray, weight: float) -> list[float]:
    """Return as many quantiles as before, of the scores of drawn curves, of a weight together, and of real runs."""
    values = np.concatenate([drawn, real])
    weights = np.concatenate([np.full(len(drawn), weight / max(len(drawn), 1)), np.ones(len(real))])
    order = np.argsort(values, kind="stable")
    place = (np.cumsum(weights[order]) - 0.5 * weights[order]) / weights.sum()
    wanted = (np.arange(len(drawn)) + 1.0) / (len(drawn) + 1.0)
    return [float(score) for score in np.interp(wanted, place, values[order])]
