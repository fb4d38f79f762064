"""The beginning of every run: objective, length, schedule and a healthy trend; and its evaluations."""

from __future__ import annotations

import numpy as np

from curvedx.curve import FloatArray
from curvedx.synth import schedules
from curvedx.synth.objectives import OBJECTIVES, Objective
from curvedx.synth.run import Run
from curvedx.synth.trends import fall, log_uniform

Rng = np.random.Generator

LONGEST = 20_000
"""Most train points of a drawn run."""


def begin(rng: Rng, chosen: tuple[str, ...]) -> Run:
    """Draw a healthy run, before any pattern is laid over it.

    Parameters
    ----------
    rng
        Source of every draw of this run.
    chosen
        The recipes to come: some need a channel or more than a handful of points.
    """
    weights = np.array([o.weight for o in OBJECTIVES])
    objective = OBJECTIVES[int(rng.choice(len(OBJECTIVES), p=weights / weights.sum()))]
    by_epoch = rng.random() < objective.epochs
    count = _length(rng, by_epoch=by_epoch)
    if {"sawtooth", "oscillation", "grokking", "epoch_staircase"} & set(chosen):
        count = max(count, int(rng.integers(20, 60)))
    crowded = not by_epoch and count >= 14 and rng.random() < (0.55 if "warmup_spike" in chosen else 0.1)
    t, total, first = _positions(rng, count, by_epoch=by_epoch, crowded=crowded)
    ends_at = log_uniform(rng, *objective.ends_at)
    shape = str(rng.choice(objective.shapes))
    share = fall(shape, t, ends_at, rng)
    level = _start(rng, objective)
    log = shape == "decades" or ends_at < 0.003
    law = str(rng.choice(objective.noise_law))
    noise = log_uniform(rng, *objective.noise)
    negative = rng.random() < objective.negative
    run = Run(
        rng=rng,
        objective=objective,
        t=t,
        log=log,
        positive=not negative,
        trend=np.log(level * share) if log else level * share,
        bumps=np.zeros(count),
        spread=_spread(law, noise, level, share, log=log),
        rate=_rate(rng, t),
        total=total,
        first=first,
        crowded=crowded,
    )
    if negative and not log:
        # It may cross zero anywhere on its way down, or start below it.
        crosses = 1.0 - rng.uniform(0.02, 0.98) * (1.0 - ends_at)
        run.trend = run.trend - level * (crosses if rng.random() < 0.6 else rng.uniform(1.2, 4.0))
    if rng.random() < objective.has_grad or "exploding_gradients" in chosen:
        run.grad = gradient_norm(run)
    return run


def _length(rng: Rng, *, by_epoch: bool) -> int:
    """Half of what people have are short curves: 8 to 30 points, or one point an epoch."""
    if by_epoch:
        return round(log_uniform(rng, 8, 40) if rng.random() < 0.55 else log_uniform(rng, 20, 320))
    style = rng.random()
    if style < 0.35:
        return round(log_uniform(rng, 8, 120))
    if style < 0.84:
        return round(log_uniform(rng, 60, 1500))
    return round(log_uniform(rng, 1000, LONGEST))


def _positions(rng: Rng, count: int, *, by_epoch: bool, crowded: bool) -> tuple[FloatArray, float, float]:
    """Return the positions of the points, the steps of the whole run and the first step number."""
    if crowded:
        few = int(rng.integers(5, min(13, count - 2)))
        total = float(round(log_uniform(rng, 500, 50_000)))
        late = np.linspace(total / (count - few), total, count - few)
        return np.concatenate([np.arange(few, dtype=np.float64), np.maximum(late, few + 1.0)]) / total, total, 0.0
    first = float(rng.choice([0.0, 1.0]))
    if by_epoch:
        # An epoch's mean stands for its middle, written at its end.
        lag = float(rng.uniform(0.3, 1.0))
        return np.asarray((np.arange(count) + lag) / (count - 1.0 + lag)), float(count), first
    each = float(rng.choice([1, 1, 1, 5, 10, 20, 50, 100, 250, 1000]))
    if rng.random() < 0.5:
        return np.arange(count) / (count - 1.0), each * (count - 1.0), first
    return (np.arange(count) + 1.0) / count, each * count, 0.0


