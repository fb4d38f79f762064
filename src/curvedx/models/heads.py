"""Fitting: one boosted head a pattern and one for what is no loss, and the calibration of each and of the headline."""

from __future__ import annotations

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from curvedx.curve import FloatArray
from curvedx.errors import ModelError
from curvedx.models import dataset
from curvedx.models.dataset import Rows
from curvedx.models.headline import chosen, distribution, logit
from curvedx.models.trees import Head

SURE = 0.03
"""A degree closer to 0 or 1 counts as certain; calibration takes any other as both, weighted by its degree."""

BOOSTING = {
    "learning_rate": 0.1,
    "max_iter": 120,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 30,
    "l2_regularization": 1.0,
    "early_stopping": False,
}
"""Small trees, many of them: the views have done the shaping, and a small model is a quick one."""


def fit(rows: Rows, seed: int, workers: int) -> list[Head]:
    """Fit one head a class, each in one process, so that the result does not depend on how many there are.

    Raises
    ------
    ModelError
        If a class has no example, or nothing but examples.
    """
    names = dataset.heads()
    work = Parallel(n_jobs=workers, return_as="generator")(
        delayed(_fit_one)(name, rows.features, rows.degrees[:, column], [seed, column])
        for column, name in enumerate(names)
    )
    return list(tqdm(work, total=len(names), desc="heads"))


def _fit_one(name: str, x: FloatArray, degrees: FloatArray, seed: list[int]) -> Head:
    known = ~np.isnan(degrees)
    x = x[known]
    # Sample weights would say the same of grey rows without the toss, and make the fit five times slower.
    target = np.random.default_rng(seed).random(len(x)) < degrees[known]
    if len(np.unique(target)) < 2:
        raise ModelError(f"{name}: {int(target.sum())} of {len(target)} training rows show it; draw more curves")
    columns = np.flatnonzero([_varies(column) for column in x.T])
    classifier = HistGradientBoostingClassifier(random_state=seed[0], **BOOSTING)
    # Threads change the order of sums and with it the last bits of the trees.
    with threadpool_limits(1):
        classifier.fit(x[:, columns], target)
    return Head(classifier, columns)


def _varies(column: FloatArray) -> bool:
    known = column[~np.isnan(column)]
    return len(known) > 1 and bool((known != known[0]).any())


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


def calibrate_headline(
    probabilities: FloatArray, truth: NDArray[np.intp], scores: int = 400
) -> tuple[list[float], list[float]]:
    """Fit the confidence of the headline, and return the conformal scores of held-out rows.

    Returns
    -------
    tuple
        Slope and intercept on the log odds of the headline's probability; and ascending quantiles of one minus the
        probability of the true headline (least ambiguous sets: Sadinle, Lei and Wasserman 2019).
    """
    odds = distribution(probabilities)
    rows = np.arange(len(odds))
    said = chosen(probabilities)
    right = (said == truth).astype(int)
    line = LogisticRegression(C=100.0).fit(logit(odds[rows, said])[:, None], right)
    strange = np.quantile(1.0 - odds[rows, truth], (np.arange(scores) + 1.0) / (scores + 1.0))
    return [float(line.coef_[0, 0]), float(line.intercept_[0])], [float(s) for s in strange]
