"""The batch engine: the declared features of many curves at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curvedx.curve import Curve, FloatArray
from curvedx.errors import CurvedxError
from curvedx.features import calculators, own
from curvedx.features.settings import columns
from curvedx.features.sheet import Sheet, Views
from curvedx.features.views import LAYOUT, views_of

TOGETHER = 256
"""Curves whose views are measured at once: as many as stay in the cache."""


@dataclass(frozen=True)
class Step:
    """One call of a calculator: on views of one length, each with its own column."""

    function: Callable[..., FloatArray]
    length: int
    slots: NDArray[np.intp]
    """Places of the views in the sheet."""
    columns: NDArray[np.intp]
    """Where what is measured goes."""
    shared: dict[str, Any]
    """Parameters that hold for all of them."""
    own: dict[str, FloatArray]
    """Parameters that each view has its own value of."""


def features(curves: Iterable[Curve]) -> FloatArray:
    """Return the features of curves, one row each, in the order of `columns`; NaN where a channel is missing."""
    every = iter(curves)
    parts = []
    while some := list(islice(every, TOGETHER)):
        parts.append(features_of_sheet(views_of(some)))
    return np.concatenate(parts) if parts else np.empty((0, len(columns())))


def features_of_views(rows: Sequence[Views]) -> FloatArray:
    """Return the features of ready views, one row a curve."""
    return features_of_sheet(Sheet.of(LAYOUT, rows))


def features_of_sheet(sheet: Sheet) -> FloatArray:
    """Return the features of ready views, one row a curve."""
    out = np.full((sheet.count, len(columns())), np.nan)
    for step in plan():
        curve, view, values = sheet.take(step.length, step.slots)
        if len(curve):
            own_of = {name: given[view] for name, given in step.own.items()}
            out[curve, step.columns[view]] = step.function(values, **step.shared, **own_of)
    return out


@cache
def plan() -> tuple[Step, ...]:
    """Return the calls that compute all declared features, as few as can be.

    Raises
    ------
    CurvedxError
        If a view or a calculator is declared that there is not; the message names it.
    """
    grouped: dict[tuple[Any, ...], list[tuple[int, int, dict[str, Any]]]] = {}
    for number, column in enumerate(columns()):
        if column.view not in LAYOUT:
            raise CurvedxError(
                f"features/settings.toml: there is no view {column.view!r}; add it to curvedx.features.views_*"
            )
        length, slot = LAYOUT.place(column.view)
        given = dict(column.parameters)
        per_row = PER_ROW.get(column.calculator, ())
        shared = tuple((name, value) for name, value in given.items() if name not in per_row)
        key = (column.calculator, length, shared)
        grouped.setdefault(key, []).append((number, slot, {name: given[name] for name in per_row}))
    return tuple(
        Step(
            function=_calculator(calculator, LAYOUT.blocks[length][members[0][1]]),
            length=length,
            slots=np.array([slot for _, slot, _ in members]),
            columns=np.array([number for number, _, _ in members]),
            shared=dict(shared),
            own={name: np.array([own[name] for _, _, own in members]) for name in PER_ROW.get(calculator, ())},
        )
        for (calculator, length, shared), members in grouped.items()
    )


PER_ROW: dict[str, tuple[str, ...]] = calculators.PER_ROW | own.PER_ROW
"""Parameters that a calculator takes as one number a row."""


def _calculator(name: str, view: str) -> Callable[..., FloatArray]:
    function: Callable[..., FloatArray] | None = getattr(own, name, None) or getattr(calculators, name, None)
    if function is None:
        raise CurvedxError(
            f"features/settings.toml: {view} asks for {name!r}, which the batch engine lacks; "
            "add it to curvedx.features.calculators"
        )
    return function
