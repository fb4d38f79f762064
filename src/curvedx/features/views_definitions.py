"""The definitions of the labels, read off the log: how far each is met, one number a view.

The other views hold what the definitions are made of, for trees to cut where they like; these hold what a careful
reader who applies the definitions to a smoothed curve would say, which the model learns how far to trust.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from curvedx.catalogue import assessable
from curvedx.curve import Curve
from curvedx.features.sheet import Sheet
from curvedx.synth.estimated import degrees

BOUNDED = {f"degree_{pattern.name}": 1 for pattern in assessable()}
"""Views of the definitions, all between 0 and 1, with their lengths."""


def definition_views(curves: Sequence[Curve], sheet: Sheet) -> None:
    """Fill in the degree of each pattern that a curve has the channels and points for."""
    slots = np.array([sheet.layout.place(name)[1] for name in BOUNDED])
    for row, curve in enumerate(curves):
        # One of few points has no degree at all, nor has a pattern whose channel was not logged.
        found = np.array([np.nan if degree is None else degree for degree in degrees(curve).values()])
        known = ~np.isnan(found)
        sheet.put(1, np.array([row]), slots[known], found[known, np.newaxis])
