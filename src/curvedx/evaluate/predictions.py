"""`Prediction`: what a model or a baseline says of a run, in the one form that is scored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from curvedx.catalogue import HEALTHY, UNASSESSED, patterns
from curvedx.diagnosis.result import Diagnosis
from curvedx.models.headline import no_loss


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Labels, and what a model adds to them; a baseline leaves the added fields empty."""

    labels: frozenset[str]
    """Patterns said to be present."""
    unassessed: frozenset[str]
    """Patterns of which nothing is said."""
    headline: str
    """The gravest label, ``"healthy"``, or ``"unassessed"``."""
    confidence: float | None = None
    """Probability that the headline is right."""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    """Probability of each assessed pattern."""
    possible: frozenset[str] | None = None
    """The conformal set at coverage 0.9."""
    onsets: Mapping[str, float] = field(default_factory=dict)
    """Step at which a label begins."""
    strangeness: float | None = None
    """Probability that the signal is no loss at all."""

    @property
    def warned(self) -> bool:
        """Whether it doubts that the signal is a loss."""
        return no_loss(self.strangeness)


def headline(labels: Collection[str]) -> str:
    """Return the gravest of the labels by the catalogue's rank, ``"healthy"`` without any."""
    return min(labels, key=lambda name: patterns()[name].rank, default=HEALTHY)


def from_diagnosis(dx: Diagnosis) -> Prediction:
    """Read off what is scored."""
    return Prediction(
        labels=frozenset(finding.pattern for finding in dx.findings),
        unassessed=frozenset(name for name, p in dx.probabilities.items() if p is None)
        | (frozenset(patterns()) if dx.label == UNASSESSED else frozenset()),
        headline=dx.label,
        confidence=dx.confidence,
        probabilities={name: p for name, p in dx.probabilities.items() if p is not None},
        possible=frozenset(dx.possible(0.9)) if dx.headline else None,
        onsets={finding.pattern: finding.onset for finding in dx.findings if finding.onset is not None},
        strangeness=dx.strangeness,
    )
