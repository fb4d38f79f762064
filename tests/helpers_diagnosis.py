"""Diagnoses written by hand, so that what renders them can be tested without a model."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Unpack

import numpy as np
import pytest

from curvedx.catalogue import Cause, LookAlike
from curvedx.curve import Curve
from curvedx.diagnosis.evidence import Sighting
from curvedx.diagnosis.measures import Tracks
from curvedx.diagnosis.onsets import sight
from curvedx.diagnosis.result import Diagnosis, Evidence, Finding
from curvedx.objectives import Expectations, Known

NO_VALIDATION = "needs val_loss"
TOO_SHORT = "needs 8 train points, found 3"


def curve(channels: Any, name: str = "run") -> Curve:
    """Take raw channels, as users give them."""
    return Curve(channels, name=name)


def sighted(curve: Curve, pattern: str) -> Sighting:
    return sight(Tracks(curve), pattern)


def healthy_curve(points: int = 400, name: str = "run-1", seed: int = 0) -> Curve:
    rng = np.random.default_rng(seed)
    steps = np.arange(points) * 10.0
    values = 2.5 * (1 + steps / 100) ** -0.4 + rng.normal(0, 0.02, points)
    return curve({"train_loss": (steps, values)}, name)


def overfitting_curve(points: int = 1200, name: str = "run-17", seed: int = 0) -> Curve:
    rng = np.random.default_rng(seed)
    steps = np.arange(points) * 10.0
    train = 2.3 * np.exp(-steps / 2500) + 0.1 + rng.normal(0, 0.02, points)
    train[[500, 501, 800]] += [0.9, 0.4, 1.2]
    seen = np.arange(0, points * 10, 400.0)
    val = 2.3 * np.exp(-seen / 2000) + 0.5 + np.maximum(seen - 4000, 0) / 12000 + rng.normal(0, 0.01, len(seen))
    warm = np.minimum(steps / 1000, 1.0)
    norm = 1.0 + rng.gamma(2.0, 0.2, points)
    channels = {"train_loss": (steps, train), "val_loss": (seen, val), "lr": 3e-4 * warm, "grad_norm": norm}
    return curve(channels, name)


def finding(**changes: Any) -> Finding:
    """Describe overfitting since step 4000, unless told otherwise."""
    fields: dict[str, Any] = {
        "pattern": "overfitting",
        "title": "Overfitting",
        "kind": "problem",
        "severity": "warning",
        "probability": 0.973,
        "onset": 4000.0,
        "end": None,
        "channel": "val_loss",
        "evidence": (Evidence(name="rise above the minimum", value=53.2, unit="%"),),
        "sentence": "The smoothed validation loss ends 53 % above its minimum while the train loss keeps falling.",
        "causes": (
            Cause(
                cause="The model has more capacity than the data can constrain, or sees the same data too often.",
                check="Train on half the data: the gap opens earlier.",
            ),
            Cause(cause="The splits differ.", check="Swap them."),
        ),
        "fixes": ("Stop at the best step.", "Add weight decay or dropout.", "Add data or augmentation.", "A fourth."),
        "look_alikes": (LookAlike(name="double_descent", tell="The loss falls again."),),
    }
    return Finding(**(fields | changes))


SPIKES = finding(
    pattern="loss_spikes",
    title="Loss spikes",
    probability=0.88,
    onset=5000.0,
    end=8010.0,
    channel="train_loss",
    sentence="The train loss jumps 2 times by up to 60 x noise and comes back.",
    causes=(Cause(cause="A bad batch.", check="Look at the batch at step 5000."),),
    fixes=("Clip the gradient norm at 1.0.",),
    look_alikes=(),
)

STEP = finding(
    pattern="step_drops",
    title="Learning-rate step",
    kind="note",
    severity="info",
    probability=0.9,
    onset=2000.0,
    channel="train_loss",
    sentence="The loss falls by 30 % within 20 steps.",
)


def diagnosis(**changes: Any) -> Diagnosis:
    """Describe a healthy run of 400 points without validation loss, unless told otherwise."""
    run: Curve = changes.pop("curve", None) or healthy_curve()
    steps = run["train_loss"].steps
    fields: dict[str, Any] = {
        "name": run.name,
        "label": "healthy",
        "confidence": 0.96,
        "probabilities": {"overfitting": None, "plateau": 0.02, "loss_spikes": 0.01},
        "unassessed": {"overfitting": NO_VALIDATION},
        "findings": (),
        "best_step": None,
        "caveats": run.caveats,
        "headline": {"healthy": 0.96, "plateau": 0.03, "loss_spikes": 0.01},
        "conformal": tuple(np.linspace(0.0, 0.5, 99)),
        "points": len(run),
        "span": (float(steps[0]), float(steps[-1])) if len(steps) else None,
        "model": "test 0123abcd",
        "curve": run,
    }
    return Diagnosis(**(fields | changes))


def overfitting(**changes: Any) -> Diagnosis:
    """Describe overfitting and two spikes, with all four channels logged."""
    fields: dict[str, Any] = {
        "curve": overfitting_curve(),
        "label": "overfitting",
        "confidence": 0.93,
        "probabilities": {"overfitting": 0.973, "loss_spikes": 0.88, "dead_class": None},
        "unassessed": {"dead_class": "needs class_accuracy/"},
        "findings": (finding(), SPIKES),
        "best_step": 4000.0,
        "caveats": ("validation loss has only 30 points",),
        "headline": {"overfitting": 0.6, "loss_spikes": 0.39, "healthy": 0.01},
        "conformal": tuple(np.linspace(0.0, 0.8, 99)),
    }
    return diagnosis(**(fields | changes))


def unassessed(**changes: Any) -> Diagnosis:
    """Describe three points: too few to judge anything."""
    fields: dict[str, Any] = {
        "curve": healthy_curve(3, "short"),
        "label": "unassessed",
        "confidence": None,
        "probabilities": dict.fromkeys(("overfitting", "plateau", "loss_spikes")),
        "unassessed": dict.fromkeys(("overfitting", "plateau", "loss_spikes"), TOO_SHORT),
        "caveats": ("only 3 points",),
        "headline": {},
        "conformal": (),
    }
    return diagnosis(**(fields | changes))


def judge(run: Any, *, model: object = None, **known: Unpack[Known]) -> Diagnosis:
    """Stand in for `classify_curve`: not finite, a validation loss that ends high, too short, or healthy."""
    assert isinstance(run, Curve)
    expected = Expectations(**known)
    if len(run) < 8:
        return unassessed(curve=run)
    bad = np.flatnonzero(~np.isfinite(run["train_loss"].values))
    if len(bad):
        failure = finding(
            pattern="numerical_failure",
            title="Numerical failure",
            severity="error",
            onset=float(run["train_loss"].steps[bad[0]]),
            channel="train_loss",
        )
        return diagnosis(curve=run, label="numerical_failure", findings=(failure,))
    validation = run.get("val_loss")
    if validation is not None and validation.values[-1] > 1.2 * validation.values.min():
        return diagnosis(curve=run, label="overfitting", confidence=0.9, findings=(finding(),), best_step=4000.0)
    return diagnosis(curve=run, expected=expected)


def judge_all(runs: Any, *, model: object = None, **known: Unpack[Known]) -> list[Diagnosis]:
    """Stand in for `classify_curves`."""
    return [judge(run, **known) for run in runs]


def without_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `curvedx.diagnosis.classify` be the stand-ins above, for tests of what lies around it."""
    module = ModuleType("curvedx.diagnosis.classify")
    module.classify_curve = judge  # type: ignore[attr-defined]
    module.classify_curves = judge_all  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
