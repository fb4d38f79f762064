"""`classify_curve` and `classify_curves`: the one path from curves to diagnoses."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Unpack

import numpy as np

from curvedx.catalogue import HEALTHY, UNASSESSED, assessable, patterns, unassessed
from curvedx.curve import TRAIN_LOSS, VAL_LOSS, Curve
from curvedx.diagnosis.advice import best_step, finding
from curvedx.diagnosis.facts.known import Facts
from curvedx.diagnosis.intake import as_curve
from curvedx.diagnosis.measures import Tracks
from curvedx.diagnosis.result import Diagnosis
from curvedx.features.engine import features
from curvedx.measures import LARGEST
from curvedx.models.headline import PRESENT, no_loss
from curvedx.models.runtime import Model, Verdict
from curvedx.models.runtime import model as load_model
from curvedx.objectives import NOTHING, Expectations, Known

FEWEST = 8
"""Logged train points below which a curve says nothing."""

FEW = 20
"""Logged train points below which a diagnosis carries a caveat."""

BATCH = 256
"""Curves judged at once: enough to keep the arrays busy, few enough to stream."""


def classify_curve(
    curve: object,
    *,
    model: str | os.PathLike[str] | None = None,
    name: str = "",
    **known: Unpack[Known],
) -> Diagnosis:
    """Say what is wrong with one run.

    Parameters
    ----------
    curve
        A sequence of train losses; a mapping of channels to values or to pairs ``(steps, values)``; a wide frame
        (pandas, polars, pyarrow) with a step column; or a `Curve`. Channels are ``train_loss``, ``val_loss``, ``lr``,
        ``grad_norm``, ``task_loss/<name>`` and ``class_accuracy/<name>``; others are ignored. NaN and infinity are
        what the run logged; None was never logged.
    model
        Folder of a model written by ``curvedx train``; None is the released one.
    name
        What to call the run.
    **known
        What you know of the run and no curve says, each where you know it: ``objective="GRPO"``, ``classes=10``,
        ``vocabulary=50257``, ``prior=[0.9, 0.1]`` (class shares), ``clip=1.0`` (limit of the gradient norm); see
        `curvedx.objectives.Expectations`. It changes no label and no probability, only the order of the causes, the
        facts, and what is said to be normal.

    Returns
    -------
    Diagnosis
        With label ``"unassessed"`` and the reason where fewer than 8 train points were logged.

    Raises
    ------
    CurvedxError
        If the input is no curve, what is known of it cannot be meant, or the model cannot be loaded.
    """
    return _judge([as_curve(curve, name)], load_model(model), _expectations(known))[0]


def classify_curves(
    curves: Iterable[object], *, model: str | os.PathLike[str] | None = None, **known: Unpack[Known]
) -> list[Diagnosis]:
    """Say what is wrong with many runs; equal to `classify_curve` of each, only faster. What is known holds for all."""
    return list(classify_stream(curves, model=model, **known))


def classify_stream(
    curves: Iterable[object], *, model: str | os.PathLike[str] | None = None, **known: Unpack[Known]
) -> Iterator[Diagnosis]:
    """Yield the diagnosis of each run in order, holding one batch of curves at a time."""
    judge = load_model(model)
    expected = _expectations(known)
    runs = iter(curves)
    while batch := [as_curve(curve) for curve in islice(runs, BATCH)]:
        yield from _judge(batch, judge, expected)


def _expectations(known: Known) -> Expectations:
    return Expectations(**known) if known else NOTHING


def _judge(curves: list[Curve], model: Model, expected: Expectations = NOTHING) -> list[Diagnosis]:
    long_enough = [curve for curve in curves if len(curve) >= FEWEST]
    found: Iterator[Diagnosis] = iter(())
    if long_enough:
        cannot = [unassessed(curve) for curve in long_enough]
        assessed = np.array([[name not in reasons for name in model.classes] for reasons in cannot])
        verdicts = model.judge(features(long_enough), assessed)
        found = (
            _diagnosis(curve, model, reasons, verdicts.of(row), expected)
            for row, (curve, reasons) in enumerate(zip(long_enough, cannot, strict=True))
        )
    return [next(found) if len(curve) >= FEWEST else _too_short(curve, model, expected) for curve in curves]


def _diagnosis(
    curve: Curve, model: Model, reasons: dict[str, str], verdict: Verdict, expected: Expectations
) -> Diagnosis:
    said = {
        name: None if name in reasons else float(p)
        for name, p in zip(model.classes, verdict.probabilities, strict=True)
    }
    present = [name for name, p in said.items() if p is not None and p >= PRESENT]
    possible = {
        name: float(p)
        for name, p in zip(model.labels, verdict.headline, strict=True)
        if name == HEALTHY or said[name] is not None
    }
    run = Facts(Tracks(curve), expected)
    return Diagnosis(
        name=curve.name,
        label=model.labels[verdict.chosen],
        confidence=verdict.confidence,
        probabilities=said,
        unassessed=reasons,
        findings=tuple(finding(run, patterns()[name], said[name] or 0.0) for name in present),
        best_step=best_step(curve),
        caveats=(*curve.caveats, *_caveats(curve, verdict.strangeness)),
        headline=possible,
        conformal=model.conformal,
        strangeness=verdict.strangeness,
        points=len(curve),
        span=_span(curve),
        model=model.title,
        expected=expected,
        curve=curve,
    )


def _too_short(curve: Curve, model: Model, expected: Expectations) -> Diagnosis:
    reason = f"{len(curve)} train points logged; a diagnosis needs {FEWEST} or more"
    names = [pattern.name for pattern in assessable()]
    return Diagnosis(
        name=curve.name,
        label=UNASSESSED,
        confidence=None,
        probabilities=dict.fromkeys(names),
        unassessed=dict.fromkeys(names, reason),
        findings=(),
        best_step=best_step(curve),
        caveats=(*curve.caveats, reason),
        headline={},
        points=len(curve),
        span=_span(curve),
        model=model.title,
        expected=expected,
        curve=curve,
    )


def _span(curve: Curve) -> tuple[float, float] | None:
    steps = curve[TRAIN_LOSS].steps
    return (float(steps[0]), float(steps[-1])) if len(steps) else None


def _caveats(curve: Curve, strangeness: float) -> list[str]:
    found = []
    if len(curve) < FEW:
        found.append(f"only {len(curve)} train points")
    train = curve[TRAIN_LOSS].values
    beyond = np.abs(train) > LARGEST
    if beyond.any() and np.isfinite(train[beyond]).any():
        found.append(f"losses beyond {LARGEST:g} were judged as {LARGEST:g}")
    val = curve.get(VAL_LOSS)
    if val is not None and not np.isfinite(val.values).all():
        count = int((~np.isfinite(val.values)).sum())
        found.append(f"{count} of {len(val)} validation losses are NaN or infinite")
    if no_loss(strangeness):
        found.append(
            "unlike the losses it was trained on: is this a loss? An accuracy, a reward, a wave or what a policy "
            "gradient descends has no pattern"
        )
    return found
