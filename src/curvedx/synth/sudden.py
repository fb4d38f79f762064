"""Sudden changes of a trend: what jumps and drops are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from curvedx.curve import FloatArray
from curvedx.measures import differences


class Sudden(NamedTuple):
    """One sudden change of the trend within 3 % of the run."""

    place: int
    """First point after it."""
    before: float
    """Level before it, on the axis."""
    height: float
    """How far it goes."""
    pace: float
    """How far the trend goes the same way over stretches of the same width before and after."""
    framed: bool
    """Whether the log holds a stretch before and after it."""
    kept: float
    """Share of the height still there 10 % of the run later."""
    won_back: float
    """Share of the height that the trend takes back at some time after it."""
    beyond: float
    """Share of the height that leads beyond everything before it."""


def sudden(trend: FloatArray, wide: int, noise: float, *, up: bool) -> Iterator[Sudden]:
    """Yield the sudden changes of a trend within so many points, the largest first; heights are positive."""
    trend = trend if up else -trend
    later, last = max(2, round(0.1 * len(trend))), len(trend) - 1
    if last < 3 * wide:
        return
    change = trend[wide:] - trend[:-wide]
    # What stands no clearer of the noise than this is neither a jump nor a drop.
    least = 1.2 * noise
    for _ in range(14):
        at = int(change.argmax())
        height = float(change[at])
        if height <= least:
            return
        before, after = max(0, at - wide), min(last, at + 2 * wide)
        far_before, far_after = max(0, at - 2 * wide), min(last, at + 3 * wide)
        foot, head = float(trend[at]), float(trend[at + wide])
        top = float(trend[at + 1 : at + wide + 2].max())
        yield Sudden(
            place=at + 1 + int(differences(trend[at : at + wide + 1]).argmax()),
            before=foot * (1.0 if up else -1.0),
            height=height,
            pace=max(
                foot - float(trend[before]),
                (foot - float(trend[far_before])) / 2.0,
                float(trend[after]) - head,
                (float(trend[far_after]) - head) / 2.0,
                0.0,
            ),
            framed=at >= wide and after > at + wide,
            kept=(float(trend[min(at + wide + later, last)]) - foot) / height,
            won_back=(top - float(trend[at + wide :].min())) / height,
            beyond=(height + (foot - float(trend[: at + 1].max()))) / height,
        )
        change[max(0, at - 2 * wide) : at + 2 * wide] = 0.0
