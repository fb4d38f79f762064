"""What scatters around a trend: skewed heavy tails, slow correlation, the cycle of a data set's batches."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from curvedx.curve import FloatArray

Rng = np.random.Generator


def scatter(count: int, rng: Rng) -> FloatArray:
    """Draw noise of unit robust standard deviation.

    Per-step logs of healthy runs are white, skewed to the right and heavy-tailed (three to four degrees of freedom);
    averaged or epoch-level ones are nearly Gaussian; a few are weakly correlated or repeat with the data.
    """
    style = rng.random()
    if style < 0.45:
        z = rng.normal(size=count)
    elif style < 0.8:
        z = rng.standard_t(rng.uniform(2.6, 8.0), size=count)
        z = np.where(z > 0, z * rng.uniform(1.0, 1.6), z)
    else:
        sigma = rng.uniform(0.2, 0.9)
        z = (np.exp(sigma * rng.normal(size=count)) - 1.0) / sigma
    if rng.random() < 0.05:
        # Now and then a batch of another kind: a tail so heavy and so often that none of it is an event.
        z = z + rng.exponential(rng.uniform(2.0, 8.0), size=count) * (rng.random(count) < rng.uniform(0.03, 0.25))
    if rng.random() < 0.12:
        z = correlated(z, rng.uniform(0.1, 0.5))
    if rng.random() < 0.1 and count >= 20:
        cycle = rng.normal(size=int(np.exp(rng.uniform(np.log(2.0), np.log(max(3.0, count / 6.0))))))
        z = z * rng.uniform(0.2, 0.8) + np.resize(cycle, count)
    middle = float(np.median(z))
    spread = 1.4826 * float(np.median(np.abs(z - middle)))
    return np.asarray((z - z.mean()) / (spread if spread > 0 else 1.0))


def correlated(white: FloatArray, memory: float) -> FloatArray:
    """Give white noise a memory from one point to the next (an autoregression of order one)."""
    out = lfilter([1.0], [1.0, -memory], white)
    return np.asarray(out * np.sqrt(1.0 - memory**2))
