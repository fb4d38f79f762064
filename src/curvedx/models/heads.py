"""Fitting: one head of boosted trees a pattern, and one for what is no loss."""

from __future__ import annotations

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from curvedx.curve import FloatArray
from curvedx.errors import ModelError
from curvedx.models import dataset
from curvedx.models.dataset import Rows
from curvedx.models.trees import Head

BOOSTING = {
    "learning_rate": 0.1,
    "max_iter": 120,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 30,
    "l2_regularization": 1.0,
    "early_stopping": False,
}
"""Small trees, many of them: the views have done the shaping, and a small model is a quick one."""

PARTS = 2
"""Classifiers a head, each fitted on a part of the rows by itself: their mean says less of what is chance in one."""


def fit(rows: Rows, seed: int, workers: int) -> list[Head]:
    """Fit one head a class, each in one process, so that the result does not depend on how many there are.

    Raises
    ------
    ModelError
        If a class has too few examples, or too few of anything else.
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
    rng = np.random.default_rng(seed)
    target = rng.random(len(x)) < degrees[known]
    if min(np.count_nonzero(target), np.count_nonzero(~target)) < PARTS:
        raise ModelError(f"{name}: {int(target.sum())} of {len(target)} training rows show it; draw more curves")
    part = _parts(target, rng)
    split = [part == one for one in range(PARTS)]
    columns = np.flatnonzero([all(_varies(column[rows]) for rows in split) for column in x.T])
    x = x[:, columns]
    return Head(tuple(_boosted(x[rows], target[rows], seed[0]) for rows in split), columns)


def _parts(target: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.intp]:
    """Deal the rows out, so that each part has as many of either answer as the others, give or take one."""
    part = np.empty(len(target), dtype=np.intp)
    for answer in (target, ~target):
        places = rng.permutation(np.flatnonzero(answer))
        part[places] = np.arange(len(places)) % PARTS
    return part


def _boosted(x: FloatArray, target: NDArray[np.bool_], seed: int) -> HistGradientBoostingClassifier:
    # Threads change the order of sums and with it the last bits of the trees.
    with threadpool_limits(1):
        return HistGradientBoostingClassifier(random_state=seed, **BOOSTING).fit(x, target)


def _varies(column: FloatArray) -> bool:
    known = column[~np.isnan(column)]
    return len(known) > 1 and bool((known != known[0]).any())
