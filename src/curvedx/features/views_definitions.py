"""The definitions of the labels, read off the log: how far each is met, one number a view.

The other views hold what the definitions are made of, for trees to cut where they like; these hold what a careful
reader who applies the definitions to a smoothed curve would say, which the model learns how far to trust.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from curvedx.catalogue import assessable
from curvedx.curve import Curve
from curvedx.features.sheet import Sheet
from curvedx.synth.estimated import all_degrees

BOUNDED = {f"degree_{pattern.name}": 1 for pattern in assessable()}
"""Views of the definitions, all between 0 and 1, with their lengths."""

TOGETHER = 1 << 16
"""Train points of the curves whose series are smoothed together: as many as stay in the cache."""


def definition_views(curves: Sequence[Curve], sheet: Sheet) -> None:
    """Fill in the degree of each pattern that a curve has the channels and points for."""
    slots = np.array([sheet.layout.place(name)[1] for name in BOUNDED])
    for rows in _groups([len(curve) for curve in curves]):
        degrees = all_degrees([curves[row] for row in rows])
        # One of few points has no degree at all, nor has a pattern whose channel was not logged.
        found = np.array([[np.nan if degree is None else degree for degree in one.values()] for one in degrees])
        every = ~np.isnan(found)
        for known in {one.tobytes(): one for one in every}.values():
            alike = (every == known).all(axis=1).nonzero()[0]
            sheet.put(1, np.array(rows)[alike], slots[known], found[alike][:, known, np.newaxis])


def _groups(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the numbers of curves of like lengths, of so few points that they are worked on at once."""
    some: list[int] = []
    points = 0
    for number in sorted(range(len(lengths)), key=lengths.__getitem__):
        if some and points + lengths[number] > TOGETHER:
            yield some
            some, points = [], 0
        some.append(number)
        points += lengths[number]
    if some:
        yield some
