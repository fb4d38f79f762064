"""From the probability of each pattern to the headline: which label, how sure, and which others are possible.

Patterns are ranked by gravity. A label is the headline when its pattern is present and no graver one is, so with the
heads taken as independent its probability is its own times that of no graver one; these sum to one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import FloatArray

PRESENT = 0.5
"""A pattern is a finding from this probability on."""


def distribution(probabilities: FloatArray) -> FloatArray:
    """Return the probability of each headline.

    Parameters
    ----------
    probabilities
        One row a curve, one column a pattern, gravest first; NaN where unassessed, which counts as absent.

    Returns
    -------
    FloatArray
        One column more than the input: the last one is ``healthy``. Rows sum to one.
    """
    p = np.nan_to_num(probabilities, nan=0.0)
    none_graver = np.cumprod(np.column_stack([np.ones(len(p)), 1.0 - p]), axis=1)
    return np.asarray(np.column_stack([p, np.ones(len(p))]) * none_graver)


def chosen(probabilities: FloatArray) -> NDArray[np.intp]:
    """Return the column of each curve's headline: the gravest pattern present, else the last, ``healthy``."""
    present = np.nan_to_num(probabilities, nan=0.0) >= PRESENT
    return np.asarray(np.column_stack([present, np.ones(len(present), dtype=bool)]).argmax(axis=1))


def no_loss(strangeness: float | None) -> bool:
    """Tell whether a signal is more likely no loss than one; then no pattern can be present."""
    return strangeness is not None and strangeness >= PRESENT


def sigmoid(x: FloatArray) -> FloatArray:
    """Return the logistic function without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))
