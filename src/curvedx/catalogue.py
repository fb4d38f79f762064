"""The catalogue: `synth/patterns/*.toml` as `Pattern` objects, the one source of every fact about a label."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args

import numpy as np

from curvedx.assets import asset
from curvedx.curve import TRAIN_LOSS, Curve
from curvedx.errors import CatalogueError

Kind = Literal["problem", "note", "healthy"]
Severity = Literal["error", "warning", "info", "none"]

SEVERITIES: tuple[Severity, ...] = ("none", "info", "warning", "error")
"""From harmless to grave; alerts of trackers use the same three words."""

FOLDER = "synth/patterns"
NEEDS = ("train_loss", "val_loss", "grad_norm", "task_loss/", "class_accuracy/")
"""Channels a pattern may need; one that ends in a slash is a family, of which two or more are needed."""

HEALTHY = "healthy"
UNASSESSED = "unassessed"

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One reason a pattern appears, and the check that confirms or excludes it."""

    cause: str
    check: str


@dataclass(frozen=True, kw_only=True)
class LookAlike:
    """Something that draws a similar curve, and the channel or check that tells the two apart."""

    name: str
    tell: str


@dataclass(frozen=True, kw_only=True)
class Level:
    """A loss level that means something by itself, such as ln 2; `value` is None where it depends on the user."""

    name: str
    formula: str
    value: float | None
    meaning: str


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
        missing = next((need for need in pattern.needs if need in lacking), None)
        if missing is not None:
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
    table = _Table(file, _toml(file, text))
    pattern = Pattern(
        name=file.removesuffix(".toml"),
        title=table.text("title"),
        kind=table.word("kind", get_args(Kind)),
        severity=table.word("severity", SEVERITIES),
        rank=table.of("rank", int),
        needs=table.texts("needs"),
        fewest=table.fewest(),
        symptom=table.text("symptom"),
        definition=table.text("definition"),
        look_alikes=tuple(LookAlike(**row) for row in table.rows("look_alikes", ("name", "tell"))),
        causes=tuple(Cause(**row) for row in table.rows("causes", ("cause", "check"))),
        fixes=table.texts("fixes"),
        references=table.texts("references"),
        ranges=table.ranges(),
    )
    for need in pattern.needs:
        if need not in NEEDS:
            raise CatalogueError(f"{file}: needs names {need!r}; expected one of {', '.join(NEEDS)}")
    table.finish()
    return pattern


def parse_levels(file: str, text: str) -> tuple[Level, ...]:
    """Read the file of levels, whose only key is the array ``level``.

    Raises
    ------
    CatalogueError
        If the text is no TOML, or a key is missing, unknown or of the wrong type.
    """
    top = _Table(file, _toml(file, text))
    found = []
    for index, row in enumerate(top.of("level", list)):
        if not isinstance(row, dict):
            raise CatalogueError(f"{file}: level[{index}] is {row!r}; expected a table")
        table = _Table(f"{file}: level[{index}]", row)
        value = table.of("value", float) if "value" in row else None
        texts = {key: table.text(key) for key in ("name", "formula", "meaning")}
        table.finish()
        found.append(Level(value=value, **texts))
    top.finish()
    return tuple(found)


def _toml(file: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{file}: not readable as TOML: {error}") from error


class _Table:
    """A TOML table whose keys are taken out one by one, so that what is left over is unknown."""

    def __init__(self, where: str, table: dict[str, Any]) -> None:
        self.where = where
        self.left = dict(table)

    def of(self, key: str, kind: type[_T]) -> _T:
        value = self.left.pop(key, None)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise CatalogueError(f"{self.where}: {key} is {value!r}; expected a {kind.__name__}")
        return value

    def text(self, key: str) -> str:
        return self._one_line(key, self.left.pop(key, None))

    def word(self, key: str, known: tuple[Any, ...]) -> Any:
        value = self.left.pop(key, None)
        if value not in known:
            raise CatalogueError(f"{self.where}: {key} is {value!r}; expected one of {', '.join(known)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(self._one_line(f"{key}[{index}]", value) for index, value in enumerate(self.of(key, list)))

    def rows(self, key: str, fields: tuple[str, ...]) -> list[dict[str, str]]:
        found = []
        for index, row in enumerate(self.of(key, list)):
            if not isinstance(row, dict) or set(row) != set(fields):
                raise CatalogueError(f"{self.where}: {key}[{index}] is {row!r}; expected the keys {', '.join(fields)}")
            found.append({field: self._one_line(f"{key}[{index}].{field}", row[field]) for field in fields})
        return found

    def ranges(self) -> Mapping[str, tuple[float, float]]:
        found: dict[str, tuple[float, float]] = {}
        for key, value in (self.of("ranges", dict) if "ranges" in self.left else {}).items():
            match value:
                case [int() | float() as low, int() | float() as high] if low <= high:
                    found[key] = (float(low), float(high))
                case _:
                    raise CatalogueError(f"{self.where}: ranges.{key} is {value!r}; expected [low, high]")
        return MappingProxyType(found)

    def fewest(self) -> Mapping[str, int]:
        found = self.of("fewest", dict) if "fewest" in self.left else {}
        for key, value in found.items():
            if key not in NEEDS or not isinstance(value, int) or value < 1:
                raise CatalogueError(f"{self.where}: fewest.{key} is {value!r}; expected a channel and a count")
        return MappingProxyType(found)

    def finish(self) -> None:
        if self.left:
            raise CatalogueError(
                f"{self.where}: unknown key {next(iter(self.left))!r}; remove it or add it to the schema"
            )

    def _one_line(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            raise CatalogueError(f"{self.where}: {key} is {value!r}; expected a text")
        return " ".join(value.split())
