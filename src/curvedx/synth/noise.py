"""What scatters around a trend: skewed heavy tails, slow correlation, the cycle of a data set's batches."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from curvedx.curve import FloatArray
from curvedx.synth.trends import log_uniform

Rng = np.random.Generator

TEETH, SHORTEST_TOOTH = 0.025, 4.0
"""Share of the run that a pass over unshuffled data takes at most where it is noise to the eye, and its points at
least; longer ones are swings."""


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
        z = z * rng.uniform(0.2, 0.8) + np.resize(_cycle(count, rng), count)
    middle = float(np.median(z))
    spread = 1.4826 * float(np.median(np.abs(z - middle)))
    return np.asarray((z - z.mean()) / (spread if spread > 0 else 1.0))


def _cycle(count: int, rng: Rng) -> FloatArray:
    """Draw what each pass over the data repeats: batches of any kind, or unshuffled ones, each like the one before."""
    longest = TEETH * count
    if longest < SHORTEST_TOOTH or rng.random() < 0.5:
        return rng.normal(size=round(log_uniform(rng, 2.0, max(3.0, count / 6.0))))
    done = np.linspace(0.0, 1.0, round(log_uniform(rng, SHORTEST_TOOTH, longest)), endpoint=False)
    rising = rng.uniform(0.1, 0.9)
    return np.asarray(3.0 * np.minimum(done / rising, (1.0 - done) / (1.0 - rising)))


def correlated(white: FloatArray, memory: float) -> FloatArray:
    """Give white noise a memory from one point to the next (an autoregression of order one)."""
    out = lfilter([1.0], [1.0, -memory], white)
    return np.asarray(out * np.sqrt(1.0 - memory**2))
