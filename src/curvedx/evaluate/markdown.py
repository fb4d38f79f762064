"""What `report.compare` measured, as Markdown tables: systems side by side, then label by label."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_Row = tuple[str, Callable[[Mapping[str, Any]], str]]


def markdown(result: Mapping[str, Any]) -> str:
    """Render the result of `report.compare`."""
    systems = result["systems"]
    names = list(systems)
    lines = [
        f"{result['runs']} runs in {result['clusters']} clusters, {result['not_a_loss']} of them no loss. "
        f"Brackets: {result['interval']}.",
        "",
        *_table(["", *names], [[title, *(show(systems[name]) for name in names)] for title, show in _ROWS]),
        "",
        "Grey and unassessed labels are left out, run by run. `runs` counts those in which the label is present and "
        "scored for the first system.",
        "",
        *_table(
            ["label", "runs", *(f"F1 {name}" for name in names), "precision", "recall", "calibration error", "onset"],
            [_label_row(name, systems) for name in systems[names[0]]["labels"]],
        ),
    ]
    return "\n".join(lines) + "\n"


def _label_row(label: str, systems: Mapping[str, Any]) -> list[str]:
    first = next(iter(systems.values()))
    row = first["labels"][label]
    onset = first["onsets"]["labels"].get(label, {}).get("median_error")
    return [
        f"`{label}`",
        str(row["support"]),
        *(_number(system["labels"][label]["f1"]["value"]) for system in systems.values()),
        _number(row["precision"]),
        _number(row["recall"]),
        _number(row["calibration_error"]),
        _percent(onset),
    ]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


def _estimate(value: Mapping[str, Any]) -> str:
    if value["value"] is None:
        return ""
    return f"{value['value']:.2f} [{_number(value['low'])}, {_number(value['high'])}]"


_ROWS: tuple[_Row, ...] = (
    ("macro-F1, labels seen 5 times", lambda s: f"{_estimate(s['macro_f1'])} ({s['macro_f1']['labels']} labels)"),
    ("macro-F1, all labels seen", lambda s: f"{_estimate(s['macro_f1_all'])} ({s['macro_f1_all']['labels']} labels)"),
    ("micro-F1", lambda s: _estimate(s["micro_f1"])),
    ("headline accuracy", lambda s: f"{_estimate(s['headline']['accuracy'])} (n = {s['headline']['scored']})"),
    ("runs without a problem flagged", lambda s: f"{_estimate(s['false_alarms'])} (n = {s['false_alarms']['scored']})"),
    ("headline calibration error", lambda s: _number(s["headline"]["calibration_error"])),
    ("headline Brier score", lambda s: _number(s["headline"]["brier"])),
    ("pattern calibration error", lambda s: _number(s["calibration"]["calibration_error"])),
    ("pattern Brier score", lambda s: _number(s["calibration"]["brier"])),
    ("conformal sets at 0.9: coverage", lambda s: _number(s["headline"]["conformal"]["coverage"])),
    ("conformal sets at 0.9: mean size", lambda s: _number(s["headline"]["conformal"]["mean_size"])),
    ("labels unassessed", lambda s: _percent(s["unassessed"]["labels"])),
    ("runs unassessed", lambda s: _percent(s["unassessed"]["runs"])),
    ("present, but unassessed", lambda s: str(s["unassessed"]["present_but_unassessed"])),
    ("onset error, median", lambda s: f"{_percent(s['onsets']['median_error'])} (n = {s['onsets']['scored']})"),
    ("no loss: warned / flagged", lambda s: "{warned} / {flagged} of {runs}".format(**s["not_a_loss"])),
)
