"""The result types. They hold data; `curvedx.show` renders them and computes nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from curvedx.catalogue import HEALTHY, SEVERITIES, UNASSESSED, Cause, Kind, LookAlike, Severity
from curvedx.curve import Curve
from curvedx.objectives import NOTHING, Expectations

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from curvedx.diagnosis.facts.known import Facts

SCHEMA_VERSION = 1
"""Version of what `Diagnosis.to_dict` returns; it grows when a key changes its meaning or goes."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One measured number behind a finding."""

    name: str
    """What was measured, such as ``"rise above the minimum"``."""
    value: float
    """The number, in `unit`."""
    unit: str
    """``"step"``, ``"%"``, ``"x noise"``, ``"loss"``, ``""`` for a count or a ratio."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One of the places at which a pattern shows: a spike, a drop, a jump, a restart, a task that is forgotten."""

    step: float
    """First step that shows it."""
    end: float | None
    """Step at which it is over; None while it lasts to the end of the run."""
    height: float
    """How far the channel goes, up or down (below zero), in its own unit."""
    recovered: bool | None
    """Whether the channel came back from it; None for what is not meant to come back."""
    channel: str
    """The channel that shows it."""
    explained_by: tuple[str, ...] = ()
    """What was logged beside it that may explain it, such as ``"cut of the learning rate"``, ``"rise of the learning
    rate"``, ``"epoch boundary"``, ``"resume"``, ``"earlier surge of the gradient norm"``; empty where nothing was."""


@dataclass(frozen=True, kw_only=True)
class RunFact:
    """One measured fact of a run."""

    name: str
    """Its name in `synth/facts.toml`, where it says how it is measured."""
    value: float | str | None
    """The number, in `unit`, or the word; None where it cannot be known, of which `sentence` says why."""
    unit: str
    """``"%"``, ``"x"`` (times), ``"loss"``, ``"step"``, ``"word"``, or ``""``."""
    sentence: str
    """The fact as one clause, without a capital and a full stop."""
    told: bool
    """Whether the text of a diagnosis tells it."""


