"""Shapes of a healthy fall: functions of the position in the run, from 1 at its beginning towards 0.

Each takes positions in [0, 1] and returns values in (0, 1]; `fall` rescales them to end at a given share.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from curvedx.curve import FloatArray

Rng = np.random.Generator


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """Draw between two positive ends, uniformly in the logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def power(t: FloatArray, rng: Rng) -> FloatArray:
    """A power law with an offset: steep first, never quite at rest (language models)."""
    return np.asarray((1.0 + t / log_uniform(rng, 0.0002, 0.3)) ** -rng.uniform(0.15, 1.5))


def exponential(t: FloatArray, rng: Rng) -> FloatArray:
    """An exponential towards a floor."""
    return np.asarray(np.exp(-t / log_uniform(rng, 0.012, 1.2)))


def stretched(t: FloatArray, rng: Rng) -> FloatArray:
    """A stretched exponential: many time scales at once."""
    return np.asarray(np.exp(-((t / log_uniform(rng, 0.002, 0.5)) ** rng.uniform(0.3, 0.8))))


def sigmoid(t: FloatArray, rng: Rng) -> FloatArray:
    """A slow start, then the fall: features have to form first."""
    middle, width = rng.uniform(0.05, 0.5), log_uniform(rng, 0.03, 0.15)
    return np.asarray(1.0 / (1.0 + np.exp((t - middle) / width)))


def two_stage(t: FloatArray, rng: Rng) -> FloatArray:
    """Two exponential falls of different pace."""
    share = rng.uniform(0.3, 0.9)
    quick, slow = log_uniform(rng, 0.005, 0.08), log_uniform(rng, 0.2, 2.0)
    return np.asarray(share * np.exp(-t / quick) + (1.0 - share) * np.exp(-t / slow))


def decades(t: FloatArray, rng: Rng) -> FloatArray:
    """A fall of irregular pace in the logarithm; returned as the share of the decades still to go."""
    knots = int(rng.integers(3, 12))
    pace = rng.gamma(rng.uniform(0.5, 3.0), size=knots) * np.geomspace(log_uniform(rng, 1.0, 40.0), 1.0, knots)
    gone = np.concatenate([[0.0], np.cumsum(pace)]) / pace.sum()
    return np.asarray(1.0 - np.interp(t, np.linspace(0.0, 1.0, knots + 1), gone))


SHAPES: dict[str, Callable[[FloatArray, Rng], FloatArray]] = {
    "power": power,
    "exponential": exponential,
    "stretched": stretched,
    "sigmoid": sigmoid,
    "two_stage": two_stage,
    "decades": decades,
}


def fall(shape: str, t: FloatArray, ends_at: float, rng: Rng) -> FloatArray:
    """Draw a fall from 1 at position 0 to `ends_at` at position 1, or to somewhat above it.

    The shape ``"decades"`` falls evenly in the logarithm, every other on the linear axis.
    """
    grid = np.concatenate([[0.0], t, [1.0]])
    values = SHAPES[shape](grid, rng)
    if shape == "decades":
        return np.asarray(ends_at ** (1.0 - (values[1:-1] - values[-1]) / (values[0] - values[-1])))
    # What is still to go at the end stays in part, or every curve would plunge there on a log axis.
    rest = values[-1] * rng.uniform(0.0, 0.9)
    share = (values[1:-1] - rest) / (values[0] - rest)
    return np.asarray(ends_at + (1.0 - ends_at) * share)


def wander(t: FloatArray, rng: Rng, waves: int = 6) -> FloatArray:
    """Draw slow irregular drift of unit size: what no formula of a learning curve holds."""
    frequency = rng.uniform(0.5, 9.0, waves)
    phase = rng.uniform(0.0, 2.0 * np.pi, waves)
    weight = rng.normal(size=waves) / np.sqrt(waves * frequency)
    return np.asarray((weight * np.sin(2.0 * np.pi * frequency * t[:, None] + phase)).sum(axis=1))
