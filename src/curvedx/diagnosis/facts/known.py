"""The facts of one run, each measured when it is first asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from curvedx.curve import CHANNELS, CLASS_ACCURACY, TASK_LOSS
from curvedx.diagnosis.evidence import Sighting
from curvedx.diagnosis.facts import around, losses, norms, rates, validation
from curvedx.diagnosis.facts.around import Around
from curvedx.diagnosis.facts.ground import Ground
from curvedx.diagnosis.facts.guess import guess
from curvedx.diagnosis.measures import Tracks
from curvedx.objectives import Expectations
from curvedx.rules import Lookup, Value

RUN: Mapping[str, Callable[[Ground], Value | None]] = MappingProxyType(
    {
        "logging interval": losses.interval,
        "length of the run": losses.length,
        "epochs": losses.epochs,
        "steps of an epoch": losses.epoch,
        "resumes": losses.resumes,
        "first loss": losses.first,
        "last loss": losses.last,
        "last loss, of the first": losses.end_of_start,
        "first loss, of chance": losses.first_of_chance,
        "last loss, of chance": losses.last_of_chance,
        "early peak, of the first loss": losses.early_peak,
        "late fall": losses.late_fall,
        "standing level": losses.standing,
        "standing level, by name": losses.named,
        "standing level, of chance": losses.standing_of_chance,
        "standing level, of the prior's entropy": losses.standing_of_prior,
        "noise, of the drop": losses.noise,
        "late noise, of the early": losses.thinning,
        "losses not finite": losses.broken,
        "losses exactly zero": losses.zeros,
        "losses below zero": losses.negative,
        "last loss before exact zeros": losses.before_zero,
        "losses that repeat": losses.repeats,
        "fall under the decay": losses.cooling,
        "generalisation gap": validation.gap,
        "trend of the gap": validation.gap_trend,
        "verdict on the gap": validation.gap_verdict,
        "validation loss, of the train loss": validation.of_train,
        "scatter of that ratio": validation.steadiness,
        "last validation loss, of the first": validation.end_of_start,
        "learning rate, largest": rates.largest,
        "learning rate, last of its peak": rates.last,
        "learning rate exactly zero": rates.zero,
        "learning rate, peak reached": rates.warmup,
        "learning rate, cuts": rates.cuts,
        "learning rate, restarts": rates.restarts,
        "gradient norm, median": norms.middle,
        "gradient norm, first of its median": norms.first,
        "gradient norms exactly zero": norms.zeros,
        "gradient norms not finite": norms.broken,
        "gradient norms not finite in a row": norms.longest_break,
        "gradient norms that repeat": norms.repeats,
        "clipped steps": norms.clipped,
        "clipping limit": norms.ceiling,
    }
)
"""What measures each fact of the run; names are those of `synth/facts.toml`."""

ONSET: Mapping[str, Callable[[Around], Value | None]] = MappingProxyType(
    {
        "onset, of the run": around.share,
        "onset, in epochs": around.onset_epoch,
        "onset, from an epoch's beginning": around.from_boundary,
        "onset, from a resume": around.from_resume,
        "repeats, in epochs": around.period,
        "learning rate at the onset, of its peak": around.rate,
        "rise of the learning rate before the onset": around.rate_rise,
        "learning rate across the onset": around.rate_change,
        "gradient norm just before the onset": around.surge_before,
        "gradient norm at the onset": around.surge_at,
        "gradient norm after the onset": around.level_after,
        "gradient norms not finite before the onset": around.broken_norms,
        "loss just before the onset": around.loss_before,
        "loss across the onset": around.loss_jump,
        "loss at the onset, of its start": around.loss_at,
        "losses finite after the onset": around.finite_after,
        "noise across the onset": around.thinning,
        "validation loss across the onset": around.validation_jump,
    }
)
"""What measures each fact around an onset."""

OBJECTIVE = "objective"
GUESSED = "objective, guessed from"


class Facts:
    """Everything known of one run, measured when it is asked for and once.

    Values beyond all reason may overflow on the way; ask under ``numpy.errstate(all="ignore")``. What is not finite in
    the end is unknown.

    Parameters
    ----------
    run
        The run, measured channel by channel.
    expected
        What its user knows of it.
    """

    def __init__(self, run: Tracks, expected: Expectations) -> None:
        self.ground = Ground(run, expected)
        self._known: dict[str, Value | None] = {}

    def of(self, name: str) -> Value | None:
        """Return a fact of the run; None where it is unknown."""
        if name not in self._known:
            if name in (OBJECTIVE, GUESSED):
                self._known |= self._objective()
            else:
                self._known[name] = _finite(RUN[name](self.ground))
        return self._known[name]

    def around(self, sighting: Sighting) -> Lookup:
        """Return what looks facts up for one finding: of the run, around its onset, and its evidence."""
        at = Around(self.ground, sighting.onset, {e.name: e.value for e in sighting.evidence})
        known: dict[str, Value | None] = {}

        def lookup(name: str) -> Value | None:
            if name not in known:
                measure = ONSET.get(name)
                if measure is not None:
                    known[name] = _finite(measure(at))
                else:
                    # What is neither of the run nor of the onset is evidence, if this finder gave it.
                    known[name] = self.of(name) if name in RUN or name == OBJECTIVE else at.evidence.get(name)
            return known[name]

        return lookup

    def _objective(self) -> dict[str, Value | None]:
        given = self.ground.expected.objective
        if given is not None:
            return {OBJECTIVE: given, GUESSED: None}
        names = tuple(name for name in self.ground.tracks.curve.channels if not _judged(name))
        found = guess(names) if names else None
        return {OBJECTIVE: found[0] if found else None, GUESSED: found[1] if found else None}


def _finite(value: Value | None) -> Value | None:
    return value if value is None or isinstance(value, str) or math.isfinite(value) else None


def _judged(name: str) -> bool:
    return name in CHANNELS or name.startswith((TASK_LOSS, CLASS_ACCURACY))
