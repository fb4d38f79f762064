"""Conditions on what was measured, as the catalogue writes them: parsed, held against a run, put into words.

A condition names one fact of `synth/facts.toml` and its bounds. A fact that is unknown in a run makes every condition
on it neither true nor false, and what depends on it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

from curvedx.assets import asset
from curvedx.curve import CHANNELS
from curvedx.objectives import objectives
from curvedx.schema import Table, read_toml

FILE = "synth/facts.toml"

Value = float | str
"""What a fact is: a finite number in the unit of its kind, or a word."""

Lookup = Callable[[str], Value | None]
"""Returns a fact by its name; None where it is unknown."""

Of = Literal["run", "onset", "evidence"]

_OF: tuple[Of, ...] = ("run", "onset", "evidence")
_UNITS = ("", "%", "x", "loss", "step", "word")
_SIGNS = {"%": " %", "x": " x"}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One kind of fact: a row of the registry from which conditions take their names."""

    name: str
    of: Of
    """Measured on the run, around the onset of a finding, or by the finder itself as its evidence."""
    unit: str
    """``"%"``, ``"x"`` (a ratio), ``"loss"``, ``"step"``, ``"word"``, or ``""``."""
    says: str
    """A clause with ``{}`` where the value stands."""
    meaning: str
    """How it is measured."""
    told: bool
    """Whether the text of a diagnosis tells it by itself."""
    unknown: str
    """What to say where it cannot be known although `needs` was logged; empty where nothing is said."""
    needs: str
    """The channel without which nothing is said of it."""
    words: tuple[str, ...]
    """The words it may be, for facts that are no number."""

    def said(self, value: Value) -> str:
        """Return the clause that says a value."""
        return self.says.format(value if isinstance(value, str) else _number(value, self.unit))


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One fact within bounds, or one of some words."""

    fact: str
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] = ()

    def holds(self, known: Lookup) -> bool | None:
        """Return whether it is true of a run; None where the fact is unknown."""
        value = known(self.fact)
        if value is None:
            return None
        if isinstance(value, str):
            return value in self.one_of
        if self.at_most is not None and value > self.at_most:
            return False
        return (self.at_least is None or value >= self.at_least) and (self.above is None or value > self.above)

    def words(self) -> str:
        """Return the clause that says its bounds."""
        fact = facts()[self.fact]
        if self.one_of:
            return fact.says.format(" or ".join(self.one_of))
        low, least, high = (
            None if bound is None else f"{bound:g}".replace("e-0", "e-") + _SIGNS.get(fact.unit, "")
            for bound in (self.above, self.at_least, self.at_most)
        )
        if least is not None and high is not None:
            return fact.says.format(f"{least} to {high}")
        bounds = [f"above {low}" if low else "", f"at least {least}" if least else ""]
        bounds += [] if high is None else [high if self.at_most == 0 else f"at most {high}"]
        return fact.says.format(" and ".join(filter(None, bounds)))


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What makes a cause, or a look-alike, more or less likely than its place in the catalogue says."""

    more: bool
    """Whether it speaks for it."""
    conditions: tuple[Condition, ...]
    """All of them have to hold."""

    def holds(self, known: Lookup) -> bool:
        """Return whether every condition is true of a run."""
        return holds(self.conditions, known)

    def words(self) -> str:
        """Return the rule as a clause: "more likely when the gradient norm is 0 in the median"."""
        said = " and ".join(condition.words() for condition in self.conditions)
        return f"{'more' if self.more else 'less'} likely when {said}"


def holds(conditions: Iterable[Condition], known: Lookup) -> bool:
    """Return whether every condition is true of a run."""
    for condition in conditions:  # noqa: SIM110 - a generator takes twice as long, and this is asked often
        if not condition.holds(known):
            return False
    return True


def because(conditions: Iterable[Condition], known: Lookup) -> str:
    """Return what was measured of the conditions as one clause, each fact once."""
    values = {condition.fact: known(condition.fact) for condition in conditions}
    return " and ".join(facts()[name].said(value) for name, value in values.items() if value is not None)


