"""Curves from the generator and what the released model says of them, drawn once for all tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from curvedx import Curve, Diagnosis, classify_curves
from curvedx.curve import Channel
from curvedx.synth.draw import draw

SEED = 77


@cache
def curves(count: int) -> tuple[Curve, ...]:
    return tuple(draw(SEED, index).curve for index in range(count))


@cache
def diagnoses(count: int) -> tuple[Diagnosis, ...]:
    return tuple(classify_curves(curves(count)))


def changed(curve: Curve, change: Callable[[str, Channel], Channel]) -> Curve:
    """Return a curve with each channel changed, by its name."""
    return Curve({key: change(key, channel) for key, channel in curve.channels.items()})


def distance(one: Diagnosis, other: Diagnosis) -> float:
    """Return the largest difference of a probability; infinite where only one of the two assessed a pattern."""
    assert list(one.probabilities) == list(other.probabilities)
    apart = [
        0.0 if p is None and q is None else np.inf if p is None or q is None else abs(p - q)
        for p, q in zip(one.probabilities.values(), other.probabilities.values(), strict=True)
    ]
    return float(max(apart))
