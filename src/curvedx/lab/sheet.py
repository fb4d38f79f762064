"""The tables of the datasheet: what the campaign holds, counted from what was written."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from curvedx.catalogue import patterns
from curvedx.errors import ReadError
from curvedx.lab.plan import CLUSTERS
from curvedx.lab.tables import Entry

BEGIN, END = "<!-- counted: written by the command -->\n", "<!-- end of counted -->\n"
"""Marks in the datasheet between which the tables stand."""

FEW = 5
"""A label with fewer runs in a half is listed as out of reach there."""

HALVES = ("calibration", "test")

LIBRARIES = ("torch", "scikit-learn", "numpy", "pyarrow")


def update(datasheet: Path, found: Sequence[Entry]) -> None:
    """Write the tables between the marks of a datasheet.

    Raises
    ------
    ReadError
        If it has no such marks.
    """
    text = datasheet.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ReadError(f"{datasheet}: the marks of the counted tables are gone; put back {BEGIN!r} and {END!r}")
    datasheet.write_text(before + BEGIN + "\n" + counted(found) + "\n" + END + after, encoding="utf-8")


def counted(found: Sequence[Entry]) -> str:
    """Return the tables as Markdown."""
    halves = {half: [e for e in found if e.run.cluster.half == half] for half in HALVES}
    return "\n".join([*_summary(found, halves), "", *_labels(halves), "", *_benches(found), "", *_faults(halves)])


def _summary(found: Sequence[Entry], halves: dict[str, list[Entry]]) -> list[str]:
    sizes = [len(e.curve) for e in found]
    problems = {name for name, p in patterns().items() if p.kind == "problem"}
    fine = sum(not e.label.present & problems and bool(e.label.present) for e in found)
    short = sum(size <= 30 for size in sizes)
    minutes = sum(e.dense.seconds for e in found) / 60
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return [
        f"- **Runs**: {len(found)}, of which {len(halves['calibration'])} for calibration and {len(halves['test'])} for"
        f" the test, in {len({e.run.bench for e in found})} clusters of task and architecture.",
        f"- **Without a problem**: {fine} ({100 * fine / len(found):.0f} %), healthy or with notes only.",
        f"- **Length**: {min(sizes)} to {max(sizes)} train points; {100 * short / len(sizes):.0f} %"
        f" have 30 or fewer, {100 * sum(e.run.logger.epochs for e in found) / len(found):.0f} % count epochs.",
        f"- **Votes**: the labels of {sum(e.changed for e in found)} runs differ from what was measured;"
        f" {sum(bool(e.label.grey) for e in found)} runs have a grey label.",
        f"- **Made with** Python {platform.python_version()}, {versions}, in {minutes:.0f} minutes of one core.",
    ]


def _labels(halves: dict[str, list[Entry]]) -> list[str]:
    lines = ["| label | calibration | grey | test | grey |", "| --- | --- | --- | --- | --- |"]
    scarce = []
    for name in patterns():
        cells = []
        for half in HALVES:
            present = sum(name in e.label.present for e in halves[half])
            cells += [str(present), str(sum(name in e.label.grey for e in halves[half]))]
            if present < FEW:
                scarce.append(f"`{name}` ({half})")
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    lines += ["", f"Fewer than {FEW} runs: {', '.join(scarce) or 'none'}."]
    return lines


def _benches(found: Sequence[Entry]) -> list[str]:
    counts = Counter(e.run.bench for e in found)
    lines = ["| cluster | task | architecture | half | runs |", "| --- | --- | --- | --- | --- |"]
    for bench, c in CLUSTERS.items():
        lines.append(f"| `{bench}` | {c.task} | {c.architecture} | {c.half} | {counts[bench]} |")
    return lines


def _faults(halves: dict[str, list[Entry]]) -> list[str]:
    counts = {half: Counter(e.run.condition for e in halves[half]) for half in HALVES}
    lines = ["| condition | calibration | test |", "| --- | --- | --- |"]
    names = sorted(set().union(*counts.values()))
    return lines + [f"| `{name}` | {counts['calibration'][name]} | {counts['test'][name]} |" for name in names]
