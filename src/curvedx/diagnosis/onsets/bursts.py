"""Rises that come back: loss spikes, and the bump of a warm-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import TRAIN_LOSS, FloatArray
from curvedx.diagnosis.evidence import (
    MOST,
    Sighting,
    count,
    loss,
    many,
    noises,
    percent,
    say,
    say_percent,
    say_step,
    say_steps,
    step,
)
from curvedx.diagnosis.explain import EARLIER, SURGE
from curvedx.diagnosis.measures import Track, Tracks, reduce
from curvedx.diagnosis.result import Event
from curvedx.measures import running_median

CLEAR = 6.0  # x noise of the run
LOCAL = 4.0  # x noise of the fifth of the run around it
TALL = 0.1  # of the drop
APART = 2.0  # x the 99th percentile of the ordinary residuals
KEPT = 0.2  # of its height: what a spike that has come back may leave
ALIKE = 0.1  # of the tallest: what is smaller is not what anybody would point at
START = 0.03  # of the run: a bump that begins so early is no spike


@dataclass(frozen=True, kw_only=True)
class Spike:
    """One jump above the local trend; first, peak and last are points of the track."""

    first: int
    peak: int
    last: int


def loss_spikes(run: Tracks) -> Sighting | None:
    """Find every isolated jump; the onset is the first of them, at its exact step."""
    t = run.of(TRAIN_LOSS)
    if t is None:
        return None
    above, spikes = _spikes(t)
    highest = max(spikes, key=lambda s: float(above[s.peak]))
    height = float(above[highest.peak])
    at, peak = float(t.steps[spikes[0].first]), float(t.steps[highest.peak])
    back = min(spikes[-1].last + 1, len(t) - 1)
    took = float(t.steps[min(highest.last + 1, len(t) - 1)] - t.steps[highest.first])
    local = t.points[highest.peak] - height
    events = _events(run, t, above, spikes)
    evidence = [count("spikes", len(spikes)), step("tallest spike", peak), step("back to the trend after", took)]
    lasted = [t.steps[min(s.last + 1, len(t) - 1)] - t.steps[s.first] for s in spikes]
    evidence += [
        count("spikes that recover", sum(bool(e.recovered) for e in events)),
        step("median duration", float(np.median(lasted))),
    ]
    surges = ""
    if run.explain.has_norm:
        early = sum(EARLIER in e.explained_by for e in events)
        moved = early + sum(SURGE in e.explained_by for e in events)
        evidence += [count(f"spikes with a {SURGE}", moved), count(f"spikes with an {EARLIER}", early)]
        surges = f"; the gradient norm surges with {moved or 'none'} of {len(events)}"
        surges += f", before {early} of them" if early else ""
    if t.noise > 0:
        evidence.append(noises("height of the tallest", height / t.noise))
    if t.logarithmic or local > 0:
        ratio = float(np.exp(min(height, 700.0))) if t.logarithmic else t.points[highest.peak] / local
        evidence.append(count("tallest, of the local loss", ratio))
        tall = f"{say(ratio)} x the local loss"
    else:
        tall = f"{say(height)} above the local loss"
    place = f"at step {say_step(peak)}" if len(spikes) == 1 else f"the tallest at step {say_step(peak)}"
    return Sighting(
        onset=at,
        end=float(t.steps[back]) if spikes[-1].last < len(t) - 1 else None,
        evidence=tuple(evidence),
        events=events,
        sentence=f"{many(len(spikes), 'spike')}, {place}: {tall}, back within {say_steps(took)}{surges}",
    )


def _events(run: Tracks, t: Track, above: FloatArray, spikes: list[Spike]) -> tuple[Event, ...]:
    """Return the tallest spikes with their heights above the trend, in loss."""
    found = []
    for spike in sorted(spikes, key=lambda s: -float(above[s.peak]))[:MOST]:
        first, peak, after = (float(t.steps[min(at, len(t) - 1)]) for at in (spike.first, spike.peak, spike.last + 1))
        top, height = float(t.values[spike.peak]), float(above[spike.peak])
        found.append(
            Event(
                step=first,
                end=after if spike.last < len(t) - 1 else None,
                height=top * (1 - float(np.exp(-height))) if t.logarithmic else height,
                recovered=_recovered(t, spike, height),
                channel=TRAIN_LOSS,
                explained_by=run.explain.of(first, peak),
            )
        )
    return tuple(sorted(found, key=lambda e: e.step))


def _recovered(t: Track, spike: Spike, height: float) -> bool:
    """Tell whether the smoothed loss comes back to the level before a spike within a tenth of the run."""
    width = max(2, len(t) // 50)
    before = t.points[max(0, spike.first - width) : spike.first]
    low, high = np.searchsorted(t.centre, [spike.last + 1, spike.last + 1 + max(width, len(t) // 10)])
    after = t.line[low:high]
    return bool(len(before) and len(after) and after.min() <= np.median(before) + KEPT * height)


def _spikes(t: Track) -> tuple[FloatArray, list[Spike]]:
    """Return the height of each point above the trend, and the spikes; the largest rise where none is clear."""
    above, clear = _clear(t, t.residual, START)
    if not clear.any() and len(t) >= 20:
        # A spike wider than the smoothing window lifts the trend itself; a window six times as wide sees it, but
        # cannot follow the first descent.
        wide = running_median(t.line, min(6 * t.half, len(t.line) // 4))
        broad, found = _clear(t, t.points - np.interp(np.arange(len(t)), t.centre, wide), 0.1)
        above, clear = (broad, found) if found.any() else (above, clear)
    over = np.flatnonzero(clear & (above > ALIKE * float(above.max())))
    if not len(over):
        over = np.array([int(np.argmax(above))])
    gap = max(2, len(t) // 200)
    groups = np.split(over, np.flatnonzero(np.diff(over) > gap) + 1)
    return above, [_spike(t, above, group) for group in groups]


def _clear(t: Track, residual: FloatArray, since: float) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the residual with nothing before a share of the run, and where it is high enough for a spike."""
    limit = _limit(t, residual)
    begin = max(2, round(since * len(t)))
    over = residual > limit
    # What is up there at the very start belongs to the start until it has come down.
    if len(t) > begin and over[begin - 1 : begin + 1].all():
        begin += int(np.argmin(over[begin:])) if not over[begin:].all() else 0
    above = residual.copy()
    above[:begin] = 0.0
    return above, above > limit


