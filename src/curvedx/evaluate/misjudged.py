"""The runs that were misjudged, the surest errors first: where to look next."""

from __future__ import annotations

from typing import Any

from curvedx.evaluate.headlines import true_headline
from curvedx.evaluate.scored import Scored

Error = dict[str, Any]


def misjudged(scored: Scored) -> list[dict[str, Any]]:
    """Return each run with a label missed or wrongly named; grey and unassessed labels are no errors."""
    found = []
    for row, (run, p) in enumerate(zip(scored.runs, scored.said, strict=True)):
        errors = [
            _error(name, p.probabilities.get(name), present=bool(scored.present[row, k]))
            for k, name in enumerate(scored.labels)
            if scored.present[row, k] != scored.named[row, k] and not (scored.grey[row, k] or scored.silent[row, k])
        ]
        if errors:
            found.append(
                {
                    "run": run.curve.name,
                    "cluster": run.cluster,
                    "true_headline": true_headline(run),
                    "said_headline": p.headline,
                    "confidence": p.confidence,
                    "errors": errors,
                }
            )
    return sorted(found, key=lambda one: -max(_distance(error) for error in one["errors"]))


def _error(name: str, probability: float | None, *, present: bool) -> Error:
    return {"label": name, "kind": "missed" if present else "false", "probability": probability}


def _distance(error: Error) -> float:
    """Return how far the probability lies from the truth; of a rule it lies as far as can be."""
    if error["probability"] is None:
        return 1.0
    return float(1.0 - error["probability"] if error["kind"] == "missed" else error["probability"])
