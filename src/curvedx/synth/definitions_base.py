"""What definitions are written with: measured once a run, grey below the floor, swings counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from itertools import pairwise
from typing import TypeVar, cast

import numpy as np

from curvedx.curve import FloatArray
from curvedx.measures import differences
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


def quartered(values: FloatArray) -> list[FloatArray]:
    """Return four successive parts of a series, as equal as can be; the first are the longer."""
    each, more = divmod(len(values), 4)
    edges = [number * each + min(number, more) for number in range(5)]
    return [values[a:b] for a, b in pairwise(edges)]


def turns(values: FloatArray, least: float) -> list[int]:
    """Return the places of the first value, of each turn by at least a given size, and of the last extreme."""
    way = np.sign(values[1:] - values[:-1])
    # Nothing but the ends of a rise, a fall or a level stretch can end a swing.
    turning = [*((way[1:] != way[:-1]).nonzero()[0] + 1).tolist(), len(values) - 1]
    found = [0]
    direction = extreme = 0
    top = first = float(values[0])
    for place, value in zip(turning, values[turning].tolist(), strict=True):
        if direction >= 0 and value > top:
            extreme, top, direction = place, value, 1 if value - first >= least or direction else 0
        elif direction <= 0 and value < top:
            extreme, top, direction = place, value, -1 if first - value >= least or direction else 0
        elif abs(value - top) >= least:
            found.append(extreme)
            first, direction = top, 1 if value > top else -1
            extreme, top = place, value
    return [*found, extreme] if extreme != found[-1] else found


def zigzag(values: FloatArray, least: float) -> FloatArray:
    """Return the signed heights of successive swings of at least a given size."""
    swings = differences(values[turns(values, least)])
    return np.asarray(swings[np.abs(swings) >= least])
