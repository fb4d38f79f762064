"""Epochs of a run, by the counter that readers keep as they found it: whole numbers, or with fractions."""

from __future__ import annotations

import numpy as np

from curvedx.curve import Channel, Curve, FloatArray

EPOCH = "epoch"
"""Channel that holds the counter."""


def counter(curve: Curve) -> Channel | None:
    """Return the finite points of the epoch counter; None where it was not logged or does not rise."""
    channel = curve.get(EPOCH)
    if channel is None:
        return None
    channel = channel.finite()
    values = channel.values
    if len(values) < 3 or not values[-1] > values[0] or not bool((values[1:] >= values[:-1]).all()):
        return None
    return channel


def starts(epochs: Channel | None) -> FloatArray:
    """Return the first logged step of each epoch but the first."""
    if epochs is None:
        return np.zeros(0)
    # A counter that was summed up from fractions ends a hair below the whole number.
    whole = np.floor(epochs.values + 1e-6)
    return np.asarray(epochs.steps[1:][whole[1:] > whole[:-1]])
