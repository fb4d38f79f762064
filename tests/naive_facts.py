"""Facts as plain loops that can be read against their meaning in `synth/facts.toml`; slow, and only for tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

Points = Sequence[tuple[float, float]]
"""Steps with their values, in order."""


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def interval(points: Points) -> float:
    return median([after[0] - before[0] for before, after in pairwise(points)])


def share(values: Sequence[float], count: int) -> float:
    return 100.0 * count / len(values)


def clipped(norms: Sequence[float], limit: float | None = None) -> float | None:
    finite = [norm for norm in norms if math.isfinite(norm)]
    if limit is not None:
        return share(finite, sum(norm >= 0.999 * limit for norm in finite))
    top = max(finite)
    at = [norm for norm in finite if norm >= 0.999 * top]
    near = [norm for norm in finite if norm >= 0.99 * top]
    if top <= 0 or len(at) < 5 or 2 * len(at) < len(near) or len(at) == len(finite):
        return None
    return share(finite, len(at))


def longest_break(norms: Sequence[float]) -> int:
    longest = row = 0
    for norm in norms:
        row = 0 if math.isfinite(norm) else row + 1
        longest = max(longest, row)
    return longest


def repeats(values: Sequence[float]) -> float:
    again = 0
    for before, after in pairwise(values):
        again += before == after
    return 100.0 * again / (len(values) - 1)


def restarts(rates: Sequence[float]) -> int:
    """Count climbs by a tenth of the peak, each after a fall by as much."""
    size = 0.1 * max(rates)
    found, high, low, falling = 0, rates[0], rates[0], False
    for rate in rates:
        high, low = max(high, rate), min(low, rate)
        if not falling and high - rate > size:
            falling, low = True, rate
        elif falling and rate - low > size:
            falling, high, found = False, rate, found + 1
    return found


def surge_before(points: Points, onset: float, length: float, spacing: float) -> float | None:
    """Return the largest value just before the onset over the 0.95 quantile of the tenth of the run before that."""
    just = max(0.01 * length, 3 * spacing)
    close = [value for step, value in points if onset - just <= step < onset]
    usual = sorted(value for step, value in points if onset - just - 0.1 * length <= step < onset - just)
    if len(usual) < 5 or not close:
        return None
    return max(close) / usual[int(0.95 * (len(usual) - 1))]


def entropy(shares: Sequence[float]) -> float:
    total = 0.0
    for part in shares:
        if part > 0:
            total -= part * math.log(part)
    return total