def _limit(t: Track, above: FloatArray) -> FloatArray:
    """Return the height from which a residual is a spike: clear of the noise around it, tall, and apart from a tail."""
    limit = max(CLEAR * t.noise, TALL * t.height)
    ordinary = above[above <= limit]
    tail = float(np.quantile(ordinary, 0.99)) if len(ordinary) else 0.0
    return np.maximum(LOCAL * _local_noise(above), max(limit, APART * tail))


def _local_noise(above: FloatArray) -> FloatArray:
    """Return the robust deviation around each point, for noise falls as training goes on.

    Over a fifth of the run, of which a spike that comes back within a tenth fills no more than half.
    """
    size, centre = reduce(np.abs(above), 128)
    return np.interp(np.arange(len(above)), centre, 1.4826 * running_median(size, max(1, len(size) // 10)))


def _spike(t: Track, above: FloatArray, group: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Spike:
    """Let a spike begin where it is clear and last until it is back within a tenth of its height, or the noise."""
    peak = int(group[np.argmax(above[group])])
    calm = above[peak:] <= max(0.1 * float(above[peak]), 2 * t.noise)
    last = peak + int(np.argmax(calm)) - 1 if calm.any() else len(t) - 1
    return Spike(first=int(group[0]), peak=peak, last=max(last, peak))


def warmup_spike(run: Tracks) -> Sighting | None:
    """Find the bump of the first tenth: from its first raised point to where the loss is back below its start."""
    t = run.of(TRAIN_LOSS)
    if t is None:
        return None
    early = max(3, -(-len(t) // 10) + 1)
    # Long runs log their noise point by point: the bump is what a thirtieth of the first tenth agrees on.
    middle, centre = reduce(t.values[:early], 256)
    calm = running_median(middle, len(middle) // 60)
    rise = calm - np.minimum.accumulate(calm)
    peak = int(np.argmax(rise))
    low = int(np.argmin(calm[: peak + 1]))
    base = float(calm[low])
    raised = np.flatnonzero(calm[low : peak + 1] > base + 0.1 * rise[peak])
    first = low + int(raised[0]) if len(raised) else low
    begins, summit = round(float(centre[first])), round(float(centre[peak]))
    below = np.flatnonzero(t.values[summit:] <= base)
    end = float(t.steps[summit + below[0]]) if len(below) else None
    height, of = t.relative(float(rise[peak]), base)
    at, top = float(t.steps[begins]), float(t.steps[summit])
    back = f"back by step {say_step(end)}" if end is not None else "never back to it"
    return Sighting(
        onset=at,
        end=end,
        evidence=(
            percent("height" + of, height),
            step("step of the peak", top),
            loss("loss before it", base),
            loss("loss at the peak", float(calm[peak])),
        ),
        sentence=(
            f"train loss rises {say_percent(height)}{of} from {say(base)} within the first tenth of the run, "
            f"highest at step {say_step(top)}, {back}"
        ),
    )
