"""`Scored`: runs, what is said of them and how often each was drawn, in the one form from which figures are made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curvedx.catalogue import assessable
from curvedx.curve import FloatArray
from curvedx.evaluate import metrics
from curvedx.evaluate.metrics import BoolArray
from curvedx.evaluate.predictions import Prediction
from curvedx.readers.labelled import LabelledRun

DRAWS = 1000


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Runs in rows and labels in columns; `weights` has a row for the value itself and one for each bootstrap draw."""

    runs: Sequence[LabelledRun]
    said: Sequence[Prediction]
    weights: FloatArray
    """Shape (1 + draws, runs): ones first, then how often each run was drawn."""
    labels: tuple[str, ...]
    present: BoolArray
    """What the annotators call present."""
    named: BoolArray
    """What is said to be present."""
    grey: BoolArray
    """What could be argued either way."""
    silent: BoolArray
    """What is left unassessed."""

    @classmethod
    def of(cls, runs: Sequence[LabelledRun], said: Sequence[Prediction], seed: int) -> Scored:
        """Put runs and predictions side by side."""
        labels = tuple(p.name for p in assessable())
        resamples = metrics.resamples([run.cluster for run in runs], DRAWS, seed)
        return cls(
            runs=runs,
            said=said,
            weights=np.vstack([np.ones(len(runs)), resamples]),
            labels=labels,
            present=_table([run.present for run in runs], labels),
            named=_table([p.labels for p in said], labels),
            grey=_table([run.grey for run in runs], labels),
            silent=_table([p.unassessed for p in said], labels),
        )


def estimate(draws: FloatArray) -> dict[str, Any]:
    """Split the value, which stands first, from its bootstrap draws; None is what cannot be said."""
    low, high = metrics.interval(draws[1:])
    return {"value": number(draws[0]), "low": number(low), "high": number(high)}


def number(value: float | np.floating[Any]) -> float | None:
    """Return a float of Python; None for NaN and infinity."""
    return float(value) if math.isfinite(value) else None


def _table(sets: Sequence[frozenset[str]], labels: Sequence[str]) -> BoolArray:
    return np.array([[name in names for name in labels] for names in sets], dtype=bool).reshape(len(sets), len(labels))
