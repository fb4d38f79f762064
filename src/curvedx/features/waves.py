"""What repeats at equal distances along a run: waves of a schedule, stairs of epochs.

First the slow course is taken off, which is made of a parabola, a logarithm and a reciprocal of the time. What is left
is fitted by a wave with its first overtone, for many numbers of waves in the run; the best of them is what repeats.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from curvedx.curve import FloatArray
from curvedx.measures import mean

COUNTS = np.arange(2.75, 12.01, 0.25)
"""Waves in the run that are tried: fewer are the run's own course, more are too short to be seen at 64 places."""

STEEP = 0.05
"""Share of the run at its beginning that is too steep to be taken off."""

PHASES = 64
"""Places along a wave at which its shape is looked at."""

SMOOTH = 1e-6
"""Share of the variance below which what is left is rounding."""


@dataclass(frozen=True)
class Waves:
    """The best waves of a matrix of trends, one number a row; all zero where nothing is left of a row."""

    share: FloatArray
    """Share of what is left that they explain."""
    count: FloatArray
    """Waves in the run."""
    height: FloatArray
    """From the lowest to the highest place of a wave, in the unit of the trend."""
    rising: FloatArray
    """Share of a wave on which it rises: less than half for a sudden rise and a slow fall, more for a stair."""
    lowest: FloatArray
    """Share of a wave from the beginning of the run to its lowest place."""


def waves(x: FloatArray) -> Waves:
    """Fit waves to trends, one row each; a row's waves do not depend on the other rows."""
    first, slow, every, shapes = _basis(x.shape[1])
    # Rows that lie one behind the other, and no matrix product: else the last bits depend on how many there are.
    left = np.ascontiguousarray(x[:, first:])
    left = left - mean(left)[:, np.newaxis]
    power = np.vecdot(left, left)
    left -= np.vecdot(np.vecdot(left[:, np.newaxis], slow)[:, np.newaxis], slow.T)
    rest = np.vecdot(left, left)
    parts = np.vecdot(left[:, np.newaxis], every).reshape(len(x), len(COUNTS), -1)
    explained = np.vecdot(parts, parts)
    best = explained.argmax(axis=1)
    each = np.arange(len(x))
    wave = np.vecdot(shapes[best], parts[each, best][:, np.newaxis])
    seen = rest > SMOOTH * power
    share = np.divide(explained[each, best], rest, out=np.zeros(len(x)), where=seen)
    rising = np.count_nonzero(np.roll(wave, -1, axis=1) > wave, axis=1) / PHASES
    return Waves(
        share=share,
        count=np.where(seen, COUNTS[best], 0.0),
        height=np.where(seen, np.ptp(wave, axis=1), 0.0),
        rising=np.where(seen, rising, 0.0),
        lowest=np.where(seen, wave.argmin(axis=1) / PHASES, 0.0),
    )


@lru_cache(maxsize=8)
def _basis(length: int) -> tuple[int, FloatArray, FloatArray, FloatArray]:
    """Return the first place that is fitted, and what is fitted there.

    Orthonormal slow courses, one row each; orthonormal waves without them, four rows a count; and for each count the
    matrix that turns the four weights into the wave at its phases.
    """
    time = (np.arange(length) + 0.5) / length
    first = int(np.searchsorted(time, STEEP))
    time = time[first:]
    slow, _ = np.linalg.qr(np.column_stack([np.ones_like(time), time, time**2, np.log(time), 1.0 / time]))
    phases = _harmonics(np.arange(PHASES) / PHASES)
    every, shapes = [], []
    for count in COUNTS:
        wave = _harmonics(count * time)
        orthonormal, mixed = np.linalg.qr(wave - slow @ (slow.T @ wave))
        every.append(orthonormal.T)
        shapes.append(np.linalg.solve(mixed.T, phases.T).T)
    return first, np.ascontiguousarray(slow.T), np.concatenate(every), np.array(shapes)


def _harmonics(turns: FloatArray) -> FloatArray:
    angle = 2.0 * np.pi * turns
    return np.column_stack([np.cos(angle), np.sin(angle), np.cos(2.0 * angle), np.sin(2.0 * angle)])
