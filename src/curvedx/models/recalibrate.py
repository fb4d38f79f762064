"""`curvedx recalibrate`: adapt a model's calibration to labelled runs, and say what that brings."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import numpy as np

from curvedx.curve import FloatArray
from curvedx.errors import ModelError
from curvedx.models.artefact import Artefact, load, save
from curvedx.models.calibration import adapted, with_patterns
from curvedx.models.dataset import Rows, of_labelled
from curvedx.models.runtime import Model
from curvedx.readers.labelled import LabelledRun
from curvedx.readers.labelled import load as load_labelled

FOLDS = 5
"""Parts of the clusters that are left out in turn to see what adapting brings."""

FEWEST = 10
"""Labelled runs below which there is nothing to adapt to."""


def recalibrate(
    runs: str | PathLike[str],
    labels: str | PathLike[str],
    *,
    model: str | PathLike[str] | None = None,
    out: str | PathLike[str],
) -> tuple[float, float]:
    """Adapt a model to labelled runs and write it to a folder.

    Parameters
    ----------
    runs, labels
        As `curvedx.readers.labelled.load` reads them.
    model
        Folder of the model to adapt; None is the released one.
    out
        Folder to write ``model.onnx`` and ``model.toml`` to.

    Returns
    -------
    before, after
        Mean log loss of the labels of runs that were left out, with the model's own calibration and an adapted one.

    Raises
    ------
    ReadError, ModelError
        If runs or model cannot be read, or there are too few runs or clusters.
    """
    own = load_labelled(runs, labels)
    clusters = len({run.cluster for run in own})
    if len(own) < FEWEST or clusters < 2:
        raise ModelError(
            f"{labels}: {len(own)} runs of {clusters} repositories; {FEWEST} runs of two or more are needed to "
            "recalibrate, so label more"
        )
    made = load(model)
    found = crossed(made, own)
    save(out, adapted(made, own))
    return found


def crossed(artefact: Artefact, runs: Sequence[LabelledRun]) -> tuple[float, float]:
    """Return the log loss before and after adapting, each run judged by a calibration that never saw its cluster."""
    clusters = sorted({run.cluster for run in runs})
    part = {name: number % FOLDS for number, name in enumerate(clusters)}
    rows = of_labelled(runs)
    before = log_losses(artefact, rows)
    after = np.full_like(before, np.nan)
    for fold in range(min(FOLDS, len(clusters))):
        out = np.array([part[run.cluster] == fold for run in runs])
        after[out] = log_losses(with_patterns(artefact, rows.where(~out)), rows.where(out))
    return float(np.nanmean(before)), float(np.nanmean(after))


def log_losses(artefact: Artefact, rows: Rows) -> FloatArray:
    """Return the log loss of each label of each row; NaN where it is not known."""
    truth = rows.patterns
    said = Model(artefact).judge(rows.features, ~np.isnan(truth)).probabilities.clip(1e-6, 1.0 - 1e-6)
    return np.asarray(-(truth * np.log(said) + (1.0 - truth) * np.log1p(-said)))
