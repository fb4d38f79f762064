"""Where each label of a run begins, in the steps that its log shows."""

from __future__ import annotations

import numpy as np

from curvedx.curve import TRAIN_LOSS, VAL_LOSS, Curve, FloatArray
from curvedx.lab.campaign import Dense
from curvedx.lab.logged import Logger, rows
from curvedx.synth.truth import Truth

INJECTED = ("plateau", "level_jump", "catastrophic_forgetting", "collapse_to_zero")
"""Labels that begin where the fault was put in."""

MOST = 12
"""Onsets of one label that are given."""


def onsets(label: str, curve: Curve, known: Truth, dense: Dense, logger: Logger) -> tuple[float, ...]:
    """Return the steps at which a label begins; none where it holds from the start or has no beginning.

    It is the first step that went wrong; for overfitting the lowest validation loss, for grokking the evaluation at
    which it has lost half of its height, for schedule waves the restarts.

    Parameters
    ----------
    curve, known
        What was logged, and what `labels.view` knows of it.
    """
    steps, losses = curve[TRAIN_LOSS]
    first, span = float(steps[0]), float(np.ptp(steps))
    found: list[float] = []
    if label in INJECTED and dense.injected_at:
        found = [_logged(dense, logger, dense.injected_at)]
    elif label == "numerical_failure":
        broken = ~np.isfinite(losses)
        if not broken.any() and dense.injected_at:
            # It hides behind a zero.
            broken = (losses == 0.0) & (steps >= _logged(dense, logger, dense.injected_at))
        found = steps[broken][:1].tolist()
    elif label == "loss_spikes":
        found = [first + span * known.t[at] for at in _spikes(known)]
    elif label in ("step_drops", "epoch_staircase"):
        drops = known.drops() if label == "step_drops" else known.drops(0.015, begun=False)
        found = [first + span * known.t[at] for at, degree in drops if degree > 0.5]
    elif label == "schedule_waves":
        found = [first + span * at for at in known.restarts]
    elif label == "divergence" and len(known.trend):
        found = [first + span * known.t[int(np.argmin(known.trend))]]
    elif label == "exploding_gradients" and known.grad is not None:
        found = [first + span * known.t[_rise(known.grad, known.t)]]
    elif label in ("overfitting", "grokking") and known.val is not None:
        at = curve[VAL_LOSS].steps[np.isfinite(curve[VAL_LOSS].values)]
        low = int(np.argmin(known.val)) if label == "overfitting" else _halved(known.val)
        found = [float(at[low])]
    return tuple(float(min(max(step, first), first + span)) for step in found[:MOST])


def _logged(dense: Dense, logger: Logger, step: float) -> float:
    """Return a step as the log counts it: the row that first shows it, or the step itself."""
    if not logger.epochs:
        return step
    steps = dense.channels[TRAIN_LOSS][0]
    ends = steps[rows(len(steps), logger)]
    return 1.0 + float(np.searchsorted(ends, step))


def _spikes(known: Truth) -> list[int]:
    """Return the first point of each jump above the trend, as the definition of a spike has it."""
    height = known.y_axis - known.trend
    tall = height > max(6.0 * known.noise, 0.1 * known.drop_)
    tall[: known.after_first_bump] = False
    return np.flatnonzero(np.diff(np.concatenate([[False], tall]).astype(int)) == 1).tolist()


def _rise(grad: FloatArray, t: FloatArray) -> int:
    """Return where the log gradient norm is last seen near its lowest after the first tenth."""
    begin = max(1, int(np.searchsorted(t, 0.1)))
    late = grad[begin:]
    return begin + int(np.flatnonzero(late <= np.nanmin(late) + 0.1)[-1])


def _halved(val: FloatArray) -> int:
    """Return the first evaluation after the highest at which half of the height is lost."""
    top = int(np.argmax(val))
    return top + int(np.argmax(val[top:] <= 0.5 * (val[top] + val[top:].min())))
