"""What a logger does to a run: thinning, averaging, smoothing, rounding, cutting off a run that goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from curvedx.curve import FloatArray
from curvedx.synth.trends import log_uniform

Rng = np.random.Generator

FEWEST = 8
"""A log is never thinned or cut below this many points."""


@dataclass(frozen=True)
class Lens:
    """How train points are turned into logged points; applied alike to the noisy and to the noise-free curve."""

    keep: slice
    """Points that the log holds, before averaging."""
    block: int
    """Points averaged into one."""
    memory: float
    """Weight of the past in an exponential moving average that the log shows instead of the values; 0 for none."""

    def __call__(self, values: FloatArray) -> FloatArray:
        """Look at one value a train point."""
        seen = values[self.keep]
        if self.block > 1:
            whole = len(seen) // self.block * self.block
            seen = seen[:whole].reshape(-1, self.block).mean(axis=1)
        if self.memory:
            from scipy.signal import lfilter  # noqa: PLC0415 - rarely needed

            weight = 1.0 - self.memory
            seen, _ = lfilter([weight], [1.0, -self.memory], seen, zi=[self.memory * seen[0]])
        return np.asarray(seen)

    def position(self, t: FloatArray) -> FloatArray:
        """Return the position at which each logged point is written: the end of what it averages."""
        seen = t[self.keep]
        if self.block > 1:
            seen = seen[: len(seen) // self.block * self.block].reshape(-1, self.block)[:, -1]
        return np.asarray(seen)


def lens(count: int, rng: Rng, *, may_cut: bool) -> Lens:
    """Draw a lens for a run of `count` train points."""
    keep, block, memory = slice(None), 1, 0.0
    left = count
    if may_cut and rng.random() < 0.2:
        left = max(FEWEST, int(count * rng.uniform(0.1, 1.0)))
        keep = slice(0, left)
    room = left // FEWEST
    style = rng.random()
    if room >= 2 and style < 0.3:
        factor = min(room, round(log_uniform(rng, 2.0, 40.0)))
        if style < 0.15:
            keep = slice(keep.start, keep.stop, factor)
        else:
            block = factor
    elif style > 0.97 and left >= 30:
        memory = float(rng.uniform(0.5, 0.95))
    return Lens(keep, block, memory)


def rounded(values: FloatArray, rng: Rng) -> FloatArray:
    """Round as loggers do: not at all, to a few decimals, or to a few significant digits."""
    style = rng.random()
    finite = values[np.isfinite(values)]
    typical = float(np.median(np.abs(finite))) if len(finite) else 1.0
    if style < 0.25 and typical > 0.02:
        return np.asarray(np.round(values, 4))
    if style < 0.32 and typical > 0.2:
        return np.asarray(np.round(values, int(rng.integers(2, 4))))
    if style < 0.42:
        digits = int(rng.integers(4, 7))
        with np.errstate(divide="ignore", invalid="ignore"):
            unit = 10.0 ** (np.floor(np.log10(np.abs(values))) - digits + 1)
            return np.where((values == 0) | ~np.isfinite(values), values, np.round(values / unit) * unit)
    if style < 0.6:
        with np.errstate(over="ignore"):
            return values.astype(np.float32).astype(np.float64)
    return values
