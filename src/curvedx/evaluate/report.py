"""Measure predictions against labelled runs: data first, Markdown from the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from curvedx.catalogue import UNASSESSED, assessable, patterns
from curvedx.curve import TRAIN_LOSS, FloatArray
from curvedx.diagnosis.result import Diagnosis
from curvedx.evaluate import baselines, metrics
from curvedx.evaluate.metrics import BoolArray
from curvedx.evaluate.predictions import Prediction, from_diagnosis, headline
from curvedx.readers.labelled import LabelledRun

SCHEMA_VERSION = 1
DRAWS = 1000
SEEN = 5  # labels rarer than this say more of luck than of the model


def compare(runs: Sequence[LabelledRun], diagnoses: Sequence[Diagnosis], *, seed: int = 0) -> dict[str, Any]:
    """Score the model and every baseline on the same runs.

    Returns
    -------
    dict
        JSON-able; ``systems`` maps a name, ``"model"`` first, to what `summarise` returns. None is what cannot be said.

    Raises
    ------
    ValueError
        If runs and diagnoses differ in number.
    """
    systems = {"model": [from_diagnosis(dx) for dx in diagnoses], **baselines.predictions(runs)}
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": len(runs),
        "clusters": len({run.cluster for run in runs}),
        "not_a_loss": sum(run.not_a_loss for run in runs),
        "interval": f"90 %, {DRAWS} bootstrap draws of whole clusters, seed {seed}",
        "systems": {name: summarise(runs, said, seed=seed) for name, said in systems.items()},
    }


def summarise(runs: Sequence[LabelledRun], said: Sequence[Prediction], *, seed: int = 0) -> dict[str, Any]:
    """Measure one system.

    Grey and unassessed labels are left out, run by run, and so are all labels of signals that are no loss. Each
    estimate is ``{"value", "low", "high"}`` with the clustered bootstrap interval.
    """
    if len(runs) != len(said):
        raise ValueError(f"{len(said)} predictions for {len(runs)} runs; give one for each run, in the same order")
    pairs = [(run, p) for run, p in zip(runs, said, strict=True) if not run.not_a_loss]
    others = [p for run, p in zip(runs, said, strict=True) if run.not_a_loss]
    weights = np.vstack([np.ones(len(pairs)), metrics.resamples([r.cluster for r, _ in pairs], DRAWS, seed)])
    labels = [p.name for p in assessable()]
    present = _table([r.present for r, _ in pairs], labels)
    named = _table([p.labels for _, p in pairs], labels)
    grey = _table([r.grey for r, _ in pairs], labels)
    silent = _table([p.unassessed for _, p in pairs], labels)
    scored = ~grey & ~silent
    tp, fp, fn = metrics.counts(named, present, scored, weights)
    support = (present & scored).sum(0)
    return {
        "macro_f1": _estimate(metrics.macro_f1(tp, fp, fn, support >= SEEN)) | {"labels": int((support >= SEEN).sum())},
        "macro_f1_all": _estimate(metrics.macro_f1(tp, fp, fn, support > 0)) | {"labels": int((support > 0).sum())},
        "micro_f1": _estimate(metrics.micro_f1(tp, fp, fn)),
        "headline": _headline(pairs, weights),
        "false_alarms": _false_alarms(pairs, named & ~grey, present, weights),
        "unassessed": {
            "labels": _number(np.mean(silent)) if silent.size else None,
            "runs": _number(np.mean([p.headline == UNASSESSED for _, p in pairs])) if pairs else None,
            "present_but_unassessed": int((present & silent & ~grey).sum()),
        },
        "onsets": _onsets(pairs),
        "calibration": _pooled(pairs, present, ~grey, labels),
        "not_a_loss": {
            "runs": len(others),
            "warned": sum(p.warned for p in others),
            "flagged": sum(any(patterns()[name].kind == "problem" for name in p.labels) for p in others),
        },
        "labels": {
            name: {
                "support": int(support[k]),
                "scored": int(scored[:, k].sum()),
                "predicted": int(tp[0, k] + fp[0, k]),
                "precision": _number(metrics.precision(tp[0], fp[0])[k]),
                "recall": _number(metrics.recall(tp[0], fn[0])[k]),
                "f1": _estimate(metrics.f1(tp, fp, fn)[:, k]),
                **_calibration(*_probabilities(pairs, present, ~grey, labels, [k])),
            }
            for k, name in enumerate(labels)
        },
    }


_Pairs = Sequence[tuple[LabelledRun, Prediction]]


def _table(sets: Sequence[frozenset[str]], labels: Sequence[str]) -> BoolArray:
    return np.array([[name in names for name in labels] for names in sets], dtype=bool).reshape(len(sets), len(labels))


def _headline(pairs: _Pairs, weights: FloatArray) -> dict[str, Any]:
    """Score headlines where the true one is sure and the predicted one is not grey."""
    truth = [headline(run.present) if run.present - run.grey else None for run, _ in pairs]
    scored = np.array(
        [
            t is not None and t not in run.grey and p.headline not in run.grey and p.headline != UNASSESSED
            for (run, p), t in zip(pairs, truth, strict=True)
        ],
        dtype=bool,
    )
    right = np.array([p.headline == t for (_, p), t in zip(pairs, truth, strict=True)], dtype=bool)
    sure = [(p.confidence, r) for (_, p), r, s in zip(pairs, right, scored, strict=True) if s]
    sets = [
        (t in p.possible, len(p.possible))
        for (run, p), t in zip(pairs, truth, strict=True)
        if t is not None and t not in run.grey and p.possible is not None
    ]
    known = [(c, r) for c, r in sure if c is not None]
    return {
        "accuracy": _estimate(metrics.share(right, scored, weights)),
        "scored": int(scored.sum()),
        **_calibration(np.array([c for c, _ in known], dtype=float), np.array([r for _, r in known], dtype=bool)),
        "conformal": {
            "scored": len(sets),
            "coverage": _number(np.mean([inside for inside, _ in sets])) if sets else None,
            "mean_size": _number(np.mean([size for _, size in sets])) if sets else None,
        },
    }


def _false_alarms(pairs: _Pairs, named: BoolArray, present: BoolArray, weights: FloatArray) -> dict[str, Any]:
    """Share of runs without a problem, and labelled at all, in which one that is not grey was named."""
    problem = np.array([p.kind == "problem" for p in assessable()])
    fine = np.array([bool(run.present) for run, _ in pairs], dtype=bool) & ~(present & problem).any(1)
    return _estimate(metrics.share((named & problem).any(1), fine, weights)) | {"scored": int(fine.sum())}


def _onsets(pairs: _Pairs) -> dict[str, Any]:
    """Distance to the nearest step the annotators gave, as a share of the run, over labels rightly found."""
    errors: dict[str, list[float]] = {}
    for run, p in pairs:
        steps = run.curve[TRAIN_LOSS].steps
        span = float(steps[-1] - steps[0]) if len(steps) > 1 else 0.0
        for name, given in run.onsets.items():
            if span > 0 and name in p.onsets and name in run.present:
                errors.setdefault(name, []).append(min(abs(p.onsets[name] - step) for step in given) / span)
    every = [e for found in errors.values() for e in found]
    return {
        "scored": len(every),
        "median_error": _number(np.median(every)) if every else None,
        "labels": {name: {"scored": len(e), "median_error": _number(np.median(e))} for name, e in errors.items()},
    }


def _probabilities(
    pairs: _Pairs, present: BoolArray, scored: BoolArray, labels: Sequence[str], chosen: Sequence[int]
) -> tuple[FloatArray, BoolArray]:
    cells = [
        (p.probabilities[labels[k]], present[row, k])
        for k in chosen
        for row, (_, p) in enumerate(pairs)
        if scored[row, k] and labels[k] in p.probabilities
    ]
    return np.array([p for p, _ in cells], dtype=float), np.array([y for _, y in cells], dtype=bool)


def _pooled(pairs: _Pairs, present: BoolArray, scored: BoolArray, labels: Sequence[str]) -> dict[str, Any]:
    return _calibration(*_probabilities(pairs, present, scored, labels, range(len(labels))))


def _calibration(probability: FloatArray, outcome: BoolArray) -> dict[str, float | None]:
    return {
        "calibration_error": _number(metrics.calibration_error(probability, outcome)),
        "brier": _number(metrics.brier(probability, outcome)),
    }


def _estimate(draws: FloatArray) -> dict[str, Any]:
    """Split the value, which stands first, from its bootstrap draws."""
    low, high = metrics.interval(draws[1:])
    return {"value": _number(draws[0]), "low": _number(low), "high": _number(high)}


def _number(value: float | np.floating[Any]) -> float | None:
    return float(value) if math.isfinite(value) else None
