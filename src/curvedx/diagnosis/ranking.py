"""The causes and look-alikes of a present pattern, in the order that the run's other channels speak for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from curvedx.catalogue import Cause, LookAlike
from curvedx.diagnosis.result import Moved, RankedCause, RankedLookAlike
from curvedx.rules import Lookup, Rule, because

_Row = TypeVar("_Row", Cause, LookAlike)
_Ranked = TypeVar("_Ranked", RankedCause, RankedLookAlike)

_ORDER: tuple[Moved, ...] = ("up", "", "down")


def ranked_causes(causes: Sequence[Cause], known: Lookup) -> tuple[RankedCause, ...]:
    """Put causes whose rules hold first and those they speak against last; otherwise the catalogue's order stays.

    Parameters
    ----------
    causes
        As the catalogue has them, most likely first.
    known
        Looks a fact up; where it is unknown nothing is moved by it.
    """

    def rank(cause: Cause, moved: Moved, why: str) -> RankedCause:
        return RankedCause(cause=cause.cause, check=cause.check, rules=cause.rules, moved=moved, because=why)

    return _ranked(causes, known, rank)


def ranked_look_alikes(alikes: Sequence[LookAlike], known: Lookup) -> tuple[RankedLookAlike, ...]:
    """Order look-alikes as `ranked_causes` orders causes."""

    def rank(alike: LookAlike, moved: Moved, why: str) -> RankedLookAlike:
        return RankedLookAlike(name=alike.name, tell=alike.tell, rules=alike.rules, moved=moved, because=why)

    return _ranked(alikes, known, rank)


def _ranked(rows: Iterable[_Row], known: Lookup, rank: Callable[[_Row, Moved, str], _Ranked]) -> tuple[_Ranked, ...]:
    found = [rank(row, *_weigh(row.rules, known)) for row in rows]
    return tuple(sorted(found, key=lambda row: _ORDER.index(row.moved)))


def _weigh(rules: Iterable[Rule], known: Lookup) -> tuple[Moved, str]:
    """Return where a row moves and why; facts that speak for it and against it at once leave it where it is."""
    true = [rule for rule in rules if rule.holds(known)]
    if not true or len({rule.more for rule in true}) > 1:
        return "", ""
    return ("up" if true[0].more else "down"), because(true[0].conditions, known)
