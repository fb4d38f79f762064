"""From a pattern that is present to a `Finding`: where it is, what shows it, and what the catalogue advises."""

from __future__ import annotations

from curvedx.catalogue import Pattern
from curvedx.curve import VAL_LOSS, Curve
from curvedx.diagnosis.facts.known import Facts
from curvedx.diagnosis.measures import FEWEST
from curvedx.diagnosis.onsets import sight
from curvedx.diagnosis.onsets.validation import best_point
from curvedx.diagnosis.ranking import ranked
from curvedx.diagnosis.result import Finding
from curvedx.measures import finite_points


def finding(run: Facts, pattern: Pattern, probability: float) -> Finding:
    """Fill in everything that is said of one present pattern.

    Parameters
    ----------
    run
        The run and what is known of it; it has the channels that the pattern needs.
    pattern
        A problem or a note of the catalogue.
    probability
        Calibrated probability that it is present.
    """
    seen = sight(run.ground.tracks, pattern.name)
    known = run.around(seen)
    return Finding(
        pattern=pattern.name,
        title=pattern.title,
        kind=pattern.kind,
        severity=pattern.severity,
        probability=probability,
        onset=seen.onset,
        end=seen.end,
        channel=seen.channel,
        evidence=seen.evidence,
        events=seen.events,
        sentence=seen.sentence,
        causes=ranked(pattern.causes, known),
        fixes=pattern.fixes,
        look_alikes=ranked(pattern.look_alikes, known),
    )


def best_step(curve: Curve) -> float | None:
    """Return the step of the lowest smoothed validation loss; None with fewer than three finite evaluations."""
    channel = curve.get(VAL_LOSS)
    if channel is None:
        return None
    steps, values = finite_points(channel)
    return float(steps[best_point(values)]) if len(values) >= FEWEST else None
