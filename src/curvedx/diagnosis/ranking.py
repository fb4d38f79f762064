"""The causes and look-alikes of a present pattern, in the order that the run's other channels speak for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from curvedx.catalogue import Cause, LookAlike, Moved
from curvedx.rules import Lookup, Rule, because

_Row = TypeVar("_Row", Cause, LookAlike)

_ORDER: tuple[Moved, ...] = ("up", "", "down")


def ranked(rows: Iterable[_Row], known: Lookup) -> tuple[_Row, ...]:
    """Put the rows whose rules hold first and those they speak against last; otherwise the catalogue's order stays.

    Parameters
    ----------
    rows
        Causes or look-alikes as the catalogue has them, most likely first.
    known
        Looks a fact up; where it is unknown nothing is moved by it.

    Returns
    -------
    tuple
        The same rows; those that were moved say where and why.
    """
    found: dict[Moved, list[_Row]] = {moved: [] for moved in _ORDER}
    with np.errstate(all="ignore"):
        for row in rows:
            moved, why = _weigh(row.rules, known)
            found[moved].append(replace(row, moved=moved, because=why) if moved else row)
    return tuple(row for part in found.values() for row in part)


def _weigh(rules: Iterable[Rule], known: Lookup) -> tuple[Moved, str]:
    """Return where a row moves and why; facts that speak for it and against it at once leave it where it is."""
    true = [rule for rule in rules if rule.holds(known)]
    if not true or any(rule.more is not true[0].more for rule in true):
        return "", ""
    return ("up" if true[0].more else "down"), because(true[0].conditions, known)