def _start(rng: Rng, objective: Objective) -> float:
    if objective.start_is_level:
        return float(rng.choice(objective.start)) * float(np.exp(rng.normal(0.0, 0.05)))
    return log_uniform(rng, objective.start[0], objective.start[1])


def _spread(law: str, noise: float, level: float, share: FloatArray, *, log: bool) -> FloatArray:
    if law == "growing":
        relative = noise * np.clip(share / share[-1], 1.0, 1e6) ** -0.5 * 1.5
    elif law == "constant":
        relative = noise * np.clip(float(np.median(share)) / share, 0.02, 3.0)
    else:
        relative = np.full(len(share), noise)
    return np.minimum(relative, 1.2) if log else np.asarray(relative * level * share)


def _rate(rng: Rng, t: FloatArray) -> FloatArray:
    style = rng.random()
    if style < 0.35:
        return schedules.constant(t, rng)
    return schedules.cosine(t, rng) if style < 0.65 else schedules.linear(t, rng)


def gradient_norm(run: Run) -> FloatArray:
    """Draw the log10 gradient norm of a healthy run: high at first, then stable, or decaying with the loss."""
    start = run.pick(-1.5, 1.5)
    settled = np.exp(-run.t / run.scale(0.003, 0.08))
    grad = start + run.pick(0.0, 1.3) * settled
    if run.chance(0.35):
        # A run that converges loses its gradient with its loss.
        learned = (run.trend[0] - run.trend) / run.drop
        grad = grad - run.scale(0.2, 4.0) * learned
    else:
        grad = grad + run.pick(-0.4, 0.7) * run.t
    for _ in range(int(run.rng.integers(0, 4)) if run.chance(0.4) else 0):
        grad[int(run.rng.integers(run.count))] += run.pick(0.5, 2.0)
    return np.asarray(grad)


def evaluate(run: Run, *, forced: bool) -> None:
    """Give the run its evaluations: when, and how validation loss follows the train loss.

    Called when the train loss is drawn and before the validation recipes change what it shows.
    """
    rng = run.rng
    if not forced and not run.chance(run.objective.has_val):
        return
    by_epoch = run.count <= 320 and run.chance(0.75)
    if by_epoch:
        run.val_t = run.t.copy()
    else:
        few = round(run.scale(3 if not forced else 6, min(400, max(8, run.count))))
        run.val_t = np.linspace(0.0 if run.chance(0.4) else 1.0 / few, 1.0, few)
    run.val = np.interp(run.val_t, run.t, _followed(run))
    run.val_spread = run.scale(*run.objective.val_noise)
    if run.chance(0.05) and not run.classes:
        for index in range(int(rng.integers(3, 12))):
            final, pace_of_class = run.pick(0.35, 0.99), run.scale(0.02, 0.4)
            run.classes[f"{index}"] = final * (1.0 - np.exp(-run.val_t / pace_of_class))


def _followed(run: Run) -> FloatArray:
    """Return the validation loss at the train points: the train loss plus a gap that opens as the run learns.

    A gap `wide` times the drop that opens with power `bend` of what is learned lets validation fall more slowly, level
    off, or turn at last, and never fall ahead of train.
    """
    lag = run.pick(0.2, 0.8) / run.count if run.count <= 320 and run.chance(0.6) else 0.0
    trend = np.interp(run.t + lag, run.t, run.trend)
    learned = np.clip((run.trend[0] - trend) / run.drop, 0.0, 1.0)
    bend = run.scale(0.7, 4.0)
    wide = run.scale(0.003, 0.7) / (bend if run.chance(0.8) else 1.0)
    if run.chance(0.12):
        wide = -run.scale(0.003, 0.05)
    return run.loss(trend + wide * run.drop * learned**bend)
