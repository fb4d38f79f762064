"""What `evaluate` measured, as Markdown: systems side by side, then label by label."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Measured = Mapping[str, Any]
"""What `evaluate.report.compare` or, for one system, `evaluate.report.summarise` returned."""

NOTE = (
    "Grey and unassessed labels are left out, run by run. `runs` counts those in which the label is present and scored "
    "for the first system. Onset errors are shares of the run."
)


def markdown(result: Measured) -> str:
    """Render the result of `report.compare`."""
    systems = result["systems"]
    names = list(systems)
    lines = [
        f"{extent(result)}.",
        "",
        *_table(["", *names], figures(result)),
        "",
        NOTE,
        "",
        *_table(
            ["label", "runs", *(f"F1 {name}" for name in names), *(title for title, _ in LABEL_ROWS)],
            [_label_row(name, systems) for name in systems[names[0]]["labels"]],
        ),
    ]
    return "\n".join(lines) + "\n"


def figures(result: Measured) -> list[list[str]]:
    """Return the rows of the systems' table: a title, then a cell for each system."""
    systems = result["systems"]
    rows = [[title, *(show(system) for system in systems.values())] for title, show in ROWS]
    for title, key in AHEAD:
        rows.append([title, *(estimate(result["ahead"][n][key]) if n in result["ahead"] else "" for n in systems)])
    return rows


def extent(result: Measured) -> str:
    """Say what was measured on, and what the brackets are."""
    return (
        f"{result['runs']} runs in {result['clusters']} clusters, {result['not_a_loss']} of them no loss. "
        f"Brackets: {result['interval']}"
    )


def _label_row(label: str, systems: Measured) -> list[str]:
    first = next(iter(systems.values()))
    return [
        f"`{label}`",
        str(first["labels"][label]["support"]),
        *(number(system["labels"][label]["f1"]["value"]) for system in systems.values()),
        *(show(first, label) for _, show in LABEL_ROWS),
    ]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]


def number(value: float | None) -> str:
    """Write a figure; nothing where it cannot be said."""
    return "" if value is None else f"{value:.2f}"


def fine(value: float | None) -> str:
    """Write a figure that is small by nature; nothing where it cannot be said."""
    return "" if value is None else f"{value:.3f}"


def percent(value: float | None) -> str:
    """Write a share; nothing where it cannot be said."""
    return "" if value is None else f"{100 * value:.1f} %"


def estimate(value: Measured, write: Callable[[float | None], str] = number) -> str:
    """Write a figure with its interval; nothing where it cannot be said."""
    if value["value"] is None:
        return ""
    low, high = (write(value[end]).removesuffix(" %") for end in ("low", "high"))
    return f"{write(value['value'])} [{low}, {high}]"


def _counted(value: Measured, count: str, write: Callable[[float | None], str] = number) -> str:
    said = estimate(value, write)
    return f"{said} ({count})" if said else ""


def _onset(system: Measured, label: str, key: str) -> str:
    found = system["onsets"]["labels"].get(label)
    return "" if found is None else percent(found[key]["value"])


ROWS: tuple[tuple[str, Callable[[Measured], str]], ...] = (
    ("macro-F1, labels seen 5 times", lambda s: _counted(s["macro_f1"], f"{s['macro_f1']['labels']} labels")),
    ("macro-F1, all labels seen", lambda s: _counted(s["macro_f1_all"], f"{s['macro_f1_all']['labels']} labels")),
    ("micro-F1", lambda s: estimate(s["micro_f1"])),
    ("headline accuracy", lambda s: _counted(s["headline"]["accuracy"], f"n = {s['headline']['scored']}")),
    ("runs without a problem flagged", lambda s: _counted(s["false_alarms"], f"n = {s['false_alarms']['scored']}")),
    ("headline calibration error", lambda s: estimate(s["headline"]["calibration_error"], fine)),
    ("the same if confidences came true: by chance", lambda s: estimate(s["headline"]["by_chance"], fine)),
    ("headline Brier score", lambda s: estimate(s["headline"]["brier"], fine)),
    ("pattern calibration error", lambda s: estimate(s["calibration"]["calibration_error"], fine)),
    ("pattern Brier score", lambda s: estimate(s["calibration"]["brier"], fine)),
    ("conformal sets at 0.9: coverage", lambda s: estimate(s["headline"]["conformal"]["coverage"])),
    ("conformal sets at 0.9: mean size", lambda s: estimate(s["headline"]["conformal"]["mean_size"])),
    ("labels unassessed", lambda s: estimate(s["unassessed"]["labels"], percent)),
    ("runs unassessed", lambda s: estimate(s["unassessed"]["runs"], percent)),
    ("present, but unassessed", lambda s: str(s["unassessed"]["present_but_unassessed"])),
    (
        "onset error, median",
        lambda s: _counted(s["onsets"]["median_error"], f"n = {s['onsets']['scored']}", percent),
    ),
    ("onset error, 90th percentile", lambda s: estimate(s["onsets"]["p90_error"], percent)),
    ("no loss: warned / flagged", lambda s: "{warned} / {flagged} of {runs}".format(**s["not_a_loss"])),
    ("losses warned of", lambda s: "{losses_warned} of {losses}".format(**s["not_a_loss"])),
    ("strangeness, no loss against losses: AUROC", lambda s: estimate(s["not_a_loss"]["auroc"])),
)
"""The figures of a system, each with its title."""

AHEAD = (
    ("macro-F1, model minus this", "macro_f1"),
    ("headline accuracy, model minus this", "headline"),
    ("runs without a problem flagged, model minus this", "false_alarms"),
)
"""By how much the model is ahead of a baseline, each with its title."""

LABEL_ROWS: tuple[tuple[str, Callable[[Measured, str], str]], ...] = (
    ("precision", lambda s, label: number(s["labels"][label]["precision"])),
    ("recall", lambda s, label: number(s["labels"][label]["recall"])),
    ("calibration error", lambda s, label: fine(s["labels"][label]["calibration_error"]["value"])),
    ("Brier score", lambda s, label: fine(s["labels"][label]["brier"]["value"])),
    ("onset error, median", lambda s, label: _onset(s, label, "median_error")),
    ("90th percentile", lambda s, label: _onset(s, label, "p90_error")),
)
"""The figures of a label of the first system, beside F1, each with its title."""
