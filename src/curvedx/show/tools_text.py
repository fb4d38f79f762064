"""What the small tools measured, as a few lines of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curvedx.diagnosis.evidence import many, say, say_percent, say_step

Report = Mapping[str, Any]


def render_gap(report: Report) -> str:
    """Write what `Gap.to_dict` returned as one or two lines."""
    name = report["name"] or "this run"
    if report["level"] is None:
        return f"{name}: no evaluation has train loss nearby, so there is no gap to measure"
    lies = "above" if report["level"] >= 0 else "below"
    now = f"validation loss lies {say(abs(report['level']))} {lies} the train loss"
    if report["verdict"] is None:
        return f"{name}: {now}; {many(len(report['steps']), 'evaluation')} are too few for a trend"
    share = "" if report["percent"] is None else f"{say_percent(abs(report['percent']))} of the validation loss, "
    facts = f"{share}standard error {say(report['uncertainty'])}"
    moved = f"{'+' if report['trend'] > 0 else ''}{say(report['trend'])} since step {say_step(report['since'])}"
    return f"{name}: the generalisation gap is {report['verdict']}\n{now}; the gap changed by {moved} ({facts})"


def render_sharpness(report: Report) -> str:
    """Write what `Sharpness.to_dict` returned as one or two lines."""
    took = f"{many(report['iterations'], 'Hessian-vector product')}, off by {say(report['residual'])} at most"
    first = f"sharpness {say(report['eigenvalue'])} ({took})"
    if report["lr"] is None:
        return first
    beside = f"sharpness x lr / 2 = {say(report['ratio'])}; plain gradient descent at lr {say(report['lr'])}"
    return f"{first}\n{report['verdict']}: {beside} bears up to {say(report['limit'])}"
