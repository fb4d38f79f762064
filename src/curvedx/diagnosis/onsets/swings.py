"""Curves that go up and down: per-step noise, swings of the trend, waves of a schedule."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from curvedx.curve import LR, TRAIN_LOSS, Channel, FloatArray
from curvedx.diagnosis.evidence import Sighting, count, loss, many, percent, say, say_percent, say_step, say_steps, step
from curvedx.diagnosis.measures import BINS, Track, Tracks, turns


def sawtooth(run: Tracks) -> Sighting | None:
    """Measure the noise against the drop; it has no beginning."""
    t = run.of(TRAIN_LOSS)
    if t is None:
        return None
    share = 100 * t.noise / t.height if t.height > 0 else 0.0
    axis = " on a log axis" if t.logarithmic else ""
    return Sighting(
        onset=None,
        evidence=(percent("noise, of the drop", share), loss("noise" + axis, t.noise), loss("drop", t.drop)),
        sentence=(
            f"train loss scatters by {say(t.noise)}{axis} from point to point, {say_percent(share)} of its whole drop, "
            f"while its trend falls from {say(t.start)} to {say(t.minimum)}"
        ),
    )


def oscillation(run: Tracks) -> Sighting | None:
    """Find the first trough of the swings of the smoothed loss."""
    t = run.of(TRAIN_LOSS)
    if t is None:
        return None
    found = _swings(t)
    if not found:
        return _late_spread(t)
    line = t.line
    heights = np.abs(np.diff(line[found])) if len(found) > 1 else np.array([float(np.ptp(line[found[0] :]))])
    swing = float(np.median(heights))
    period = float(np.median(np.diff([t.step(p) for p in found[::2]]))) if len(found) > 3 else None
    share = 100 * swing / t.height if t.height > 0 else 0.0
    at = t.step(found[0])
    evidence = [count("turns", len(found)), percent("median swing, of the drop", share), loss("median swing", swing)]
    sentence = (
        f"the smoothed train loss turns {many(len(found), 'time')} from step {say_step(at)} on, "
        f"by {say_percent(share)} of its drop"
    )
    if period is not None:
        evidence.append(step("distance of the swings", period))
        sentence += f", about every {say_steps(round(period))}"
    return Sighting(onset=at, evidence=tuple(evidence), sentence=sentence)


def _swings(t: Track) -> list[int]:
    """Return the turns by a third of the drop, or by a tenth where none is as large, from the first trough on."""
    found: list[int] = []
    for share in (1 / 3, 0.1):
        found = turns(t.line, share * t.height) if t.height > 0 else []
        if found and len(found) > 1 and t.line[found[0]] > t.line[found[1]]:
            found = found[1:]
        if found:
            break
    return found


def _late_spread(t: Track) -> Sighting:
    late = t.smooth[t.since(0.5) :]
    share = t.percent_of_drop(float(np.ptp(late)))
    return Sighting(
        onset=t.step(t.low),
        evidence=(percent("range of the last half, of the drop", share),),
        sentence=f"the smoothed train loss ranges over {say_percent(share)} of its drop in the last half",
    )


def schedule_waves(run: Tracks) -> Sighting | None:
    """Find the restarts: rises of the learning rate where it was logged, else the troughs of the loss."""
    t = run.of(TRAIN_LOSS)
    if t is None:
        return None
    rate = run.curve.get(LR)
    restarts = _restarts(rate) if rate is not None else []
    told = "the learning rate rises again"
    if not restarts:
        restarts = [
            t.step(place) for place in _troughs(t.line, max(0.03 * t.height, 4 * t.noise / np.sqrt(2 * t.half + 1)))
        ]
        told = "the train loss turns upward"
    restarts = restarts or [t.step(t.low)]
    troughs = [float(t.smooth[np.searchsorted(t.steps[t.centre.astype(int)], r, side="right") - 1]) for r in restarts]
    evidence = [count("restarts", len(restarts)), loss("first trough", troughs[0]), loss("last trough", troughs[-1])]
    sentence = f"{told} {many(len(restarts), 'time')}, first at step {say_step(restarts[0])}"
    if len(restarts) > 1:
        sentence += f"; the loss before it goes from {say(troughs[0])} to {say(troughs[-1])}"
        evidence.append(step("distance", float(np.median(np.diff(restarts)))))
    return Sighting(onset=restarts[0], evidence=tuple(evidence), sentence=sentence)


def _restarts(rate: Channel) -> list[float]:
    """Return the steps at which the learning rate turns upward after it had fallen."""
    finite = np.isfinite(rate.values)
    steps, values = rate.steps[finite], rate.values[finite]
    if len(values) < 3 or np.ptp(values) == 0:
        return []
    each = max(1, len(values) // BINS)
    thin = values[::each]
    troughs = _troughs(thin, 0.1 * float(np.ptp(values)))
    # The lowest point between two that were looked at is the last before the restart.
    near = [(max(0, (a - 1) * each), (a + 1) * each + 1) for a in troughs]
    return [float(steps[low + int(np.argmin(values[low:high]))]) for low, high in near]


def _troughs(line: FloatArray, size: float) -> list[int]:
    """Return the turns upward by at least `size`; a peak that comes first belongs to the warm-up."""
    found = [*turns(line, size), len(line) - 1]
    return [place for place, after in pairwise(found) if line[after] > line[place]]
