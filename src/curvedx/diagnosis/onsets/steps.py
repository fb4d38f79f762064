"""Sudden lasting changes of level: jumps up, drops, and drops at equal distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from curvedx.curve import LR, TRAIN_LOSS, FloatArray
from curvedx.diagnosis.evidence import (
    MOST,
    Sighting,
    count,
    many,
    noises,
    percent,
    say_percent,
    say_step,
    say_steps,
    step,
)
from curvedx.diagnosis.explain import CUT, EPOCH, RESUME, RISE
from curvedx.diagnosis.measures import SHORT, TINY, Track, Tracks, rise_begins, split
from curvedx.diagnosis.result import Event, Evidence
from curvedx.measures import running_median, spread

SINGLE = 12  # falls from one point to the next that are looked at in a short run
LEVEL = 99  # points that tell a level well enough
SURE = 5.0  # times what the definition asks of a drop: more makes it no surer
UNEVEN = 0.15  # of the distance of drops, by which one may miss its place
CLEAR = 0.4  # of the surest drop: what is less sure beside it is the bend of a curve


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of level: the first point of the new level, its size on the axis of the plot, and how clear it is."""

    at: int
    size: float
    contrast: float


def changes(t: Track, sign: int, since: float = 0.0) -> list[Change]:
    """Return the sudden changes in one direction after a share of the run, clearest first; the clearest in any case.

    The contrast of the medians on both sides of each bin, less what the descent around it brings anyway.
    """
    line = t.line if len(t) >= SHORT else t.points
    side = max(2, len(line) // 50)
    if len(line) < 2 * side + 1:
        return []
    means = running_median(line, side // 2)
    contrast = np.zeros(len(line))
    contrast[side:-side] = _detrended(sign * (means[2 * side :] - means[: -2 * side]), 4 * side)
    contrast[: int(since * len(line))] = 0.0
    floor = max(4 * t.noise / np.sqrt(max(1.0, len(t) / len(line))) / np.sqrt(side), 3 * spread(contrast))
    found: list[Change] = []
    left = contrast.copy()
    while len(found) < 200:
        place = int(np.argmax(left))
        if left[place] <= 0 or (found and left[place] < max(floor, 0.1 * contrast.max())):
            break
        # The contrast of a clean step is as high a little before and after it: its middle is meant.
        lower = np.flatnonzero(left[place:] < 0.8 * left[place])
        place += int(lower[0] - 1) // 2 if len(lower) else 0
        reach = t.index(min(place + side, len(line) - 1)) - t.index(place)
        at = split(t.points, t.index(place) - reach, t.index(place) + reach + 1)
        found.append(Change(at=at, size=_height(t, at), contrast=float(left[place])))
        left[max(0, place - 2 * side) : place + 2 * side + 1] = 0.0
    return found


def _detrended(contrast: FloatArray, half: int) -> FloatArray:
    """Subtract the running median; near the end the last full one, for a step there would fill a shorter one."""
    base = running_median(contrast, half)
    if len(contrast) > 2 * half:
        base[-half:] = base[-half - 1]
    return contrast - base


def _height(t: Track, at: int) -> float:
    """Return the size of a change at a point, on the axis of the plot."""
    width = max(2, len(t) // 50)
    before, after = t.points[max(0, at - width) : at], t.points[at : at + width]
    return abs(float(np.median(after)) - float(np.median(before))) if len(before) and len(after) else 0.0


def level_jump(run: Tracks) -> Sighting | None:
    """Find the largest lasting step up, at its exact point."""
    t = run.of(TRAIN_LOSS)
    if t is None:
        return None
    found = changes(t, 1)
    at = found[0].at if found else 1 + int(np.argmax(np.diff(t.points)))
    width = max(2, len(t) // 50)
    before, after = float(np.median(t.values[max(0, at - width) : at])), float(np.median(t.values[at : at + width]))
    size, of = t.relative(after - before, before)
    lost = after - before
    won = (
        100 * min(1.0, max(0.0, after - float(t.smooth[t.centre >= at].min(initial=after))) / lost) if lost > 0 else 0.0
    )
    beyond = np.flatnonzero((t.smooth <= before) & (t.centre > at))
    end = t.step(int(beyond[0])) if len(beyond) else None
    where = float(t.steps[at])
    evidence = [percent("size" + of, size), percent("won back", won)]
    if t.noise > 0:
        axis = np.log(after / before) if t.logarithmic else lost
        evidence.append(noises("size, against the noise", float(axis) / t.noise))
    rewinds = [r for r in run.curve.rewinds if abs(r - where) <= 0.01 * (t.steps[-1] - t.steps[0])]
    evidence.append(count("resumes at the jump", len(rewinds)))
    change = run.explain.change(where)
    if change is not None:
        evidence.append(count("learning rate after, of before", change))
    resume = f", where the run was resumed (step {say_step(rewinds[0])})" if rewinds else ""
    told = run.explain.of(where, where)
    told_rate = "".join(f", at a {word}" for word in (CUT, RISE) if word in told)
    event = Event(step=where, end=end, height=lost, recovered=end is not None, channel=TRAIN_LOSS, explained_by=told)
    return Sighting(
        onset=where,
        end=end,
        evidence=tuple(evidence),
        events=(event,),
        sentence=(
            f"train loss jumps up by {say_percent(size)}{of} at step {say_step(where)}{resume}{told_rate} "
            f"and wins back {say_percent(won)} of it"
        ),
    )


def step_drops(run: Tracks) -> Sighting | None:
    """Find the sudden lasting falls after the first tenth; the onset is the first of them."""
    t = run.of(TRAIN_LOSS)
    if t is None:
        return None
    drops = _drops(t, _falls(t), 0.05)
    largest = max(drops, key=lambda c: c.size)
    size, of = _size(t, largest)
    at, where = float(t.steps[drops[0].at]), float(t.steps[largest.at])
    events = _events(run, t, drops)
    evidence = [count("drops", len(drops)), step("largest drop", where), percent("size of the largest" + of, size)]
    place = f"at step {say_step(where)}" if len(drops) == 1 else f"the largest at step {say_step(where)}"
    sentence = f"{many(len(drops), 'sudden drop')} of the train loss, {place}: {say_percent(size)}{of}"
    if LR in run.curve:
        cuts = sum(CUT in e.explained_by for e in events)
        evidence.append(count(f"drops at a {CUT}", cuts))
        if len(drops) == 1:
            sentence += f", {'' if cuts else 'not '}at a {CUT}"
        else:
            sentence += f"; {cuts or 'none'} of {len(drops)} at a {CUT}"
    evidence += _explained(events)
    return Sighting(
        onset=at, end=float(t.steps[drops[-1].at]), evidence=tuple(evidence), events=events, sentence=sentence
    )


def epoch_staircase(run: Tracks) -> Sighting | None:
    """Find the drops and their distance; the onset is the first of them."""
    t = run.of(TRAIN_LOSS)
    if t is None:
        return None
    falls = _falls(t)
    drops = _drops(t, falls, 0.015)
    if len(drops) > 1:
        drops = _in_step(drops, _drops(t, falls, 0.015, begun=False))
    if len(drops) < 3 and len(t) < SHORT:
        drops = _periodic(t) or drops
    at = [float(t.steps[c.at]) for c in drops]
    apart = np.diff(at)
    mean, of = float(np.mean([_size(t, c)[0] for c in drops])), _size(t, drops[0])[1]
    evidence = [count("drops", len(drops)), percent("mean size" + of, mean)]
    sentence = f"{many(len(drops), 'drop')} of the train loss, on average {say_percent(mean)}{of}"
    if len(apart):
        period = float(np.median(apart))
        evidence += [step("distance", period), percent("spread of the distance", 100 * spread(apart) / period)]
        sentence += f", about {say_steps(round(period))} apart, the first at step {say_step(at[0])}"
    events = _events(run, t, drops)
    evidence += _explained(events)
    return Sighting(onset=at[0], end=at[-1], evidence=tuple(evidence), events=events, sentence=sentence)


def _events(run: Tracks, t: Track, drops: list[Change]) -> tuple[Event, ...]:
    """Return the deepest drops with their heights, in loss; a drop is over where it is made."""
    found = []
    for drop in sorted(drops, key=lambda c: -c.size)[:MOST]:
        at = float(t.steps[drop.at])
        made = min(drop.at + _wide(t) - 1, len(t) - 1)
        width = max(2, len(t) // 50)
        before = float(np.median(t.values[max(0, drop.at - width) : drop.at]))
        height = before * (1 - float(np.exp(-drop.size))) if t.logarithmic else drop.size
        found.append(
            Event(
                step=at,
                end=float(t.steps[made]),
                height=-height,
                recovered=None,
                channel=TRAIN_LOSS,
                explained_by=run.explain.of(at, at),
            )
        )
    return tuple(sorted(found, key=lambda e: e.step))


def _explained(events: tuple[Event, ...]) -> list[Evidence]:
    """Count the drops at an epoch boundary, at a resume, and those that nothing logged explains."""
    return [
        count("drops at an epoch boundary", sum(EPOCH in e.explained_by for e in events)),
        count("drops at a resume", sum(RESUME in e.explained_by for e in events)),
        count("unexplained drops", sum(not set(e.explained_by) & {CUT, EPOCH, RESUME} for e in events)),
    ]


def _falls(t: Track) -> list[int]:
    """Return the points after the first tenth at which a drop may be made, one at least."""
    places = [c.at for c in changes(t, -1, since=0.1)]
    late = max(1, len(t) // 10)
    if len(t) < SHORT:
        # Few points leave no room for levels on both sides: single falls are looked at too.
        falls = np.diff(t.points[late - 1 :])
        places += [late + int(at) for at in np.argsort(falls)[:SINGLE] if falls[at] < 0]
    return places or [late]


def _drops(t: Track, falls: list[int], least: float, *, begun: bool = True) -> list[Change]:
    """Return those of the `_falls` that the definition counts as drops, in the order of their steps; one in any case.

    `least` is the smallest share of the local level, and `begun` leaves out those before which nothing had been gained.
    Where no drop counts it is the one that comes nearest to it.
    """
    sure = {at: _sureness(t, at, least, begun=begun) for at in falls}
    surest = max(sure, key=lambda at: sure[at])
    counted = [surest]
    for at in sorted(sure, key=lambda at: -sure[at]):
        apart = min(abs(at - other) for other in counted)
        if sure[at] >= max(1.0, CLEAR * sure[surest]) and apart > _wide(t):
            counted.append(at)
    first = {_sets_in(t, at): sure[at] for at in sorted(counted)}
    return [Change(at=at, size=_height(t, at), contrast=certain) for at, certain in first.items()]


def _in_step(drops: list[Change], more: list[Change]) -> list[Change]:
    """Return drops and those before them that stand at the same distance: the first may be the first thing learned."""
    period = float(np.median(np.diff([drop.at for drop in drops])))
    apart = [(drops[0].at - drop.at) / period for drop in more]
    early = [
        drop for drop, ahead in zip(more, apart, strict=True) if ahead > 0.5 and abs(ahead - round(ahead)) < UNEVEN
    ]
    return [*early, *drops]


def _wide(t: Track) -> int:
    """Return the points within 3 % of the run, in which a drop is made."""
    return max(1 if len(t) < SHORT else 2, round(0.03 * len(t)))


def _sureness(t: Track, at: int, least: float, *, begun: bool) -> float:
    """Return how many times a drop exceeds what the definition asks of it, in the point in which it does so least.

    It has to be a share of the local level, clear of the noise, steeper than what comes before and after, and, where
    the descent has to have `begun`, no part of its beginning.
    """
    wide = _wide(t)
    places = (at - 2 * wide, at - wide, at + wide - 1, at + 2 * wide - 1)
    each = max(1, wide // LEVEL)
    parts = [t.points[max(0, first) : max(0, first + wide) : each] for first in places]
    far, before, after, later = (float(np.median(part)) if len(part) else None for part in parts)
    if before is None or after is None:
        return 0.0
    fall, fallen = before - after, (t.points[0] if t.logarithmic else t.start) - before
    if fall <= 0:
        return 0.0
    local = 1.0 if t.logarithmic else t.drop if t.signed else abs(before)
    share = 1.0 - float(np.exp(-fall)) if t.logarithmic else fall / max(local, TINY)
    pace = max(0.0, 0.0 if far is None else far - before, 0.0 if later is None else after - later)
    return min(
        SURE,
        share / least,
        fall / max(4 * t.noise, TINY),
        fall / max(3.5 * pace, TINY),
        max(fallen, 0.0) / max(0.15 * (fallen + fall), TINY) if begun else SURE,
    )


def _sets_in(t: Track, at: int) -> int:
    """Return the first point of a drop that takes a while, where the noise lets it be seen; else the split itself."""
    wide = max(2, round(0.03 * len(t)))
    first = max(0, at - wide)
    part = -t.points[first : at + wide + 1]
    low = int(np.argmin(part[: at - first]))
    top = low + int(np.argmax(part[low:]))
    if part[top] - part[low] < 12 * t.noise:
        return at
    return first + rise_begins(part, low, top, 0.2) + 1


def _periodic(t: Track) -> list[Change]:
    """Return drops at the equal distance at which the curve falls most, where too few of them are clear by themselves.

    Falls are clipped, so that one large fall does not decide; the first descent is left out.
    """
    fall = -np.diff(t.points)
    fall[: len(fall) // 20 + 1] = 0.0
    fall = np.clip(fall - np.median(fall), 0.0, np.quantile(fall, 0.95))
    scores = [
        (float(fall[phase::period].sum()) / np.sqrt(len(fall[phase::period])), -period, phase)
        for period in range(3, len(fall) // 3 + 1)
        for phase in [int(np.argmax([fall[p::period].sum() for p in range(period)]))]
    ]
    if not scores:
        return []
    score, period, phase = max(scores)
    at = [place + 1 for place in range(phase, len(fall), -period) if place > 0]
    return [Change(at=place, size=_height(t, place), contrast=score) for place in at]


def _size(t: Track, change: Change) -> tuple[float, str]:
    """Return the size of a drop in per cent of the level before it (of the drop where losses are negative)."""
    width = max(2, len(t) // 50)
    before = float(np.median(t.values[max(0, change.at - width) : change.at]))
    if t.logarithmic:
        return 100 * (1 - float(np.exp(-change.size))), ""
    return t.relative(change.size, before)
