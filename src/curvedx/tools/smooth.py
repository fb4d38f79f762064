"""The exponential moving average under which people read a noisy loss."""

from __future__ import annotations

import math

import numpy as np

from curvedx.curve import FloatArray, numbers
from curvedx.errors import CurvedxError


def smooth(values: object, alpha: float = 0.9) -> FloatArray:
    """Smooth a series by an exponential moving average, debiased.

    ``average = alpha * average + (1 - alpha) * value`` starts at zero; dividing it by the weight collected so far,
    ``1 - alpha ** n``, makes it right from the first value on (Kingma and Ba 2015, section 3; TensorBoard's slider
    takes the same `alpha`).

    Parameters
    ----------
    values
        Any one-dimensional sequence of numbers; None counts as NaN.
    alpha
        Weight of the past, from 0 (nothing is smoothed) to just under 1. 0.9 averages about the last ten values.

    Returns
    -------
    ndarray
        float64, as long as `values`. A NaN or an infinity gives NaN at its own place and leaves the average untouched:
        the value after it is averaged with those before it.

    Raises
    ------
    CurvedxError
        If `values` is no one-dimensional sequence of numbers, or `alpha` lies outside.
    """
    if not 0.0 <= alpha < 1.0:
        raise CurvedxError(
            f"smooth: alpha is {alpha!r}; give the weight of the past, from 0 to less than 1, such as 0.9"
        )
    series = numbers("smooth", "values", values)
    out = np.full(len(series), np.nan)
    average = weight = 0.0
    for place, value in enumerate(series.tolist()):
        if math.isfinite(value):
            average = alpha * average + (1.0 - alpha) * value
            weight = alpha * weight + (1.0 - alpha)
            out[place] = average / weight
    return out