@cache
def facts() -> Mapping[str, Fact]:
    """Return every kind of fact by name, in the order of `synth/facts.toml`.

    Raises
    ------
    CatalogueError
        If the file breaks the schema; the message names the key.
    """
    return parse_facts(FILE, asset(FILE).read_text(encoding="utf-8"))


def parse_facts(file: str, text: str) -> Mapping[str, Fact]:
    """Read the registry of facts, whose only key is the array ``fact``.

    Raises
    ------
    CatalogueError
        If the text is no TOML, a key is missing, unknown or of the wrong type, or two facts share a name.
    """
    top = read_toml(file, text)
    found: dict[str, Fact] = {}
    for row in top.tables("fact"):
        silent = "unknown" not in row.left
        fact = Fact(
            name=row.text("name"),
            of=row.word("of", _OF),
            unit=row.word("unit", _UNITS),
            says=row.text("says"),
            meaning=row.text("meaning"),
            told=row.flag("told"),
            unknown="" if silent else row.text("unknown"),
            needs="" if silent else row.word("needs", CHANNELS),
            words=row.texts("words") if "words" in row.left else (),
        )
        row.finish()
        if fact.says.count("{}") != 1:
            raise row.wrong("says", fact.says, "a clause with {} where the value stands")
        if fact.name in found:
            raise row.wrong("name", fact.name, "a name that no other fact has")
        found[fact.name] = fact
    top.finish()
    return MappingProxyType(found)


def parse_rules(table: Table) -> tuple[Rule, ...]:
    """Take the array ``rules`` out of a table of the catalogue.

    Raises
    ------
    CatalogueError
        If a rule has neither or both of ``more_likely_when`` and ``less_likely_when``, or a condition is wrong.
    """
    found = []
    for row in table.tables("rules") if "rules" in table.left else ():
        keys = [key for key in ("more_likely_when", "less_likely_when") if key in row.left]
        if len(keys) != 1:
            raise row.wrong("rules", " and ".join(keys), "either more_likely_when or less_likely_when")
        found.append(Rule(more=keys[0] == "more_likely_when", conditions=parse_conditions(row, keys[0])))
        row.finish()
    return tuple(found)


def parse_conditions(table: Table, key: str) -> tuple[Condition, ...]:
    """Take a list of conditions out of a table of the catalogue.

    Raises
    ------
    CatalogueError
        If it is empty, names an unknown fact, or its bounds do not fit the fact.
    """
    rows = table.tables(key)
    if not rows:
        raise table.wrong(key, [], "one condition or more")
    return tuple(_condition(row) for row in rows)


def _condition(row: Table) -> Condition:
    name = row.text("fact")
    if name not in facts():
        raise row.wrong("fact", name, f"a name of {FILE}")
    fact = facts()[name]
    if fact.unit == "word":
        known = fact.words or tuple(each.name for each in objectives())
        found = Condition(fact=name, one_of=row.words("one_of", known))
        if not found.one_of:
            raise row.wrong("one_of", [], f"one or more of {', '.join(known)}")
    else:
        found = Condition(
            fact=name, above=row.number("above"), at_least=row.number("at_least"), at_most=row.number("at_most")
        )
        low, high = (found.above if found.at_least is None else found.at_least), found.at_most
        if low is None and high is None:
            raise row.wrong("at_least", None, "a number here, or under above or at_most")
        if low is not None and high is not None and low > high:
            raise row.wrong("at_most", high, f"a number of {low:g} or more, the lower bound")
    row.finish()
    return found


def _number(value: float, unit: str) -> str:
    """Write a value with three digits, steps in full."""
    if (unit == "step" and abs(value) >= 1.0) or 1e3 <= abs(value) < 1e6:
        return f"{value:,.0f}{_SIGNS.get(unit, '')}"
    return f"{value:.4g}{_SIGNS.get(unit, '')}" if unit == "loss" else f"{value:.3g}{_SIGNS.get(unit, '')}"
