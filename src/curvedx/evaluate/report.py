"""Measure predictions against labelled runs: plain data, which `curvedx.show` renders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from curvedx.catalogue import UNASSESSED, assessable, patterns
from curvedx.curve import FloatArray
from curvedx.diagnosis.result import Diagnosis
from curvedx.evaluate import baselines, calibration, headlines, metrics, onsets
from curvedx.evaluate.metrics import BoolArray
from curvedx.evaluate.misjudged import misjudged
from curvedx.evaluate.predictions import Prediction, from_diagnosis
from curvedx.evaluate.scored import DRAWS, Scored, estimate, number
from curvedx.readers.labelled import LabelledRun

SCHEMA_VERSION = 2
SEEN = 5  # labels rarer than this say more of luck than of the model


def compare(runs: Sequence[LabelledRun], diagnoses: Sequence[Diagnosis], *, seed: int = 0) -> dict[str, Any]:
    """Score the model and every baseline on the same runs.

    Returns
    -------
    dict
        JSON-able; ``systems`` maps a name, ``"model"`` first, to what `summarise` returns; ``ahead`` tells by how much
        the model is ahead of each baseline, draw by draw, so that what is hard for both does not count; ``misjudged``
        lists the runs that the model misjudged. None is what cannot be said.

    Raises
    ------
    ValueError
        If runs and diagnoses differ in number.
    """
    systems = {"model": [from_diagnosis(dx) for dx in diagnoses], **baselines.predictions(runs)}
    model = _losses(runs, systems["model"], seed)
    return {
        "schema_version": SCHEMA_VERSION,
        "model": next((dx.model for dx in diagnoses), None),
        "runs": len(runs),
        "clusters": len({run.cluster for run in runs}),
        "not_a_loss": sum(run.not_a_loss for run in runs),
        "interval": f"90 %, {DRAWS} bootstrap draws of whole clusters, seed {seed}",
        "systems": {name: summarise(runs, said, seed=seed) for name, said in systems.items()},
        "ahead": {name: _ahead(model, _losses(runs, said, seed)) for name, said in systems.items() if name != "model"},
        "misjudged": misjudged(model),
    }


def summarise(runs: Sequence[LabelledRun], said: Sequence[Prediction], *, seed: int = 0) -> dict[str, Any]:
    """Measure one system.

    Grey and unassessed labels are left out, run by run, and so are all labels of signals that are no loss. Each
    estimate is ``{"value", "low", "high"}`` with the clustered bootstrap interval.

    Raises
    ------
    ValueError
        If runs and predictions differ in number.
    """
    scored = _losses(runs, said, seed)
    weights, columns = scored.weights, range(len(scored.labels))
    counted = ~scored.grey & ~scored.silent
    tp, fp, fn = metrics.counts(scored.named, scored.present, counted, weights)
    support = (scored.present & counted).sum(0)
    return {
        "macro_f1": estimate(_macro_f1(scored)) | {"labels": int((support >= SEEN).sum())},
        "macro_f1_all": estimate(metrics.macro_f1(tp, fp, fn, support > 0)) | {"labels": int((support > 0).sum())},
        "micro_f1": estimate(metrics.micro_f1(tp, fp, fn)),
        "headline": headlines.measure(scored),
        "false_alarms": estimate(_flagged(scored)) | {"scored": int(_fine(scored).sum())},
        "unassessed": _unassessed(scored),
        "onsets": onsets.measure(scored),
        "calibration": calibration.of_labels(scored, columns),
        "not_a_loss": _not_a_loss(runs, said, seed),
        "labels": {
            name: {
                "support": int(support[k]),
                "scored": int(counted[:, k].sum()),
                "predicted": int(tp[0, k] + fp[0, k]),
                "precision": number(metrics.precision(tp[0], fp[0])[k]),
                "recall": number(metrics.recall(tp[0], fn[0])[k]),
                "f1": estimate(metrics.f1(tp, fp, fn)[:, k]),
                **calibration.of_labels(scored, [k]),
            }
            for k, name in enumerate(scored.labels)
        },
    }


def _losses(runs: Sequence[LabelledRun], said: Sequence[Prediction], seed: int) -> Scored:
    """Put the runs that are losses beside what is said of them."""
    if len(runs) != len(said):
        raise ValueError(f"{len(said)} predictions for {len(runs)} runs; give one for each run, in the same order")
    kept = [(run, p) for run, p in zip(runs, said, strict=True) if not run.not_a_loss]
    return Scored.of([run for run, _ in kept], [p for _, p in kept], seed)


def _ahead(model: Scored, other: Scored) -> dict[str, Any]:
    """Return differences between two systems on the same draws."""
    return {
        "macro_f1": estimate(_macro_f1(model) - _macro_f1(other)),
        "headline": estimate(headlines.accuracy(model) - headlines.accuracy(other)),
        "false_alarms": estimate(_flagged(model) - _flagged(other)),
    }


def _macro_f1(scored: Scored) -> FloatArray:
    counted = ~scored.grey & ~scored.silent
    support = (scored.present & counted).sum(0)
    return metrics.macro_f1(*metrics.counts(scored.named, scored.present, counted, scored.weights), support >= SEEN)


def _flagged(scored: Scored) -> FloatArray:
    """Share of runs without a problem, and labelled at all, in which one that is not grey was named."""
    problem = np.array([p.kind == "problem" for p in assessable()])
    return metrics.share((scored.named & ~scored.grey & problem).any(1), _fine(scored), scored.weights)


def _fine(scored: Scored) -> BoolArray:
    problem = np.array([p.kind == "problem" for p in assessable()])
    labelled: BoolArray = np.array([bool(run.present) for run in scored.runs], dtype=bool)
    return np.asarray(labelled & ~(scored.present & problem).any(1))


def _unassessed(scored: Scored) -> dict[str, Any]:
    every = np.ones(len(scored.runs), dtype=bool)
    unsaid = np.array([p.headline == UNASSESSED for p in scored.said], dtype=bool)
    return {
        "labels": estimate(metrics.mean(scored.silent.mean(1), every, scored.weights)),
        "runs": estimate(metrics.share(unsaid, every, scored.weights)),
        "present_but_unassessed": int((scored.present & scored.silent & ~scored.grey).sum()),
    }


def _not_a_loss(runs: Sequence[LabelledRun], said: Sequence[Prediction], seed: int) -> dict[str, Any]:
    """Tell whether signals that are no loss are doubted, and losses are not."""
    judged = Scored.of(runs, said, seed)
    strange = np.array([run.not_a_loss for run in runs], dtype=bool)
    known = np.array([p.strangeness is not None for p in said], dtype=bool)
    score = np.array([p.strangeness for p in said], dtype=float)[known]
    others = [p for run, p in zip(runs, said, strict=True) if run.not_a_loss]
    return {
        "runs": len(others),
        "warned": sum(p.warned for p in others),
        "flagged": sum(any(patterns()[name].kind == "problem" for name in p.labels) for p in others),
        "losses": len(runs) - len(others),
        "losses_warned": sum(p.warned for run, p in zip(runs, said, strict=True) if not run.not_a_loss),
        "auroc": estimate(metrics.auroc(score, strange[known], judged.weights[:, known])),
    }
