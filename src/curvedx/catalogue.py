"""The catalogue: `synth/patterns/*.toml` as `Pattern` objects, the one source of every fact about a label.

Beside them `synth/levels.toml`, loss levels that mean something, and `synth/benign.toml`, what is normal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np

from curvedx.assets import asset
from curvedx.curve import TRAIN_LOSS, Curve
from curvedx.errors import CatalogueError
from curvedx.rules import Condition, Rule, parse_conditions, parse_rules
from curvedx.schema import Table, read_toml

Kind = Literal["problem", "note", "healthy"]
Severity = Literal["error", "warning", "info", "none"]

SEVERITIES: tuple[Severity, ...] = ("none", "info", "warning", "error")
"""From harmless to grave; alerts of trackers use the same three words."""

FOLDER = "synth/patterns"
NEEDS = ("train_loss", "val_loss", "grad_norm", "task_loss/", "class_accuracy/")
"""Channels a pattern may need; one that ends in a slash is a family, of which two or more are needed."""

HEALTHY = "healthy"
UNASSESSED = "unassessed"

Moved = Literal["up", "", "down"]
"""Whether the facts of a run put a row before or behind its place in the catalogue, or left it there."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One reason a pattern appears, and the check that confirms or excludes it."""

    cause: str
    check: str
    rules: tuple[Rule, ...] = ()
    """What in a run speaks for it or against it."""
    moved: Moved = ""
    """In a finding: whether facts of the run speak for it (``"up"``) or against it (``"down"``)."""
    because: str = ""
    """In a finding: these facts as one clause, without a capital and a full stop; empty where none speaks."""


