"""Curves that go up and down: per-step noise, swings of the trend, waves of a schedule."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from curvedx.curve import LR, TRAIN_LOSS, Channel, FloatArray
from curvedx.diagnosis.evidence import Sighting, count, loss, many, percent, say, say_percent, say_step, say_steps, step
from curvedx.diagnosis.measures import BINS, SHORT, TINY, Track, Tracks, turns
from curvedx.features.waves import waves
from curvedx.measures import running_median, spread

SWING = 0.2  # of the drop: what counts as a turn
WHOLE = 0.7  # of the usual swing: the half with which a wave sets in is none
CLEAN = 6.0  # x what is left of the noise: a turn is larger
REPEATED = 0.7  # of what goes beside a slow fall: waves explain as much where they repeat
VIEWED = 64  # places of the run at which waves are looked for


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
    line = _followed(t)
    found = _swings(t, line)
    if not found:
        return _late_spread(t)
    heights = np.abs(np.diff(line[found])) if len(found) > 1 else np.array([float(np.ptp(line[found[0] :]))])
    swing = float(np.median(heights))
    period = float(np.median(np.diff([t.step(p) for p in found[::2]]))) if len(found) > 3 else None
    share = 100 * swing / t.height if t.height > 0 else 0.0
    at = t.step(found[0])
    evidence = [count("turns", len(found)), percent("median swing, of the drop", share), loss("median swing", swing)]
    evidence.append(loss("amplitude", swing / 2))
    sentence = (
        f"the smoothed train loss turns {many(len(found), 'time')} from step {say_step(at)} on, "
        f"by {say_percent(share)} of its drop"
    )
    if period is not None:
        evidence.append(step("distance of the swings", period))
        sentence += f", about every {say_steps(round(period))}"
    return Sighting(onset=at, evidence=tuple(evidence), sentence=sentence)


def _followed(t: Track) -> FloatArray:
    """Return the curve on its axis, smoothed no more than the noise asks for: a wide window wipes quick swings out."""
    if len(t.centre) < len(t):
        return t.line
    if len(t) < SHORT:
        # Noise turns from one point to the next; a swing takes several.
        for half in range(t.half):
            line = running_median(t.points, half)
            apart = np.diff(turns(line, SWING * t.height))
            if np.count_nonzero(apart < 2) <= 0.1 * len(apart):
                return line
        return t.line
    # What a point lies off the line through its neighbours; swings over many points change that little.
    rough = t.points[1:-1] - 0.5 * (t.points[:-2] + t.points[2:])
    wanted = CLEAN * spread(rough) / np.sqrt(1.5) / max(SWING * t.height, TINY)
    # Of a loss that never fell no smoothing is enough.
    return running_median(t.points, int(min(float(t.half), max(0.0, np.ceil((wanted * wanted - 1) / 2)))))


def _swings(t: Track, line: FloatArray) -> list[int]:
    """Return the turns from the first trough on from which it swings up by 70 % of its usual swing."""
    found = turns(line, SWING * t.height) if t.height > 0 else []
    if len(found) < 2:
        return found
    heights = np.diff(line[found])
    usual = float(np.median(np.abs(heights)))
    first = np.flatnonzero(heights >= WHOLE * usual)
    return found[int(first[0]) :] if len(first) else found


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
    restarts = _restarts(t, rate) if rate is not None else []
    told = "the learning rate rises again"
    if not restarts:
        line = _followed(t)
        size = max(0.03 * t.height, 4 * t.noise / np.sqrt(2 * t.half + 1))
        restarts = [t.step(place) for place in _repeated(t, line) or _waves(line, size)]
        told = "the train loss turns upward"
    restarts = restarts or [t.step(t.low)]
    troughs = [float(t.smooth[np.searchsorted(t.steps[t.centre.astype(int)], r, side="right") - 1]) for r in restarts]
    evidence = [count("restarts", len(restarts)), loss("first trough", troughs[0]), loss("last trough", troughs[-1])]
    sentence = f"{told} {many(len(restarts), 'time')}, first at step {say_step(restarts[0])}"
    if len(restarts) > 1:
        sentence += f"; the loss before it goes from {say(troughs[0])} to {say(troughs[-1])}"
        evidence.append(step("distance", float(np.median(np.diff(restarts)))))
    return Sighting(onset=restarts[0], evidence=tuple(evidence), sentence=sentence)


def _repeated(t: Track, line: FloatArray) -> list[int]:
    """Return the troughs of waves that come at equal distances; none where nothing repeats clearly."""
    last = len(t) - 1.0
    found = waves(np.interp((np.arange(VIEWED) + 0.5) / VIEWED * last, t.centre, t.line)[np.newaxis])
    if found.share[0] < REPEATED:
        return []
    wave = last / found.count[0]
    troughs = []
    # What begins in the last half of a wave has not risen yet.
    for expected in np.arange(found.lowest[0], found.count[0] - 0.5) * wave:
        low, high = t.centre.searchsorted([expected - 0.25 * wave, expected + 0.25 * wave])
        later = int(t.centre.searchsorted(expected + 0.75 * wave))
        place = low + int(line[low:high].argmin()) if high > low else low
        # The steep beginning of the run is no trough, nor is a place from which the loss goes on falling.
        if place > 0 and line[place:later].max(initial=-np.inf) > line[place]:
            troughs.append(int(place))
    return troughs


def _waves(line: FloatArray, size: float) -> list[int]:
    """Return the troughs from which the loss rises by half of its usual rise or more."""
    found = _troughs(line, size)
    rises = [float(line[low:high].max() - line[low]) for low, high in pairwise([*found, len(line)])]
    usual = float(np.median(rises)) if rises else 0.0
    return [low for low, rise in zip(found, rises, strict=True) if rise >= 0.5 * usual]


def _restarts(t: Track, rate: Channel) -> list[float]:
    """Return the steps at which the cycles begin: where the rate turns, upward or downward, and the loss then rises.

    A cosine is at its lowest and at its peak within a step of each other. A triangle is not; some losses follow it at
    once, others only as the rate is highest.
    """
    steps, values = rate.finite()
    if len(values) < 3 or np.ptp(values) == 0:
        return []
    lows, peaks = _turned(steps, values), _turned(steps, -values)
    return max(lows, peaks, key=lambda found: _rise_after(t, found)) if lows and peaks else lows


def _turned(steps: FloatArray, values: FloatArray) -> list[float]:
    """Return the steps at which a rate turns upward after it had fallen."""
    each = max(1, len(values) // BINS)
    thin = values[::each]
    troughs = _troughs(thin, 0.1 * float(np.ptp(values)))
    # The lowest point between two that were looked at is the last before the restart.
    near = [(max(0, (a - 1) * each), (a + 1) * each + 1) for a in troughs]
    return [float(steps[low + int(np.argmin(values[low:high]))]) for low, high in near]


def _rise_after(t: Track, places: list[float]) -> float:
    """Return by how much the loss rises within an eighth of a cycle."""
    at = np.array(places)
    later = at + (np.median(np.diff(at)) if len(at) > 1 else at[0] - t.steps[0]) / 8
    steps = t.steps[t.centre.astype(int)]
    return float(np.median(np.interp(later, steps, t.line) - np.interp(at, steps, t.line)))


def _troughs(line: FloatArray, size: float) -> list[int]:
    """Return the turns upward by at least `size`; a peak that comes first belongs to the warm-up."""
    found = [*turns(line, size), len(line) - 1]
    return [place for place, after in pairwise(found) if line[after] > line[place]]
