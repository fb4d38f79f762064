"""The phrases that text, HTML and the archive's page share, so that all three say the same thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curvedx.diagnosis.evidence import say_step
from curvedx.models.headline import no_loss

Report = Mapping[str, Any]
"""What `Diagnosis.to_dict` returns."""

_SURE = ((0.95, "almost certain"), (0.8, "very likely"), (0.6, "likely"), (0.4, "about as likely as not"))


def percent(probability: float) -> str:
    """Write a probability as whole per cents; one that is short of certain is never rounded to 0 or 100."""
    if 0.0 < probability < 0.01:
        return "under 1 %"
    if 0.99 < probability < 1.0:
        return "over 99 %"
    return f"{100 * probability:.0f} %"


def sureness(probability: float) -> str:
    """Put a probability into words."""
    return next((words for least, words in _SURE if probability >= least), "little more than a guess")


def label(name: str) -> str:
    """Write a pattern's name as words."""
    return name.replace("_", " ")


def verdict(report: Report) -> str:
    """Answer whether the run is all right, with the headline label and how sure it is."""
    name, confidence = label(report["label"]), report["confidence"]
    if report["ok"] is None:
        return "could not be assessed"
    if no_loss(doubt := report["strangeness"]):
        return f"hard to say, for this is like no loss ({sureness(doubt)}, {percent(doubt)})"
    sure = "" if confidence is None else f" ({sureness(confidence)}, {percent(confidence)})"
    if not report["ok"]:
        return f"not all right: {name}{sure}"
    if report["findings"]:
        return f"all right, with something worth knowing: {name}{sure}"
    return f"all right: {name}{sure}"


def extent(report: Report) -> str:
    """Say how much was logged."""
    points = f"{report['points']} train point{'' if report['points'] == 1 else 's'}"
    if not report["span"]:
        return points
    first, last = map(say_step, report["span"])
    apart = next((say_step(fact["value"]) for fact in report["facts"] if fact["name"] == "logging interval"), None)
    return f"{points}, steps {first} to {last}" + (f", one every {apart}" if apart not in (None, "1") else "")


def when(finding: Report) -> str:
    """Say from which step to which a finding lasts; empty where a beginning means nothing."""
    onset, end = finding["onset"], finding["end"]
    if onset is None:
        return ""
    if end is None:
        return f"since step {say_step(onset)}"
    return f"at step {say_step(onset)}" if end <= onset else f"steps {say_step(onset)} to {say_step(end)}"


def advice(report: Report) -> str:
    """Say in one sentence what the headline asks the user to do, where no finding says it."""
    if report["ok"] is None:
        return "Log the train loss more often, or come back when the run is longer."
    if no_loss(report["strangeness"]):
        return "If it is none, give the train loss; if it is, judge it by eye: no pattern is known of its like."
    return "" if report["findings"] else "No problem found; nothing to do."


def measured(report: Report) -> str:
    """Say the facts of the run that are worth a line of their own; empty without any."""
    return "; ".join(fact["sentence"] for fact in report["facts"] if fact["told"])


def alike(row: Report) -> str:
    """Name a look-alike, and what in the run speaks for it."""
    return label(row["name"]) + (f" ({row['because']})" if row["moved"] == "up" else "")


def normal(row: Report) -> str:
    """Say why something is normal, by what it was recognised, and when it would not be."""
    seen = f" ({row['because']})" if row["because"] else ""
    return f"{row['title']}{seen}: this is normal because {row['why']} It would not be if {row['unless']}"


def checkpoint(report: Report) -> str:
    """Say from which step to take the checkpoint; empty without a validation loss."""
    if report["best_step"] is None:
        return ""
    return f"step {say_step(report['best_step'])}, where the smoothed validation loss is lowest"


def rivals(report: Report) -> str:
    """Name the headlines that cannot be excluded; empty when there is only one."""
    return ", ".join(map(label, report["possible"])) if len(report["possible"]) > 1 else ""


def gaps(report: Report) -> list[tuple[str, str]]:
    """Group the unassessed patterns by what they need.

    Returns
    -------
    list of (what it needs, the patterns that need it)
    """
    grouped: dict[str, list[str]] = {}
    for name, reason in report["unassessed"].items():
        grouped.setdefault(reason, []).append(label(name))
    everything = len(grouped) == 1 and len(report["unassessed"]) == len(report["probabilities"]) > 1
    return [(reason, "every pattern" if everything else ", ".join(names)) for reason, names in grouped.items()]