@dataclass(frozen=True, kw_only=True)
class Normal:
    """Something that looks like trouble in a run and is none."""

    title: str
    """What it is."""
    why: str
    """The rest of the sentence "this is normal because"."""
    unless: str
    """The rest of the sentence "it would not be if"."""
    because: str
    """The fact by which it was recognised, as one clause; empty where a finding says it."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One pattern present in a run."""

    pattern: str
    """Its name in the catalogue."""
    title: str
    """Its name in words."""
    kind: Kind
    """``"problem"`` or ``"note"``."""
    severity: Severity
    """``"error"``, ``"warning"`` or ``"info"``."""
    probability: float
    """Calibrated probability that the pattern is present."""
    onset: float | None
    """Step at which it begins; None where a beginning means nothing."""
    end: float | None
    """Step at which it is over; None while it lasts to the end of the run."""
    channel: str
    """The channel that shows it."""
    evidence: tuple[Evidence, ...]
    """The numbers that show it."""
    events: tuple[Event, ...] = ()
    """The single places at which it shows, by step: the tallest where they are many, none where it is one course."""
    sentence: str
    """The evidence as one sentence."""
    causes: tuple[Cause, ...]
    """Most likely first, each with the check that confirms it and what in this run speaks for it or against it."""
    fixes: tuple[str, ...]
    """What to do, first things first."""
    look_alikes: tuple[LookAlike, ...]
    """What else draws such a curve, and how to tell."""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What curvedx says of one run."""

    name: str
    """The run's name."""
    label: str
    """The headline: the gravest problem present, else a note, else ``"healthy"``; ``"unassessed"`` if too short.

    Where `strangeness` is one half or more it is ``"healthy"``, with little confidence and a caveat that says why."""
    confidence: float | None
    """Calibrated probability that this headline is right; None when unassessed."""
    probabilities: Mapping[str, float | None]
    """Probability of each pattern, gravest first; None where it could not be assessed. What is no loss has none."""
    unassessed: Mapping[str, str]
    """Why, for each pattern that could not be assessed."""
    findings: tuple[Finding, ...]
    """The patterns present, gravest first."""
    best_step: float | None
    """Step of the lowest smoothed validation loss; None without validation loss."""
    caveats: tuple[str, ...]
    """Reasons to doubt this diagnosis."""
    headline: Mapping[str, float]
    """Probability of each possible headline label, if the signal is a loss; sums to one, empty when unassessed."""
    conformal: tuple[float, ...] = field(repr=False, default=())
    """Ascending nonconformity scores of held-out runs, from which `possible` takes its quantile."""
    strangeness: float | None = None
    """Calibrated probability that the signal is no loss at all; None when unassessed."""
    points: int
    """Logged train points."""
    span: tuple[float, float] | None
    """First and last step of the train loss."""
    model: str
    """Name and hash of the model that judged."""
    expected: Expectations = NOTHING
    """What the user knows of the run and no curve says."""
    curve: Curve = field(repr=False, compare=False)
    """What was judged."""

    def __post_init__(self) -> None:
        for name in ("probabilities", "unassessed", "headline"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __reduce__(self) -> tuple[Any, ...]:
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        fields |= {name: dict(fields[name]) for name in ("probabilities", "unassessed", "headline")}
        return _rebuild, (fields,)

    @property
    def ok(self) -> bool | None:
        """True without a problem, False with one, None when the run could not be assessed."""
        if self.label == UNASSESSED:
            return None
        return all(finding.kind != "problem" for finding in self.findings)

    @property
    def severity(self) -> Severity:
        """The gravest severity among the findings."""
        return max((f.severity for f in self.findings), key=SEVERITIES.index, default="none")

    # Measured when they are first asked for: who only wants labels does not wait for them.

    @cached_property
    def facts(self) -> tuple[RunFact, ...]:
        """What was measured on the run as a whole; what cannot be known is left out, or says why."""
        from curvedx.diagnosis.facts.told import run_facts  # noqa: PLC0415 - it makes these results

        return run_facts(self._known) if len(self.curve) else ()

    @cached_property
    def normal(self) -> tuple[Normal, ...]:
        """What looks like trouble and is none; nothing that a finding contradicts."""
        from curvedx.diagnosis.normal import normal  # noqa: PLC0415 - as above

        return normal(self.findings, self._known.of) if self.label != UNASSESSED else ()

    @cached_property
    def _known(self) -> Facts:
        from curvedx.diagnosis.facts.known import Facts  # noqa: PLC0415 - as above
        from curvedx.diagnosis.measures import Tracks  # noqa: PLC0415 - as above

        return Facts(Tracks(self.curve), self.expected)

    def possible(self, coverage: float = 0.9) -> tuple[str, ...]:
        """Return the headline labels that cannot be excluded, most probable first.

        A split conformal set: over runs like those held out in calibration it holds the true headline with at least
        this probability (Sadinle, Lei and Wasserman 2019, least ambiguous sets). Empty when unassessed.

        Parameters
        ----------
        coverage
            Wanted probability, strictly between 0 and 1.

        Raises
        ------
        ValueError
            If `coverage` lies outside.
        """
        if not 0.0 < coverage < 1.0:
            raise ValueError(f"coverage is {coverage!r}; expected a number strictly between 0 and 1")
        if not self.headline:
            return ()
        at = math.ceil((len(self.conformal) + 1) * coverage) - 1
        limit = self.conformal[at] if at < len(self.conformal) else 1.0
        ranked = sorted(self.headline.items(), key=lambda item: -item[1])
        inside = [name for name, p in ranked if 1.0 - p <= limit]
        return tuple(inside or [ranked[0][0]])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data; no value is NaN or infinite."""
        return {
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "label": self.label,
            "confidence": self.confidence,
            "ok": self.ok,
            "severity": self.severity,
            "possible": list(self.possible()),
            "findings": [_finding(f) for f in self.findings],
            "normal": [{"title": n.title, "why": n.why, "unless": n.unless, "because": n.because} for n in self.normal],
            "facts": [
                {"name": f.name, "value": f.value, "unit": f.unit, "sentence": f.sentence, "told": f.told}
                for f in self.facts
            ],
            "probabilities": dict(self.probabilities),
            "unassessed": dict(self.unassessed),
            "best_step": self.best_step,
            "caveats": list(self.caveats),
            "strangeness": self.strangeness,
            "points": self.points,
            "span": list(self.span) if self.span else None,
            "model": self.model,
        }

    def plot(self) -> Figure:
        """Draw the run with its findings marked (needs the extra ``plot``)."""
        from curvedx.show.plot import draw  # noqa: PLC0415 - matplotlib only where a picture is asked for

        return draw(self)

    def __str__(self) -> str:
        from curvedx.show.text import render  # noqa: PLC0415 - results must not import what renders them

        return render(self.to_dict())

    def _repr_html_(self) -> str:
        from curvedx.show.html import fragment  # noqa: PLC0415 - results must not import what renders them

        return fragment(self.to_dict(), self.curve)


def _rebuild(fields: dict[str, Any]) -> Diagnosis:
    return Diagnosis(**fields)


def _event(event: Event) -> dict[str, Any]:
    return {
        "step": event.step,
        "end": event.end,
        "height": event.height if math.isfinite(event.height) else None,
        "recovered": event.recovered,
        "channel": event.channel,
        "explained_by": list(event.explained_by),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "pattern": finding.pattern,
        "title": finding.title,
        "kind": finding.kind,
        "severity": finding.severity,
        "probability": finding.probability,
        "onset": finding.onset,
        "end": finding.end,
        "channel": finding.channel,
        "evidence": [
            {"name": e.name, "value": e.value if math.isfinite(e.value) else None, "unit": e.unit}
            for e in finding.evidence
        ],
        "events": [_event(e) for e in finding.events],
        "sentence": finding.sentence,
        "causes": [
            {"cause": c.cause, "check": c.check, "moved": c.moved, "because": c.because} for c in finding.causes
        ],
        "fixes": list(finding.fixes),
        "look_alikes": [
            {"name": a.name, "tell": a.tell, "moved": a.moved, "because": a.because} for a in finding.look_alikes
        ],
    }


__all__ = [
    "HEALTHY",
    "SCHEMA_VERSION",
    "UNASSESSED",
    "Diagnosis",
    "Event",
    "Evidence",
    "Finding",
    "Normal",
    "RunFact",
]
