"""A diagnosis as text for a terminal, an e-mail or a notebook's plain output."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from curvedx.show import words
from curvedx.show.words import Report

WIDTH = 100
_FIXES = 3
_LOOK_ALIKES = 2


def render(report: Report) -> str:
    """Write a diagnosis as text of at most 100 columns, without colour.

    Parameters
    ----------
    report
        What `Diagnosis.to_dict` returned.

    Returns
    -------
    str
        The answer to "is this run all right?" on the first line, then each finding with its cause, its check and its
        fixes, then the doubts. No line break at the end.
    """
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    name = report["name"] or "this run"
    yield from wrap(f"{name}: {words.verdict(report)}")
    yield words.extent(report)
    if advice := words.advice(report):
        yield advice
    for number, finding in enumerate(report["findings"], 1):
        yield ""
        yield from finding_lines(number, finding)
    tail = list(_tail(report))
    if tail:
        yield ""
        yield from tail


def finding_lines(number: int, finding: Report, *more: str) -> Iterator[str]:
    """Write one finding of `Diagnosis.to_dict`, with more facts beside its own."""
    own = [words.when(finding), words.percent(finding["probability"]), finding["severity"]]
    facts = ", ".join(filter(None, [*own, *more]))
    yield from wrap(f"{number}. {finding['title']} ({facts})", hang="   ")
    if finding["sentence"]:
        yield from wrap(finding["sentence"], first="   ", hang="   ")
    if finding["causes"]:
        yield from _entry("most likely", finding["causes"][0]["cause"])
        if finding["causes"][0]["moved"] == "up":
            yield from _entry("because", finding["causes"][0]["because"])
        yield from _entry("to check", finding["causes"][0]["check"])
    for index, fix in enumerate(finding["fixes"][:_FIXES]):
        yield from _entry("" if index else "what to do", f"- {fix}", deeper="  ")
    for index, alike in enumerate(finding["look_alikes"][:_LOOK_ALIKES]):
        yield from _entry("" if index else "looks alike", f"- {words.alike(alike)}: {alike['tell']}", deeper="  ")


def _tail(report: Report) -> Iterator[str]:
    if report["normal"]:
        yield "Normal here:"
        for row in report["normal"]:
            yield from wrap(f"- {words.normal(row)}", first="  ", hang="    ")
    if measured := words.measured(report):
        yield from wrap(f"Measured: {measured}.", hang="  ")
    if checkpoint := words.checkpoint(report):
        yield from wrap(f"Best checkpoint: {checkpoint}.", hang="  ")
    if rivals := words.rivals(report):
        yield from wrap(f"Cannot exclude: {rivals}.", hang="  ")
    if report["caveats"]:
        yield "Take with care:"
        for caveat in report["caveats"]:
            yield from wrap(f"- {caveat}", first="  ", hang="    ")
    gaps = words.gaps(report)
    if gaps:
        yield "Not assessed:"
        for reason, names in gaps:
            yield from wrap(f"- {names}: {reason}", first="  ", hang="    ")


def _entry(term: str, said: str, *, deeper: str = "") -> list[str]:
    return wrap(said, first=f"   {term:<13}", hang=" " * 16 + deeper)


def wrap(said: str, *, first: str = "", hang: str = "") -> list[str]:
    """Wrap to the width; a name with line breaks or control characters cannot leave its line."""
    clean = "".join(c if c.isprintable() else " " for c in said)
    return textwrap.wrap(clean, WIDTH, initial_indent=first, subsequent_indent=hang, break_on_hyphens=False) or [first]
