"""Facts of the gradient norm over the whole run."""

from __future__ import annotations

import numpy as np

from curvedx.diagnosis.facts.ground import Ground, percent, ratio
from curvedx.measures import longest_stretch

CEILING = 1e-3
"""Share of the largest norm within which norms count as standing at it: loggers round, and clipping adds an eps."""

FEWEST_CLIPPED = 5


def middle(run: Ground) -> float | None:
    """Return the median of the finite gradient norms."""
    return run.median_norm


def first(run: Ground) -> float | None:
    """Return the largest of the first finite gradient norms (1 % of them, one at least) in times of the median."""
    if run.norm is None or run.median_norm is None or len(run.norm) < 8:
        return None
    early = run.norm.values[: max(1, len(run.norm) // 100)]
    return ratio(float(early.max()), run.median_norm)


def zeros(run: Ground) -> float | None:
    """Return the share of exact zeros among the finite gradient norms, in per cent."""
    return None if run.norm is None else percent(run.norm.values == 0.0)


def clipped(run: Ground) -> float | None:
    """Return the share of steps whose gradient was clipped, in per cent; None where the log does not tell.

    Without a limit from the user a ceiling has to show: the largest norm, reached to within a thousandth by five points
    or more, and by half of those that come within a hundredth. Norms logged before clipping have no such ceiling. A
    norm that never changes is stuck, not clipped.
    """
    if run.norm is None:
        return None
    values = run.norm.values
    limit = run.expected.clip
    if limit is not None:
        return percent(values >= (1.0 - CEILING) * limit)
    top = float(values.max())
    at = int(np.count_nonzero(values >= (1.0 - CEILING) * top))
    near = int(np.count_nonzero(values >= 0.99 * top))
    if top <= 0.0 or at < max(FEWEST_CLIPPED, 0.5 * near) or at == len(values):
        return None
    return 100.0 * at / len(values)


def ceiling(run: Ground) -> float | None:
    """Return the norm at which clipped steps stand; None where none shows in the log."""
    if run.norm is None or run.expected.clip is not None or clipped(run) is None:
        return None
    return float(run.norm.values.max())


def broken(run: Ground) -> float | None:
    """Return the share of logged gradient norms that are NaN or infinite, in per cent."""
    if run.norms is None:
        return None
    return percent(~np.isfinite(run.norms.values))


def longest_break(run: Ground) -> float | None:
    """Count the longest stretch of gradient norms in a row that are NaN or infinite."""
    if run.norms is None:
        return None
    return float(longest_stretch(~np.isfinite(run.norms.values)))


def repeats(run: Ground) -> float | None:
    """Return the share of gradient norms that repeat the one before to every logged digit, in per cent."""
    if run.norm is None or len(run.norm) < 2:
        return None
    return percent(run.norm.values[1:] == run.norm.values[:-1])
