"""`compare`: what a run shows that its healthy baseline did not, on the same steps."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from curvedx.catalogue import SEVERITIES, UNASSESSED, Severity
from curvedx.curve import GRAD_NORM, LR, TRAIN_LOSS, VAL_LOSS, Channel, Curve
from curvedx.diagnosis.beside import FEWEST, Difference, Reached, difference, rate_difference, reached, shared
from curvedx.diagnosis.evidence import call, many, say, say_percent, say_step
from curvedx.diagnosis.intake import as_curve
from curvedx.diagnosis.result import Diagnosis, Finding
from curvedx.errors import CurveError

SCHEMA_VERSION = 1
"""Version of what `Comparison.to_dict` returns; it grows when a key changes its meaning or goes."""

ALIKE = 2.0
"""Losses that start further apart than this factor may not be the same loss."""

SLIVER = 0.1
"""Share of a run below which what it shares with the other is a sliver."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What one run shows beside another."""

    run: Diagnosis
    """The diagnosis of the run."""
    baseline: Diagnosis
    """The diagnosis of its baseline."""
    new: tuple[Finding, ...]
    """Found in the run and not in the baseline, gravest first; a pattern not assessed in the baseline is among them."""
    gone: tuple[Finding, ...]
    """Found in the baseline and, though assessed, not in the run."""
    common: tuple[Finding, ...]
    """Found in both, as the run shows them."""
    differences: tuple[Difference, ...]
    """Train loss, validation loss, learning rate and gradient norm, where both logged them on the same steps."""
    reached: tuple[Reached, ...]
    """When each loss first came down to where the baseline's ended."""
    caveats: tuple[str, ...]
    """Reasons to doubt this comparison."""

    @property
    def severity(self) -> Severity:
        """The gravest severity among the new findings."""
        return max((f.severity for f in self.new), key=SEVERITIES.index, default="none")

    @property
    def ok(self) -> bool | None:
        """True without a new problem, False with one, None when either run could not be assessed."""
        if UNASSESSED in (self.run.label, self.baseline.label):
            return None
        return all(finding.kind != "problem" for finding in self.new)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data; a finding carries the probability it had in either run."""
        return {
            "schema_version": SCHEMA_VERSION,
            "run": self.run.name,
            "baseline": self.baseline.name,
            "ok": self.ok,
            "severity": self.severity,
            "labels": {"run": self.run.label, "baseline": self.baseline.label},
            "new": self._told(self.run, self.new),
            "gone": self._told(self.baseline, self.gone),
            "common": self._told(self.run, self.common),
            "differences": [each.to_dict() for each in self.differences],
            "reached": [each.to_dict() for each in self.reached],
            "caveats": list(self.caveats),
        }

    def _told(self, diagnosis: Diagnosis, findings: Iterable[Finding]) -> list[dict[str, Any]]:
        wanted = {finding.pattern for finding in findings}
        return [
            told
            | {
                "run_probability": self.run.probabilities.get(told["pattern"]),
                "baseline_probability": self.baseline.probabilities.get(told["pattern"]),
            }
            for told in diagnosis.to_dict()["findings"]
            if told["pattern"] in wanted
        ]

    def __str__(self) -> str:
        from curvedx.show.comparison import render  # noqa: PLC0415 - results must not import what renders them

        return render(self.to_dict())


def compare(run: object, baseline: object, *, model: str | os.PathLike[str] | None = None) -> Comparison:
    """Say what a run shows that its healthy baseline did not.

    Parameters
    ----------
    run, baseline
        Anything `classify_curve` takes, or a `Diagnosis`. Lengths and logging intervals may differ; steps have to be
        counted alike.
    model
        Folder of the model that judges what is not yet diagnosed; None is the released one.

    Returns
    -------
    Comparison
        Findings that are new, gone and common; where losses and gradient norm part for good and by how much at the
        end, at equal steps; where learning rates differ; and when the run came down to where the baseline ended.

    Raises
    ------
    CurvedxError
        If either is no curve, or their train losses share no steps.
    """
    names = ("run", "baseline")
    curves = [_curve(given, name) for given, name in zip((run, baseline), names, strict=True)]
    _must_overlap(*curves)
    ours, theirs = _diagnosed((run, baseline), curves, model)
    found, known = ({finding.pattern for finding in each.findings} for each in (ours, theirs))
    differences = tuple(filter(None, (_beside(name, *curves) for name in (TRAIN_LOSS, VAL_LOSS, LR, GRAD_NORM))))
    return Comparison(
        run=ours,
        baseline=theirs,
        new=tuple(f for f in ours.findings if f.pattern not in known),
        gone=tuple(
            f for f in theirs.findings if f.pattern not in found and ours.probabilities.get(f.pattern) is not None
        ),
        common=tuple(f for f in ours.findings if f.pattern in known),
        differences=differences,
        reached=tuple(filter(None, (_when(name, *curves) for name in (TRAIN_LOSS, VAL_LOSS)))),
        caveats=tuple(_caveats(ours, theirs, differences)),
    )


def _curve(given: object, name: str) -> Curve:
    if isinstance(given, Diagnosis):
        return given.curve
    curve = as_curve(given)
    return curve if curve.name else as_curve(curve, name)


def _must_overlap(run: Curve, baseline: Curve) -> None:
    a, b = run[TRAIN_LOSS], baseline[TRAIN_LOSS]
    if shared(a, b) is not None:
        return
    told = " and ".join(
        f"{kind} {curve.name!r} has {_extent(curve[TRAIN_LOSS])}"
        for kind, curve in (("run", run), ("baseline", baseline))
    )
    raise CurveError(
        f"{told}: on the steps they share either has to have {FEWEST} points or more; are both counted in the same "
        "unit, and from the same start?"
    )


def _extent(channel: Channel) -> str:
    if not len(channel):
        return "no point"
    ends = f"steps {say_step(channel.steps[0])} to {say_step(channel.steps[-1])}"
    return f"{many(len(channel), 'point')} at {ends}"


def _diagnosed(
    given: Iterable[object], curves: list[Curve], model: str | os.PathLike[str] | None
) -> tuple[Diagnosis, Diagnosis]:
    pending = [curve for each, curve in zip(given, curves, strict=True) if not isinstance(each, Diagnosis)]
    judged: Iterable[Diagnosis] = ()
    if pending:
        # Two diagnoses are compared without a model.
        from curvedx.diagnosis.classify import classify_curves  # noqa: PLC0415

        judged = classify_curves(pending, model=model)
    fresh = iter(judged)
    first, second = (each if isinstance(each, Diagnosis) else next(fresh) for each in given)
    return first, second


def _beside(name: str, run: Curve, baseline: Curve) -> Difference | None:
    ours, theirs = run.get(name), baseline.get(name)
    if ours is None or theirs is None:
        return None
    if name == LR:
        return rate_difference(name, ours, theirs)
    return difference(name, ours, theirs, log=True if name == GRAD_NORM else None)


def _when(name: str, run: Curve, baseline: Curve) -> Reached | None:
    ours, theirs = run.get(name), baseline.get(name)
    return None if ours is None or theirs is None else reached(name, ours, theirs)


def _caveats(run: Diagnosis, baseline: Diagnosis, differences: tuple[Difference, ...]) -> Iterable[str]:
    for kind, diagnosis in (("run", run), ("baseline", baseline)):
        if diagnosis.label == UNASSESSED:
            yield f"the {kind} could not be assessed: {diagnosis.caveats[-1]}"
    problems = [finding.title.lower() for finding in baseline.findings if finding.kind == "problem"]
    if problems:
        yield f"the baseline is not healthy itself: {', '.join(problems)}"
    silent = [f.title.lower() for f in baseline.findings if run.probabilities.get(f.pattern) is None]
    if silent and run.label != UNASSESSED:
        yield f"could not be assessed in the run, so it is unknown whether it is gone: {', '.join(silent)}"
    yield from _unlike(run.curve, baseline.curve)
    yield from _sliver(run.curve, baseline.curve)
    compared = {each.channel for each in differences}
    for name in (TRAIN_LOSS, VAL_LOSS, LR, GRAD_NORM):
        ours, theirs = run.curve.get(name), baseline.curve.get(name)
        if (ours is None) != (theirs is None):
            yield f"{call(name)} was logged by the {'baseline' if ours is None else 'run'} alone"
        elif ours is not None and name not in compared:
            yield f"{call(name)} has too few finite points on the same steps to be compared"


def _unlike(run: Curve, baseline: Curve) -> Iterable[str]:
    """Doubt that it is the same loss, where both begin at one step at levels far apart."""
    a, b = run[TRAIN_LOSS], baseline[TRAIN_LOSS]
    begin = max(float(a.steps[0]), float(b.steps[0]))
    first = [float(c.values[c.steps >= begin][0]) for c in (a, b)]
    low, high = sorted(first)
    if low > 0.0 and ALIKE * low < high < float("inf"):
        levels = " and ".join(map(say, first))
        yield f"the train losses begin at {levels}: are they the same loss, on the same data?"


def _sliver(run: Curve, baseline: Curve) -> Iterable[str]:
    """Doubt that steps are counted alike, where only a small part of a run is covered by the other."""
    span = shared(run[TRAIN_LOSS], baseline[TRAIN_LOSS])
    if span is None:
        return
    for kind, curve in (("run", run), ("baseline", baseline)):
        steps = curve[TRAIN_LOSS].steps
        share = (span[1] - span[0]) / float(steps[-1] - steps[0])
        if share < SLIVER:
            yield f"only {say_percent(100.0 * share)} of the {kind}'s steps are compared; are both counted in one unit?"
