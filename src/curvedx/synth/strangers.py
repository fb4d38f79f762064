"""Signals that are no loss: what people pass by mistake, and what rings, wanders or counts.

A model that has seen nothing but losses takes everything for one. It learns these beside them, so that it can say when
a curve is unlike anything its patterns speak of. They are logged as losses are, a learning rate and a gradient norm
beside them as often: nothing but the signal may tell the two apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from curvedx.curve import GRAD_NORM, LR, TRAIN_LOSS, VAL_LOSS, Curve, FloatArray
from curvedx.synth.draw import draw
from curvedx.synth.logger import rounded
from curvedx.synth.trends import log_uniform

Rng = np.random.Generator


def accuracy(t: FloatArray, rng: Rng) -> FloatArray:
    """A score that rises from chance towards a ceiling, its scatter shrinking on the way."""
    low, high = rng.uniform(0.0, 0.5), rng.uniform(0.6, 1.0)
    pace = log_uniform(rng, 0.02, 0.5)
    share = 1.0 - np.exp(-t / pace) if rng.random() < 0.6 else t / (t + pace)
    scatter = log_uniform(rng, 0.002, 0.05) * (1.2 - share) * rng.normal(size=len(t))
    found = np.clip(low + (high - low) * share + scatter, 0.0, 1.0)
    return np.asarray(100.0 * found if rng.random() < 0.3 else found)


def reward(t: FloatArray, rng: Rng) -> FloatArray:
    """A return that climbs with heavy scatter, often from below zero."""
    size = log_uniform(rng, 0.5, 500.0)
    climb = 1.0 / (1.0 + np.exp(-(t - rng.uniform(0.1, 0.6)) / log_uniform(rng, 0.02, 0.2)))
    return np.asarray(size * (climb - rng.uniform(0.0, 1.0) + rng.uniform(0.03, 0.4) * rng.normal(size=len(t))))


def surrogate(t: FloatArray, rng: Rng) -> FloatArray:
    """What policy gradients descend: it scatters about zero, and a penalty may rise from nothing."""
    scatter = rng.standard_t(rng.uniform(2.0, 8.0), size=len(t)) * (0.1 + t) ** rng.uniform(-0.8, 0.8)
    penalty = rng.uniform(-0.3, 0.3) * np.ones_like(t)
    if rng.random() < 0.4:
        penalty = log_uniform(rng, 0.3, 30.0) * (1.0 - np.exp(-t / log_uniform(rng, 0.1, 2.0)))
    return np.asarray(log_uniform(rng, 1e-4, 0.3) * (scatter + penalty))


def ringing(t: FloatArray, rng: Rng) -> FloatArray:
    """A signal that swings about zero and dies away: a response, a gradient of one weight, a game of two players."""
    swings = _cycles(len(t), rng)
    warped = t ** rng.uniform(0.4, 1.2)
    fade = np.exp(-t / log_uniform(rng, 0.02, 1.5))
    slow = rng.uniform(0.0, 0.2) * np.sin(2 * np.pi * rng.uniform(0.5, 3.0) * t + rng.uniform(0.0, 6.0)) * (1.0 - fade)
    ring = fade * np.sin(2 * np.pi * swings * warped + rng.uniform(0.0, 2 * np.pi))
    scatter = log_uniform(rng, 1e-4, 0.05) * rng.normal(size=len(t))
    return np.asarray(log_uniform(rng, 0.05, 5.0) * (ring + slow + scatter))


def wave(t: FloatArray, rng: Rng) -> FloatArray:
    """A wave of several periods about a level, from the first point on."""
    line = np.sin(2 * np.pi * _cycles(len(t), rng) * t + rng.uniform(0.0, 2 * np.pi))
    return np.asarray(rng.uniform(-2.0, 2.0) + line + rng.uniform(-1.0, 1.0) * t + 0.03 * rng.normal(size=len(t)))


def walk(t: FloatArray, rng: Rng) -> FloatArray:
    """A random walk, with drift or without, of either sign or above zero as a price is."""
    line = np.cumsum(rng.normal(size=len(t)) + rng.uniform(-0.05, 0.05))
    if rng.random() < 0.5:
        return np.asarray(log_uniform(rng, 0.1, 1000.0) * np.exp(log_uniform(rng, 0.005, 0.05) * line))
    return np.asarray(line + rng.uniform(-20.0, 20.0))


def sorted_noise(t: FloatArray, rng: Rng) -> FloatArray:
    """Values put in order, rising or falling."""
    values = np.sort(rng.normal(size=len(t)) if rng.random() < 0.6 else rng.uniform(-1.0, 1.0, len(t)))
    return np.asarray(values if rng.random() < 0.5 else values[::-1]) + rng.uniform(-3.0, 3.0)


def counter(t: FloatArray, rng: Rng) -> FloatArray:
    """A number that only counts up: epochs, tokens, seconds."""
    steps = np.floor(rng.uniform(2.0, 40.0) * t) if rng.random() < 0.4 else t
    return np.asarray(log_uniform(rng, 1.0, 1e6) * steps + rng.uniform(0.0, 10.0))


KINDS: dict[str, Callable[[FloatArray, Rng], FloatArray]] = {
    kind.__name__: kind for kind in (accuracy, reward, surrogate, ringing, wave, walk, sorted_noise, counter)
}
"""Every kind of stranger by name."""


FEWEST = 12
"""Points below which a signal of these kinds is not to be known from a loss."""


def stranger(seed: int, index: int, kind: str | None = None) -> Curve:
    """Draw one signal that is no loss, passed as the train loss of a healthy run; its like as validation.

    Parameters
    ----------
    seed, index
        The same pair gives the same signal.
    kind
        A name of `KINDS`; None draws one.
    """
    rng = np.random.default_rng([seed, index, 1])
    signal = KINDS[str(rng.choice(list(KINDS))) if kind is None else kind]
    run = _logged(rng)
    steps = run[TRAIN_LOSS].steps
    values = signal((steps - steps[0]) / (steps[-1] - steps[0]), rng)
    channels: dict[str, Any] = {name: run[name] for name in (LR, GRAD_NORM) if name in run}
    channels[TRAIN_LOSS] = (steps, rounded(values, rng))
    if (val := run.get(VAL_LOSS)) is not None:
        apart = rng.uniform(0.01, 0.2) * float(np.ptp(values)) * (rng.normal(size=len(val)) - rng.normal())
        channels[VAL_LOSS] = (val.steps, rounded(np.interp(val.steps, steps, values) + apart, rng))
    return Curve(channels)


def _logged(rng: Rng) -> Curve:
    """Draw a healthy run that was logged at enough points."""
    while True:
        run = draw(int(rng.integers(1 << 62)), 0, ()).curve
        if len(run) >= FEWEST:
            return run


def _cycles(count: int, rng: Rng) -> float:
    """Draw how many swings fit: three or more, and six points a swing at least."""
    return log_uniform(rng, 3.0, max(3.5, min(30.0, count / 6.0)))
