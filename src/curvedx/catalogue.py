"""The catalogue: `synth/patterns/*.toml` as `Pattern` objects, the one source of every fact about a label."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, get_args

from curvedx.assets import asset
from curvedx.errors import CatalogueError

Kind = Literal["problem", "note", "healthy"]
Severity = Literal["error", "warning", "info", "none"]

SEVERITIES: tuple[Severity, ...] = ("none", "info", "warning", "error")
"""From harmless to grave; alerts of trackers use the same three words."""

HEALTHY = "healthy"
UNASSESSED = "unassessed"


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
        _pattern(entry.name, tomllib.loads(entry.read_text(encoding="utf-8")))
        for entry in asset("synth/patterns").iterdir()
        if entry.name.endswith(".toml")
    ]
    found.sort(key=lambda p: p.rank)
    ranks = [p.rank for p in found]
    if len(set(ranks)) != len(ranks):
        twice = sorted({p.name for p in found if ranks.count(p.rank) > 1})
        raise CatalogueError(f"synth/patterns: {', '.join(twice)} share a rank; give each its own")
    return MappingProxyType({p.name: p for p in found})


@cache
def assessable() -> tuple[Pattern, ...]:
    """Return the patterns that have a head in the model: problems and notes, gravest first."""
    return tuple(p for p in patterns().values() if p.kind != HEALTHY)


@cache
def levels() -> tuple[Level, ...]:
    """Return the starting and stuck levels that mean something, from `synth/levels.toml`."""
    table = tomllib.loads(asset("synth/levels.toml").read_text(encoding="utf-8"))
    return tuple(
        Level(name=row["name"], formula=row["formula"], value=row.get("value"), meaning=row["meaning"])
        for row in table["level"]
    )


def _pattern(file: str, table: dict[str, Any]) -> Pattern:
    name = file.removesuffix(".toml")

    def need(key: str, kind: type) -> Any:
        value = table.pop(key, None)
        if not isinstance(value, kind):
            raise CatalogueError(f"{file}: {key} is {value!r}; expected a {kind.__name__}")
        return value

    def rows(key: str, *fields: str) -> list[dict[str, str]]:
        value = need(key, list)
        for index, row in enumerate(value):
            if not isinstance(row, dict) or set(row) != set(fields):
                raise CatalogueError(f"{file}: {key}[{index}] is {row!r}; expected the keys {', '.join(fields)}")
        return list(value)

    ranges: dict[str, tuple[float, float]] = {}
    for key, value in table.pop("ranges", {}).items():
        if not (isinstance(value, list) and len(value) == 2 and value[0] <= value[1]):
            raise CatalogueError(f"{file}: ranges.{key} is {value!r}; expected [low, high]")
        ranges[key] = (float(value[0]), float(value[1]))
    pattern = Pattern(
        name=name,
        title=need("title", str),
        kind=need("kind", str),
        severity=need("severity", str),
        rank=need("rank", int),
        needs=tuple(need("needs", list)),
        symptom=need("symptom", str),
        definition=need("definition", str),
        look_alikes=tuple(LookAlike(**row) for row in rows("look_alikes", "name", "tell")),
        causes=tuple(Cause(**row) for row in rows("causes", "cause", "check")),
        fixes=tuple(need("fixes", list)),
        references=tuple(need("references", list)),
        ranges=MappingProxyType(ranges),
    )
    if pattern.kind not in get_args(Kind) or pattern.severity not in SEVERITIES:
        raise CatalogueError(f"{file}: kind {pattern.kind!r} or severity {pattern.severity!r} is not one of the known")
    if table:
        raise CatalogueError(f"{file}: unknown key {next(iter(table))!r}; remove it or add it to the schema")
    return pattern
