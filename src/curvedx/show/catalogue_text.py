"""The catalogue as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from curvedx.catalogue import Cause, LookAlike, Pattern

WIDTH = 100
_GAP = "  "


def render_pattern(pattern: Pattern) -> str:
    """Write all that is known of one pattern as text of at most 100 columns.

    Returns
    -------
    str
        Its facts, symptom and definition, then look-alikes, causes with their checks, fixes and references. No line
        break at the end.
    """
    return "\n".join(_lines(pattern))


def render_list(patterns: Iterable[Pattern]) -> str:
    """Write patterns as a table of name, kind, severity, channels needed and title, in the order given.

    Returns
    -------
    str
        A heading and one line a pattern, without a line break at the end.
    """
    rows = [("name", "kind", "severity", "needs", "title")]
    rows += [(p.name, p.kind, p.severity, ", ".join(p.needs), p.title) for p in patterns]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _lines(pattern: Pattern) -> Iterator[str]:
    yield from _wrap(f"{pattern.name}: {pattern.title}")
    yield f"{pattern.kind}, severity {pattern.severity}, needs {', '.join(pattern.needs)}"
    yield ""
    yield from _wrap(pattern.symptom)
    yield from _section("present when", _wrap(pattern.definition, first="  "))
    yield from _section("looks alike", *map(_look_alike, pattern.look_alikes))
    causes = enumerate(pattern.causes, 1)
    yield from _section("causes, most likely first", *(_cause(number, cause) for number, cause in causes))
    yield from _section("what to do", *(_wrap(f"- {fix}", first="  ") for fix in pattern.fixes))
    yield from _section("references", *(_wrap(f"- {source}", first="  ") for source in pattern.references))


def _section(heading: str, *entries: Iterable[str]) -> Iterator[str]:
    if not entries:
        return
    yield ""
    yield heading
    for entry in entries:
        yield from entry


def _look_alike(alike: LookAlike) -> Iterator[str]:
    yield from _wrap(f"- {alike.name}: {alike.tell}", first="  ")
    for rule in alike.rules:
        yield from _wrap(rule.words(), first="    ", hang="      ")


def _cause(number: int, cause: Cause) -> Iterator[str]:
    yield from _wrap(f"{number}. {cause.cause}", first="  ", hang="     ")
    yield from _wrap(f"check: {cause.check}", first="     ", hang="     ")
    for rule in cause.rules:
        yield from _wrap(rule.words(), first="     ", hang="       ")


def _wrap(text: str, first: str = "", hang: str | None = None) -> list[str]:
    """Break a text into lines; those after the first stand below its words, past a dash."""
    if hang is None:
        hang = first + ("  " if text.startswith("- ") else "")
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=hang, break_on_hyphens=False)
