"""What definitions are written with: measured once a run, grey below the floor, swings counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, cast

import numpy as np

from curvedx.curve import FloatArray
from curvedx.synth.truth import Truth

GREY = 0.5
"""Degree of what could be argued either way."""

Measure = TypeVar("Measure", bound=float | None)


def once(measure: Callable[[Truth], Measure]) -> Callable[[Truth], Measure]:
    """Measure each run once: definitions that exclude each other ask again and again."""

    @wraps(measure)
    def known(run: Truth) -> Measure:
        if measure.__name__ not in run.known:
            run.known[measure.__name__] = measure(run)
        return cast("Measure", run.known[measure.__name__])

    return known


def above_floor(measure: Callable[[Truth], Measure]) -> Callable[[Truth], Measure]:
    """What a loss does below its floor is grey at most; what rises out of it counts."""

    @wraps(measure)
    def capped(run: Truth) -> Measure:
        degree = measure(run)
        if degree is None or degree <= GREY or run.lifted is None:
            return degree
        return cast("Measure", max(measure(run.lifted) or 0.0, GREY))

    return capped


def zigzag(values: FloatArray, least: float) -> FloatArray:
    """Return the signed heights of successive swings of at least a given size."""
    rises = values[1:] > values[:-1]
    # Nothing but the places where it turns can end a swing.
    turning = np.append(np.append(0, np.flatnonzero(rises[1:] != rises[:-1]) + 1), len(values) - 1)
    first, *later = values[turning].tolist()
    turns = [first]
    direction = 0
    extreme = first
    for v in later:
        if direction >= 0 and v > extreme:
            extreme, direction = v, 1 if v - turns[-1] >= least or direction else 0
        elif direction <= 0 and v < extreme:
            extreme, direction = v, -1 if turns[-1] - v >= least or direction else 0
        elif abs(v - extreme) >= least:
            turns.append(extreme)
            direction = 1 if v > extreme else -1
            extreme = v
    turns.append(extreme)
    swings = np.diff(turns)
    return np.asarray(swings[np.abs(swings) >= least])
