"""What a resume and a second process leave in a log: steps that go back, points logged twice.

Neither changes what the run did, so no label depends on them; `Curve` settles them as it does for a real log.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from curvedx.curve import FloatArray

Rng = np.random.Generator
Pairs = dict[str, tuple[FloatArray, FloatArray]]
"""Channel name to steps and values."""

SHORTEST_LOST = 3
"""A rewound run has this many train points before the checkpoint at least, so that the lost branch has a past."""


def rewound(channels: Mapping[str, tuple[FloatArray, FloatArray]], checkpoint: float, crash: float) -> Pairs:
    """Put the points that a crash lost before those that replaced them: every channel goes back to the checkpoint.

    The lost branch goes on as the run was before the checkpoint (mirrored about it): what happens at a resume happens
    to the branch that was kept.

    Parameters
    ----------
    channels
        Steps (ascending) and values of each channel, as the run would have logged them without the crash.
    checkpoint, crash
        Steps at which the run was saved and at which it broke off, checkpoint first.
    """
    found: Pairs = {}
    for name, (steps, values) in channels.items():
        kept = int(np.searchsorted(steps, checkpoint, side="right"))
        lost = min(int(np.searchsorted(steps, crash, side="right")) - kept, kept)
        branch = slice(kept, kept + lost)
        found[name] = (
            np.concatenate([steps[:kept], steps[branch], steps[kept:]]),
            np.concatenate([values[:kept], values[kept - lost : kept][::-1], values[kept:]]),
        )
    return found


def twice(steps: FloatArray, values: FloatArray, apart: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log every point twice, as two processes do that each report their own half of the batch.

    Parameters
    ----------
    steps, values
        The points as one process would log them.
    apart
        How far each of the two lies from the value, one number a point; their mean is the value.
    """
    return np.repeat(steps, 2), np.stack([values - apart, values + apart], axis=1).ravel()
