"""Quantities of the small tools as plain loops, to be read against their definitions."""

import math
from collections.abc import Sequence

Series = Sequence[float]


def smooth(values: Series, alpha: float) -> list[float]:
    """Average of all finite values so far, each weighing `alpha` times as much as the next; NaN where not finite."""
    out = []
    for now, value in enumerate(values):
        seen = [past for past in values[: now + 1] if math.isfinite(past)]
        weights = [alpha ** (len(seen) - 1 - at) for at in range(len(seen))]
        total = sum(weight * past for weight, past in zip(weights, seen, strict=True))
        out.append(total / sum(weights) if math.isfinite(value) else math.nan)
    return out


def nearby_mean(steps: Series, values: Series, at: Series) -> list[float]:
    """Mean of the values nearer to each place than to its neighbours, as far out as in at either end."""
    out = []
    for i, place in enumerate(at):
        left = (place - at[i - 1]) / 2 if i > 0 else (at[1] - place) / 2
        right = (at[i + 1] - place) / 2 if i + 1 < len(at) else (place - at[i - 1]) / 2
        near = [v for s, v in zip(steps, values, strict=True) if place - left <= s < place + right]
        out.append(sum(near) / len(near))
    return out


def stopped_at(values: Series, patience: int, min_delta: float) -> int | None:
    """Place of the first value that ends `patience` values in a row without an improvement; None if there is none."""
    best, wait = math.inf, 0
    for place, value in enumerate(values):
        better = math.isfinite(value) and value < best - min_delta
        best, wait = (value, 0) if better else (best, wait + 1)
        if wait == patience:
            return place
    return None
