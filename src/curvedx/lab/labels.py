"""Labels of the campaign's runs: the definitions, measured on the dense record as the log shows it.

Trend and noise are told apart on every step of the dense record, far better than on a short log. They are then looked
at through the run's logger, as the generator does with its noise-free curves, so that what the log cannot show any
more does not count. What was voted (`votes`) stands above what was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import cast

import numpy as np

from curvedx.catalogue import HEALTHY, patterns, unassessed
from curvedx.curve import GRAD_NORM, TRAIN_LOSS, VAL_LOSS, Channel, Curve, FloatArray
from curvedx.lab import logged
from curvedx.lab.campaign import Dense
from curvedx.lab.logged import Logger
from curvedx.synth.estimated import degrees, truth
from curvedx.synth.register import DEFINITIONS
from curvedx.synth.truth import Truth

PRESENT, ABSENT = 0.75, 0.25
"""Degrees above which a label is present and below which it is absent; between them it is grey."""


FEWEST_SEEN = 8
"""With fewer finite points, nothing but the numerical failure is said of a run."""

_NOISY = (
    "restarts", "cyclic", "steps_down", "no_warmup", "rate", "sgd_rate", "ramp", "climb", "momentum", "tiny_batch",
    "rare", "short", "unshuffled",
)  # fmt: skip
_CHANGED = ("stale_resume", "rewound", "redefined", "bad_batches", "bad_clipped", "outliers")
_SWITCHED = ("switched", "rehearsed")

EXPLAINED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # A noisy validation, or a bump of the train loss too, is no double descent.
        "double_descent": _NOISY + _CHANGED,
        # A jump that a switch of the task explains is forgetting or nothing.
        "loss_spikes": (*_SWITCHED, "masked"),
        "step_drops": _SWITCHED,
        "undertrained": _SWITCHED,
        # What is masked goes to zero at once, and the validation drifts on the optimizer's momentum.
        "overfitting": ("masked",),
        # Below a ten-thousandth of the start one loss is as good as another.
        "val_below_train": ("leaked", "masked"),
    }
)
"""Label to the conditions that explain what looks like it."""


@dataclass(frozen=True, kw_only=True)
class Label:
    """What is said of one run."""

    present: frozenset[str]
    """Labels that hold; ``healthy`` where no problem does and none is grey."""
    grey: frozenset[str]
    """Labels that could be argued either way."""


def view(dense: Dense, logger: Logger) -> tuple[Curve, Truth]:
    """Return the curve that is logged, and what the dense record tells of it at the resolution of the log."""
    curve = _curve(logged.written(dense.channels, logger))
    seen = truth(curve)
    if (np.diff(dense.channels[TRAIN_LOSS][0]) < 0).any():
        # After a rewind the rows of the lost branch are not rows of the log that is judged.
        return curve, seen
    whole = truth(_curve(dense.channels))
    if seen.failed and not whole.failed:
        seen = _lifted(curve)
    steps = dense.channels[TRAIN_LOSS][0]
    ends = steps[logged.rows(len(steps), logger)]
    rows = np.flatnonzero(np.isin(curve[TRAIN_LOSS].steps, _steps(curve, seen.t)))
    known = steps[0] + whole.t * np.ptp(steps)
    until = ends[rows]
    since = np.concatenate([[-np.inf], ends])[rows] if logger.averaged else until - 1e-9

    def through(values: FloatArray) -> FloatArray:
        first, last = np.searchsorted(known, since, side="right"), np.searchsorted(known, until, side="right")
        ranges = zip(first.tolist(), last.tolist(), strict=True)
        return np.array([values[min(begin, end - 1) : end].mean() if end else values[0] for begin, end in ranges])

    found = replace(seen, loss_clean=through(whole.loss_clean), loss_trend=through(whole.loss_trend), known={})
    if seen.val is not None and whole.val is not None and whole.val_t is not None:
        at, values = dense.channels[VAL_LOSS]
        shown = curve[VAL_LOSS]
        own = ends[shown.steps.astype(int) - 1] if logger.epochs else shown.steps
        own = own[np.isfinite(shown.values)]
        places = np.searchsorted(at[np.isfinite(values)], own, side="right") - 1
        found = replace(found, val=whole.val[places], known={})
    if seen.grad is not None and whole.grad is not None and GRAD_NORM in curve:
        found = replace(found, grad=whole.grad[np.searchsorted(known, until, side="right") - 1], known={})
    return curve, found


def _lifted(curve: Curve) -> Truth:
    """Return what a short log tells whose loss is negative by nature, and not by a leap as it seems."""
    steps, losses = curve[TRAIN_LOSS]
    lift = 1.0 - 2.0 * float(losses.min())
    seen = truth(Curve(dict(curve.channels) | {TRAIN_LOSS: Channel(steps, losses + lift)}))
    return replace(seen, y=seen.y - lift, positive=False, known={})


def _curve(channels: Mapping[str, tuple[FloatArray, FloatArray]]) -> Curve:
    # It takes pairs of steps and values, and keeps them as channels.
    return Curve(cast("Mapping[str, Channel]", channels))


def _steps(curve: Curve, places: FloatArray) -> FloatArray:
    """Return the logged steps that stand at the places."""
    steps = curve[TRAIN_LOSS].steps
    at = (steps - steps[0]) / max(float(np.ptp(steps)), 1e-300)
    return np.asarray(steps[np.isin(at, places)])


def measured(curve: Curve, known: Truth, condition: str) -> dict[str, float | None]:
    """Return the degree of every label; None for those that the log cannot show.

    Where the record says one thing and the log by itself another, the label is in doubt: no reader of the log could
    tell. What the setting of the run explains does not count.
    """
    cannot = unassessed(curve)
    alone = degrees(curve)
    finite = int(np.isfinite(curve[TRAIN_LOSS].values).sum())
    found: dict[str, float | None] = {}
    with np.errstate(all="ignore"):
        for name, measure in DEFINITIONS.items():
            degree, other = measure(known), alone[name]
            if name in cannot or degree is None or other is None:
                found[name] = None
            elif name == "numerical_failure":
                found[name] = degree
            elif condition in EXPLAINED.get(name, ()) or finite < FEWEST_SEEN:
                found[name] = 0.0
            else:
                found[name] = 0.5 if abs(degree - other) > 0.5 else degree
    return found


def decided(measured: Mapping[str, float | None]) -> Label:
    """Return what degrees say: sure labels are present, doubtful ones grey."""
    sure = {name for name, degree in measured.items() if degree is not None and degree > PRESENT}
    grey = {name for name, degree in measured.items() if degree is not None and ABSENT <= degree <= PRESENT}
    return labelled(sure, grey)


def labelled(present: Iterable[str], grey: Iterable[str]) -> Label:
    """Return a label; `healthy` is worked out: present without a problem, grey where only grey ones could be any."""
    problems = {name for name, pattern in patterns().items() if pattern.kind == "problem"}
    sure, doubtful = set(present) - {HEALTHY}, set(grey) - {HEALTHY}
    if not sure & problems:
        (doubtful if doubtful & problems else sure).add(HEALTHY)
    return Label(present=frozenset(sure), grey=frozenset(doubtful))
