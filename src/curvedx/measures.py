"""Words of the definitions that several rooms measure by: the axis, the noise and the start of a curve."""

from __future__ import annotations

import numpy as np

from curvedx.curve import FloatArray

LOG_SPAN = 50.0
"""A loss that spans more than this factor is judged, and drawn, on a logarithmic axis."""


def spread(values: FloatArray) -> float:
    """Return the robust standard deviation, 1.4826 times the median absolute deviation; 0 for nothing."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values)))) if len(values) else 0.0


def first_level(values: FloatArray, noise: float) -> float:
    """Return the level at which a curve starts: the median of its first 1 %, one point at least.

    Where so few points already hold a fall or a blow-up it is the first point. Among ten points or more a single
    towering one does not count, but a blow-up that most of them show does.
    """
    first = values[: max(1, len(values) // 100)]
    middle = float(np.median(first))
    moved = middle - float(values[0]) if len(first) >= 10 else float(np.ptp(first))
    return float(values[0]) if moved > 8.0 * noise else middle
