"""Patterns that the validation loss shows beside the train loss. The evaluations exist when these are drawn."""

from __future__ import annotations

import numpy as np

from curvedx.curve import FloatArray
from curvedx.synth.recipes.base import Draws, recipe
from curvedx.synth.run import Run


def _evaluations(run: Run) -> tuple[FloatArray, FloatArray]:
    if run.val_t is None or run.val is None:
        raise RuntimeError("a validation recipe was drawn for a run without validation loss")
    return run.val_t, run.val


def _unit(run: Run, val: FloatArray) -> float:
    """Size of the validation loss that a relative rise refers to."""
    fall = float(val[0] - val.min())
    return max(float(np.abs(val).min()), 0.0 if run.positive else fall, 1e-12)


@recipe("validation", "validation")
def overfitting(run: Run, p: Draws) -> None:
    """Validation loss turns and rises while train loss goes on falling."""
    t, val = _evaluations(run)
    turn = 0.0 if run.chance(0.12) else p.uni("turn")
    floor = float(np.interp(turn, t, val))
    behind = np.maximum(t - turn, 0.0) / (1.0 - turn)
    rise = p.log("rise") * _unit(run, val) * behind ** run.pick(0.6, 1.8)
    if run.chance(0.25):
        # It rises, then stays: what was memorised cannot get worse.
        rise = rise * np.minimum(1.0, run.pick(0.2, 0.8) / np.maximum(behind, 1e-9))
    kept = np.where(t > turn, floor + (val - floor) * run.pick(0.0, 0.3), val)
    run.val = kept + rise
    run.mark("overfitting", turn)


@recipe("validation", "ratio")
def val_below_train(run: Run, p: Draws) -> None:
    """Dropout, augmentation, running means, or another normalisation: validation lies below train."""
    t, _ = _evaluations(run)
    train = np.interp(t, run.t, run.loss(run.trend))
    ratio = p.uni("ratio")
    drift = np.clip(ratio + p.uni("drift") * (t - run.pick(0.0, 1.0)), 0.1, 1.3)
    crossing = run.pick(0.0, 0.3)
    before = np.clip(1.0 - t / crossing, 0.0, 1.0) if run.chance(0.3) and crossing > 0.02 else np.zeros_like(t)
    if run.positive:
        run.val = train * (drift + before * run.pick(0.1, 0.8))
    else:
        run.val = train - (1.0 - drift) * np.abs(train)
    run.mark("val_below_train", 0.0)


@recipe("validation", "validation")
def grokking(run: Run, p: Draws) -> None:
    """Train loss reaches its floor early; validation stays high for long, even rises, then falls."""
    t, _ = _evaluations(run)
    late, width = p.log("late"), p.log("width")
    early = late / p.log("delay")
    top = float(run.loss(run.trend)[0])
    floor = run.scale(1e-6, 0.03)
    gone = 1.0 / (1.0 + (run.t / early) ** run.pick(2.0, 8.0))
    losses = abs(top) * (floor + (1.0 - floor) * gone)
    run.log, run.positive = True, True
    run.trend = np.log(losses)
    run.spread = np.full(run.count, run.scale(0.002, 0.25))
    run.bumps = np.zeros(run.count)
    hump = 1.0 + (p.log("hump") - 1.0) * np.clip(t / max(early * run.pick(1.0, 6.0), 1e-6), 0.0, 1.0)
    fallen = 1.0 / (1.0 + np.exp(np.clip(-(t - late) / (0.25 * width), -50.0, 50.0)))
    left = p.log("left")
    run.val = abs(top) * hump * np.exp(np.log(left) * fallen)
    run.val_spread = run.scale(0.005, 0.15)
    run.mark("grokking", late)


@recipe("validation", "validation")
def double_descent(run: Run, p: Draws) -> None:
    """Validation loss falls, rises, and falls again while train loss goes on falling, often to nothing."""
    if run.positive and not run.log and run.chance(0.4):
        pace, left = run.scale(0.03, 0.3), run.scale(0.002, 0.2)
        run.trend = run.trend[0] * (left + (1.0 - left) * np.exp(-run.t / pace))
        run.spread = run.scale(0.003, 0.05) * run.trend
    t, val = _evaluations(run)
    first = p.log("first")
    peak = first + p.uni("climb") * (1.0 - first)
    floor = float(np.interp(first, t, val))
    rise = p.log("rise") * _unit(run, val)
    up = np.clip((t - first) / (peak - first), 0.0, 1.0)
    down = np.clip((t - peak) / ((1.0 - peak) * run.pick(0.3, 1.0)), 0.0, 1.0)
    smooth_up, smooth_down = up * up * (3 - 2 * up), down * down * (3 - 2 * down)
    kept = np.where(t > first, floor, val) if run.chance(0.6) else val
    won_back = p.uni("won_back")
    if run.chance(0.4):
        # One round hump instead of a climb and a fall with level stretches between.
        run.val = kept + rise * np.exp(-0.5 * ((t - peak) / (run.pick(0.3, 0.6) * (peak - first))) ** 2)
        run.val -= rise * max(won_back - 1.0, 0.0) * down
    else:
        run.val = kept + rise * (smooth_up - won_back * smooth_down)
    if run.positive:
        run.val = np.maximum(run.val, 0.05 * floor)
    run.mark("double_descent", first)
