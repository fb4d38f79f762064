"""Gradient norms that explode or vanish; both are judged on a log axis."""

from __future__ import annotations

import numpy as np

from curvedx.curve import GRAD_NORM, TRAIN_LOSS, Channel, FloatArray
from curvedx.diagnosis.evidence import Sighting, count, percent, say, say_percent, say_step, say_steps, step
from curvedx.diagnosis.measures import Track, Tracks, rise_begins

DRIFT = 0.2  # of the rise: what a norm may drift before it explodes
LITTLE = 1.0  # decades: a norm that falls by less was low from its beginning
_TINY = 1e-30  # stands for a norm of exactly zero on a log axis


def _log(t: Track) -> FloatArray:
    line: FloatArray = np.log10(np.maximum(t.close, _TINY))
    return line


def exploding_gradients(run: Tracks) -> Sighting | None:
    """Find the foot of the largest lasting rise of the smoothed norm, or the first infinite one without such a rise."""
    channel, t = run.curve.get(GRAD_NORM), run.of(GRAD_NORM)
    if channel is None:
        return None
    broken = _first_broken(channel)
    if t is None:
        return None if broken is None else _breaks(broken)
    line = _log(t)
    first = t.since(0.1) if len(t) >= 20 else 0
    top = first + int(np.argmax(line[first:] - np.minimum.accumulate(line[first:])))
    place = rise_begins(line, first + int(np.argmin(line[first : top + 1])), top, DRIFT)
    before = float(np.median(t.smooth[first : max(first + 1, place)]))
    factor = float(t.smooth[top]) / before if before > 0 else 1.0
    at = t.step(place)
    if broken is not None and factor < 10:
        return _breaks(broken, before)
    doubles = _doubles(t, place, top)
    evidence = [count("level before", before), count("level reached", float(t.smooth[top])), count("factor", factor)]
    sentence = (
        f"gradient norm rises {say(factor)} x from step {say_step(at)}, from {say(before)} to {say(t.smooth[top])}"
    )
    if doubles is not None:
        evidence.append(step("steps to double", doubles))
        sentence += f", doubling every {say_steps(doubles)}"
    if broken is not None:
        evidence.append(step("first gradient norm that is not finite", broken))
        sentence += f", and stops being finite at step {say_step(broken)}"
    return Sighting(onset=at, channel=GRAD_NORM, evidence=tuple(evidence), sentence=sentence)


def _breaks(at: float, before: float | None = None) -> Sighting:
    """Say where the norm stops being finite, and its level until then where there was one."""
    evidence = [step("first gradient norm that is not finite", at)]
    sentence = f"gradient norm stops being finite at step {say_step(at)}"
    if before is not None:
        evidence.append(count("level before", before))
        sentence = f"gradient norm is {say(before)} until it stops being finite at step {say_step(at)}"
    return Sighting(onset=at, channel=GRAD_NORM, evidence=tuple(evidence), sentence=sentence)


def _doubles(t: Track, first: int, last: int) -> float | None:
    """Return the steps in which the norm doubles (halves, if it falls) between two bins; None where it never does.

    Up to where nine tenths of the way are made in the logarithm, so that a level reached is not taken for growth.
    """
    line = _log(t)
    way = abs(line - line[first])[first : last + 1]
    made = first + int(np.argmax(way >= 0.9 * way[-1])) if len(way) else first
    decades = abs(float(line[made] - line[first]))
    return (t.step(made) - t.step(first)) * float(np.log10(2)) / decades if decades > float(np.log10(2)) else None


def _first_broken(channel: Channel) -> float | None:
    broken = np.flatnonzero(~np.isfinite(channel.values))
    return float(channel.steps[broken[0]]) if len(broken) else None


def vanishing_gradients(run: Tracks) -> Sighting | None:
    """Find where the smoothed norm begins to fall to the level on which it ends."""
    t, train = run.of(GRAD_NORM), run.of(TRAIN_LOSS)
    if t is None:
        return None
    line = _log(t)
    # A fall is a rise upside down.
    lowest = int(np.argmin(line))
    place = rise_begins(-line, int(np.argmax(line[: lowest + 1])), lowest)
    if line[place] - line[lowest] < LITTLE:
        place = 0
    before, at = float(t.smooth[place]), t.step(place)
    evidence = [count("level before", before), count("end", t.end)]
    if t.end > 0 and before > 1.1 * t.end:
        evidence.append(count("factor", before / t.end))
        sentence = (
            f"gradient norm falls {say(before / t.end)} x from step {say_step(at)}, from {say(before)} to {say(t.end)}"
        )
    else:
        sentence = f"gradient norm sits at {say(t.end)} from step {say_step(at)}"
    halves = _doubles(t, place, lowest)
    if halves is not None:
        evidence.append(step("steps to halve", halves))
    if train is not None:
        share, of = train.relative(train.end, train.start)
        if not of:
            evidence.append(percent("loss at the end, of its start", share))
            sentence += f" while the loss is still at {say_percent(share)} of its start"
    return Sighting(onset=at, channel=GRAD_NORM, evidence=tuple(evidence), sentence=sentence)
