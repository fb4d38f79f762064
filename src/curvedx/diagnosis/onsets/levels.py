"""Runs that stand still or stop too soon: flat line, plateau, undertrained."""

from __future__ import annotations

import numpy as np

from curvedx.catalogue import Level, levels
from curvedx.curve import TRAIN_LOSS
from curvedx.diagnosis.evidence import Sighting, loss, percent, say, say_percent, say_step, say_steps, step
from curvedx.diagnosis.measures import Track, Tracks

NEAR_LEVEL = 0.01


def flat_line(run: Tracks) -> Sighting | None:
    """Say at which level it sits; it begins with the run."""
    t = run.of(TRAIN_LOSS)
    if t is None:
        return None
    level = float(np.median(t.smooth))
    fall, of = t.relative(t.start - t.end, abs(t.start))
    moved = f"ends {say_percent(abs(fall))}{of} {'below' if fall >= 0 else 'above'} its start"
    evidence = [loss("level", level), percent("total fall", fall), loss("noise", t.noise)]
    sentence = f"train loss sits at {say(level)} from the first step and {moved}"
    named = nearest_level(level)
    if named is not None and named.value is not None:
        evidence.append(loss(f"{named.name}: {named.formula}", named.value))
        sentence += (
            f"; {say(level)} is within {say_percent(100 * abs(level / named.value - 1))} of "
            f"{named.formula} = {say(named.value)}, {named.name}"
        )
    return Sighting(onset=float(t.steps[0]), evidence=tuple(evidence), sentence=sentence)


def nearest_level(level: float) -> Level | None:
    """Return the meaningful level nearest to a loss, if one lies within 1 %."""
    known = [(abs(level / named.value - 1), named) for named in levels() if named.value]
    near, named = min(known, key=lambda pair: pair[0], default=(np.inf, None))
    return named if near <= NEAR_LEVEL else None


def plateau(run: Tracks) -> Sighting | None:
    """Find the knee: where the smoothed loss has made all but a twentieth of its way to the level of its last half."""
    t = run.of(TRAIN_LOSS)
    if t is None:
        return None
    place = _knee(t)
    at, level = t.step(place), float(t.smooth[place])
    gained = t.percent_of_drop(level - t.end)
    share = 100 * (1 - t.index(place) / (len(t) - 1))
    high, of = t.relative(t.end, t.start)
    return Sighting(
        onset=at,
        evidence=(
            loss("level at the knee", level),
            percent("gained since, of the drop", gained),
            percent("share of the run since", share),
            percent("level, of the start", high if not of else 0.0),
        ),
        sentence=(
            f"train loss fell to {say(level)} by step {say_step(at)} and has {'gained' if gained >= 0 else 'lost'} "
            f"{say_percent(abs(gained))} of its drop since, over {say_percent(share)} of the run"
        ),
    )


def _knee(t: Track) -> int:
    """Return the bin of the knee."""
    late = float(np.median(t.smooth[t.since(0.5) :]))
    fall = t.start - late
    return int(np.flatnonzero(t.smooth <= late + 0.05 * fall)[0]) if fall > 0 else t.low


def undertrained(run: Tracks) -> Sighting | None:
    """Measure what the last fifth of the run brings; the whole run is meant, so it has no beginning."""
    t = run.of(TRAIN_LOSS)
    if t is None:
        return None
    place = t.since(0.8)
    gain = float(t.smooth[place]) - t.end
    steps = float(t.steps[-1]) - t.step(place)
    share = t.percent_of_drop(gain)
    return Sighting(
        onset=None,
        evidence=(
            percent("gain of the last fifth, of the drop", share),
            loss("gain of the last fifth", gain),
            step("last fifth", steps),
        ),
        sentence=(
            f"the last fifth of the run still brings {say_percent(share)} of the whole drop: "
            f"from {say(float(t.smooth[place]))} to {say(t.end)} in {say_steps(steps)}"
        ),
    )
