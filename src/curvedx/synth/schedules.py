"""Learning-rate schedules as multiples of the peak, and what they do to a loss."""

from __future__ import annotations

import numpy as np

from curvedx.curve import FloatArray

Rng = np.random.Generator


def constant(t: FloatArray, rng: Rng) -> FloatArray:
    """The same rate all along, sometimes after a warm-up."""
    rate = np.ones_like(t)
    return warm_up(rate, t, rng) if rng.random() < 0.4 else rate


def cosine(t: FloatArray, rng: Rng) -> FloatArray:
    """Half a cosine down to a tenth of the peak or to zero, usually after a warm-up."""
    low = rng.choice([0.0, 0.01, 0.1])
    rate = low + (1.0 - low) * 0.5 * (1.0 + np.cos(np.pi * t))
    return warm_up(rate, t, rng) if rng.random() < 0.8 else rate


def linear(t: FloatArray, rng: Rng) -> FloatArray:
    """A straight line down, usually after a warm-up."""
    rate = 1.0 - t * rng.uniform(0.9, 1.0)
    return warm_up(rate, t, rng) if rng.random() < 0.7 else rate


def steps(t: FloatArray, cuts: FloatArray, factor: float) -> FloatArray:
    """Cut by `factor` at each position of `cuts`."""
    return np.asarray(factor ** np.searchsorted(cuts, t, side="right").astype(np.float64))


def cooldown(t: FloatArray, begins: float, low: float) -> FloatArray:
    """Constant, then straight down to `low` from position `begins` to the end."""
    return np.asarray(np.interp(t, [0.0, begins, 1.0], [1.0, 1.0, low]))


def cycles(count: float, *, doubling: bool) -> FloatArray:
    """Return where cycles begin, and where the last one ends: equally long ones, or each twice as long as the last."""
    if doubling:
        whole = round(np.log2(1.0 + count))
        return np.asarray((2.0 ** np.arange(whole + 1) - 1.0) / (2.0**whole - 1.0))
    return np.asarray(np.arange(np.ceil(count) + 1.0) / count)


def cyclic(turns: FloatArray, low: float, *, restart: bool) -> FloatArray:
    """Cosine cycles with sudden restarts, or triangles up and down; `turns` counts them."""
    phase = turns % 1.0
    wave = 0.5 * (1.0 + np.cos(np.pi * phase)) if restart else 1.0 - np.abs(1.0 - 2.0 * phase)
    return np.asarray(low + (1.0 - low) * wave)


def warm_up(rate: FloatArray, t: FloatArray, rng: Rng) -> FloatArray:
    """Ramp up over the first half to ten per cent of the run."""
    return np.asarray(rate * np.clip((t + 1e-4) / rng.uniform(0.005, 0.1), 0.0, 1.0))
