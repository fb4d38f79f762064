"""What looks like trouble in a run and is none, as far as the run itself and its user say so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from curvedx.catalogue import Benign, benign
from curvedx.diagnosis.result import Finding, Normal
from curvedx.rules import Lookup, because, holds


def normal(findings: Sequence[Finding], known: Lookup) -> tuple[Normal, ...]:
    """Return what of `synth/benign.toml` applies to a run.

    Nothing is called normal that a finding contradicts: none of the patterns that the entry names may be present, and
    nothing of severity error, beside which nobody asks what else is normal.

    Parameters
    ----------
    findings
        The patterns present.
    known
        Looks up the facts of the run.
    """
    with np.errstate(all="ignore"):
        return tuple(
            Normal(title=entry.title, why=entry.why, unless=entry.unless, because=because(entry.when[:1], known))
            for entry in benign()
            if not contradicted(entry, findings) and _applies(entry, findings, known)
        )


def contradicted(entry: Benign, findings: Sequence[Finding]) -> bool:
    """Return whether some finding forbids to call an entry normal."""
    return any(finding.severity == "error" or finding.pattern in entry.not_with for finding in findings)


def _applies(entry: Benign, findings: Sequence[Finding], known: Lookup) -> bool:
    present = {finding.pattern for finding in findings}
    return (not entry.present or not present.isdisjoint(entry.present)) and holds(entry.when, known)
