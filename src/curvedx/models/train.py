"""`curvedx train`: draw, measure, fit, calibrate, check on held-out curves, and write a model with its card."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import as_file
from pathlib import Path
from typing import Any

import numpy as np

from curvedx.assets import asset
from curvedx.catalogue import assessable
from curvedx.features.settings import columns
from curvedx.models import card
from curvedx.models.artefact import FORMAT, Artefact, save
from curvedx.models.calibration import calibrate, nonconformity, true_headline, with_patterns, with_sets
from curvedx.models.dataset import Rows, generate, heads, join, of_labelled
from curvedx.models.heads import fit
from curvedx.models.runtime import Model
from curvedx.models.trees import to_onnx
from curvedx.readers.labelled import LabelledRun
from curvedx.readers.labelled import load as load_labelled

OWN_WEIGHT = 20
"""A user's run counts as much as this many drawn curves; every second is fitted on, the others calibrated on."""

DRAWN_WEIGHT = 2
"""Drawn curves decide the conformal sets as much as so many times the lab's runs, which are easier than what people
have: on them alone the sets would be too small, on drawn curves alone they are too large."""

FOLDS, CALIBRATED, MEASURED = 5, 0, 1
"""Every fifth curve is held out for calibration, and every fifth for the figures on the card."""


def train(
    *,
    curves: int,
    seed: int = 0,
    workers: int = 1,
    out: str | Path,
    labelled: Sequence[str | Path] = (),
    cache: str | Path | None = None,
) -> Artefact:
    """Train a model and write it to a folder.

    The same curves, seed, labelled runs and library versions give the same bytes, whatever the number of workers.

    Parameters
    ----------
    curves
        Synthetic curves to draw.
    seed
        Seed of the curves and of the fit.
    workers
        Processes to draw and fit in.
    out
        Folder to write ``model.onnx``, ``model.toml``, ``CARD.md`` and its pictures to; made if missing.
    labelled
        Parquet files of the user's own runs in long form (run_id, channel, step, value); the labels of
        ``runs.parquet`` are read from ``runs.csv`` beside it (run_id, present and optionally grey, joined by ``;``).
    cache
        Folder that keeps drawn curves, so that an interrupted training goes on where it was; None keeps nothing.

    Raises
    ------
    ModelError
        If a pattern has no example among so few curves.
    ReadError
        If labelled runs cannot be read.
    """
    out = Path(out)
    own = [run for file in labelled for run in load_labelled(file, Path(file).with_suffix(".csv"))]
    drawn = generate(curves, seed, workers, Path(cache) if cache is not None else None)
    made = learned(drawn, own, _lab(), seed=seed, workers=workers)
    left = drawn.where(np.arange(len(drawn)) % FOLDS == MEASURED)
    made.passport["measured"] = card.measure(Model(made), left, seed)
    save(out, made)
    card.write(out, made)
    return made


def learned(
    drawn: Rows,
    own: Sequence[LabelledRun] = (),
    real: Sequence[LabelledRun] = (),
    *,
    seed: int = 0,
    workers: int = 1,
) -> Artefact:
    """Fit the heads, calibrate them on rows that were held out, and adapt that to real runs.

    Parameters
    ----------
    drawn
        Drawn curves as rows, in the order in which they were drawn.
    own
        The user's own labelled runs, fitted and calibrated on.
    real
        Really trained runs, to adapt the calibration to; none leaves it as it is on drawn curves.
    """
    fold = np.arange(len(drawn)) % FOLDS
    fitted = _with_own(drawn.where(~np.isin(fold, (CALIBRATED, MEASURED))), own[0::2])
    trees = to_onnx(fit(fitted, seed, workers), len(columns()))
    passport = _passport(trees, curves=len(drawn), seed=seed, own=len(own))
    made = Artefact(trees=trees, passport=passport)

    held = _with_own(drawn.where(fold == CALIBRATED), own[1::2])
    passport["slope"], passport["intercept"] = calibrate(Model(made).raw(held.features), held.degrees)
    rows = of_labelled(real)
    if real:
        made = with_patterns(made, rows)
    losses = held.losses()
    probabilities = Model(made).judge(losses.features, ~np.isnan(losses.patterns)).probabilities
    truth = true_headline(losses.patterns, np.random.default_rng(seed))
    made.passport["conformal"] = nonconformity(probabilities, truth)
    return with_sets(made, real, rows, DRAWN_WEIGHT * len(real)) if real else made


def _lab() -> list[LabelledRun]:
    """Return the fault lab's runs that are there to calibrate on; the others are never looked at here."""
    with as_file(asset("data/lab")) as folder:
        return load_labelled(folder / "runs.parquet", folder / "labels.csv", half="calibration")


def _with_own(drawn: Rows, own: Sequence[LabelledRun]) -> Rows:
    """Join drawn rows with runs of the user's own, each repeated by its weight."""
    if not own:
        return drawn
    return join([drawn, *[of_labelled(own)] * OWN_WEIGHT])


def _passport(trees: bytes, *, curves: int, seed: int, own: int) -> dict[str, Any]:
    classes = [pattern.name for pattern in assessable()]
    libraries = ("curvedx", "numpy", "scikit-learn", "tsfresh", "onnx")
    return {
        "format": FORMAT,
        "name": "curvedx",
        "sha256": hashlib.sha256(trees).hexdigest(),
        "made": {
            "curves": curves,
            "seed": seed,
            "own_runs": own,
            "python": ".".join(map(str, sys.version_info[:3])),
            **{library: version(library) for library in libraries},
        },
        "slope": [1.0] * len(heads()),
        "intercept": [0.0] * len(heads()),
        "conformal": [],
        "classes": classes,
        "features": [column.name for column in columns()],
    }