@dataclass(frozen=True, kw_only=True)
class LookAlike:
    """Something that draws a similar curve, and the channel or check that tells the two apart."""

    name: str
    tell: str
    rules: tuple[Rule, ...] = ()
    """What in a run speaks for it or against it."""
    moved: Moved = ""
    """In a finding: whether facts of the run speak for it (``"up"``) or against it (``"down"``)."""
    because: str = ""
    """In a finding: these facts as one clause, without a capital and a full stop; empty where none speaks."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """A loss level that means something by itself, such as ln 2; `value` is None where it depends on the user."""

    name: str
    formula: str
    value: float | None
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Benign:
    """Something that looks like trouble and is none."""

    title: str
    present: tuple[str, ...]
    """Patterns of which one has to be present; empty where none has to."""
    when: tuple[Condition, ...]
    """Conditions that all have to hold."""
    not_with: tuple[str, ...]
    """Patterns that contradict it: with any of them present nothing is called normal."""
    why: str
    """The rest of the sentence "this is normal because"."""
    unless: str
    """The rest of the sentence "it would not be if"."""


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """One label of the catalogue.

    `rank` orders patterns for the headline, 1 the gravest. `needs` are channels without which the pattern is
    unassessed (``"task_loss/"`` is a family). `causes` come most likely first. `ranges` are the low and high ends
    from which the generator draws this pattern's parameters.
    """

    name: str
    title: str
    kind: Kind
    severity: Severity
    rank: int
    needs: tuple[str, ...]
    fewest: Mapping[str, int]
    """Finite points of a channel below which nobody could tell."""
    symptom: str
    definition: str
    look_alikes: tuple[LookAlike, ...]
    causes: tuple[Cause, ...]
    fixes: tuple[str, ...]
    references: tuple[str, ...]
    ranges: Mapping[str, tuple[float, float]]


@cache
def patterns() -> Mapping[str, Pattern]:
    """Return every pattern by name, gravest first, ``healthy`` last.

    Raises
    ------
    CatalogueError
        If a file breaks the schema; the message names the file and the key.
    """
    found = [
        parse_pattern(entry.name, entry.read_text(encoding="utf-8"))
        for entry in asset(FOLDER).iterdir()
        if entry.name.endswith(".toml")
    ]
    found.sort(key=lambda p: p.rank)
    ranks = [p.rank for p in found]
    if len(set(ranks)) != len(ranks):
        twice = sorted({p.name for p in found if ranks.count(p.rank) > 1})
        raise CatalogueError(f"{FOLDER}: {', '.join(twice)} share a rank; give each its own")
    return MappingProxyType({p.name: p for p in found})


@cache
def assessable() -> tuple[Pattern, ...]:
    """Return the patterns that have a head in the model: problems and notes, gravest first."""
    return tuple(p for p in patterns().values() if p.kind != HEALTHY)


def unassessed(curve: Curve) -> dict[str, str]:
    """Return why, for each pattern that this curve cannot show: a channel that it lacks, or too few points."""
    reasons = {}
    needed, counted = _asked()
    lacking = {need for need in needed if not curve.has(need)}
    counts = {key: _count(curve, key) for key in counted}
    for pattern in assessable():
        if not lacking.isdisjoint(pattern.needs):
            missing = next(need for need in pattern.needs if need in lacking)
            reasons[pattern.name] = f"needs {missing.rstrip('/')}"
            continue
        for key, fewest in pattern.fewest.items():
            if counts[key] < fewest:
                reasons[pattern.name] = f"needs {fewest} points of {key}, found {counts[key]}"
    return reasons


@cache
def _asked() -> tuple[frozenset[str], frozenset[str]]:
    """Return the channels that some pattern needs, and those of which it needs so many points."""
    every = assessable()
    return frozenset(need for p in every for need in p.needs), frozenset(key for p in every for key in p.fewest)


def _count(curve: Curve, key: str) -> int:
    """Count the points of a channel: of the train loss all that was logged, of others what is finite."""
    channel = curve.get(key)
    if channel is None:
        return 0
    return len(channel) if key == TRAIN_LOSS else int(np.count_nonzero(np.isfinite(channel.values)))


@cache
def levels() -> tuple[Level, ...]:
    """Return the starting and stuck levels that mean something, from `synth/levels.toml`.

    Raises
    ------
    CatalogueError
        If the file breaks the schema; the message names the key.
    """
    return parse_levels("synth/levels.toml", asset("synth/levels.toml").read_text(encoding="utf-8"))


def parse_pattern(file: str, text: str) -> Pattern:
    """Read one file of the catalogue.

    Line breaks and runs of spaces inside a text count as one space, so that files can be wrapped freely.

    Parameters
    ----------
    file
        Its name, such as ``"plateau.toml"``: the name of the pattern, and what errors call it.
    text
        Its content, TOML.

    Raises
    ------
    CatalogueError
        If the text is no TOML, or a key is missing, unknown or of the wrong type.
    """
    table = read_toml(file, text)
    pattern = Pattern(
        name=file.removesuffix(".toml"),
        title=table.text("title"),
        kind=table.word("kind", get_args(Kind)),
        severity=table.word("severity", SEVERITIES),
        rank=table.of("rank", int),
        needs=table.texts("needs"),
        fewest=_fewest(table),
        symptom=table.text("symptom"),
        definition=table.text("definition"),
        look_alikes=tuple(_look_alike(row) for row in table.tables("look_alikes")),
        causes=tuple(_cause(row) for row in table.tables("causes")),
        fixes=table.texts("fixes"),
        references=table.texts("references"),
        ranges=_ranges(table),
    )
    for need in pattern.needs:
        if need not in NEEDS:
            raise CatalogueError(f"{file}: needs names {need!r}; expected one of {', '.join(NEEDS)}")
    table.finish()
    return pattern


def _cause(row: Table) -> Cause:
    found = Cause(cause=row.text("cause"), check=row.text("check"), rules=parse_rules(row))
    row.finish()
    return found


def _look_alike(row: Table) -> LookAlike:
    found = LookAlike(name=row.text("name"), tell=row.text("tell"), rules=parse_rules(row))
    row.finish()
    return found


def _ranges(table: Table) -> Mapping[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for key, value in (table.of("ranges", dict) if "ranges" in table.left else {}).items():
        match value:
            case [int() | float() as low, int() | float() as high] if low <= high:
                found[key] = (float(low), float(high))
            case _:
                raise table.wrong(f"ranges.{key}", value, "[low, high]")
    return MappingProxyType(found)


def _fewest(table: Table) -> Mapping[str, int]:
    found = table.of("fewest", dict) if "fewest" in table.left else {}
    for key, value in found.items():
        if key not in NEEDS or not isinstance(value, int) or value < 1:
            raise table.wrong(f"fewest.{key}", value, "a channel and a count")
    return MappingProxyType(found)


def parse_levels(file: str, text: str) -> tuple[Level, ...]:
    """Read the file of levels, whose only key is the array ``level``.

    Raises
    ------
    CatalogueError
        If the text is no TOML, or a key is missing, unknown or of the wrong type.
    """
    top = read_toml(file, text)
    found = []
    for row in top.tables("level"):
        found.append(
            Level(
                name=row.text("name"),
                formula=row.text("formula"),
                value=row.number("value"),
                meaning=row.text("meaning"),
            )
        )
        row.finish()
    top.finish()
    return tuple(found)


@cache
def benign() -> tuple[Benign, ...]:
    """Return what looks like trouble and is none, from `synth/benign.toml`.

    Raises
    ------
    CatalogueError
        If the file breaks the schema; the message names the key.
    """
    return parse_benign("synth/benign.toml", asset("synth/benign.toml").read_text(encoding="utf-8"))


def parse_benign(file: str, text: str) -> tuple[Benign, ...]:
    """Read the file of what is normal, whose only key is the array ``benign``.

    Raises
    ------
    CatalogueError
        If the text is no TOML, a key is missing, unknown or of the wrong type, or names what does not exist.
    """
    top = read_toml(file, text)
    labels = tuple(pattern.name for pattern in assessable())
    found = []
    for row in top.tables("benign"):
        entry = Benign(
            title=row.text("title"),
            present=row.words("present", labels),
            when=parse_conditions(row, "when") if "when" in row.left else (),
            not_with=row.words("not_with", labels),
            why=row.text("why"),
            unless=row.text("unless"),
        )
        row.finish()
        if not entry.present and not entry.when:
            raise row.wrong("when", None, "one condition or more, or patterns under present")
        found.append(entry)
    top.finish()
    return tuple(found)
