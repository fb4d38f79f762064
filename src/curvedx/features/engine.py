"""The batch engine: the declared features of many curves at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import groupby

import numpy as np

from curvedx.curve import Curve, FloatArray
from curvedx.errors import CurvedxError
from curvedx.features import calculators, own
from curvedx.features.settings import Column, columns
from curvedx.features.views import Views, stack, views


@cache
def _calculators() -> dict[str, Callable[..., FloatArray]]:
    """Return the function of every declared calculator.

    Raises
    ------
    CurvedxError
        If one is declared that the engine lacks; the message names it.
    """
    found: dict[str, Callable[..., FloatArray]] = {}
    for column in columns():
        function = getattr(own, column.calculator, None) or getattr(calculators, column.calculator, None)
        if function is None:
            raise CurvedxError(
                f"features/settings.toml: {column.view} asks for {column.calculator!r}, which the batch engine lacks; "
                "add it to curvedx.features.calculators"
            )
        found[column.calculator] = function
    return found


def features(curves: Iterable[Curve]) -> FloatArray:
    """Return the features of curves, one row each, in the order of `columns`; NaN where a channel is missing."""
    return features_of_views([views(curve) for curve in curves])


def features_of_views(rows: Sequence[Views]) -> FloatArray:
    """Return the features of ready views, one row a curve."""
    wanted = columns()
    out = np.full((len(rows), len(wanted)), np.nan)
    if not rows:
        return out
    at = 0
    functions = _calculators()
    for view, group in groupby(wanted, key=lambda column: column.view):
        measured: list[Column] = list(group)
        present = [index for index, row in enumerate(rows) if view in row]
        if present:
            matrix = stack([rows[index] for index in present], view, len(rows[present[0]][view]))
            for offset, column in enumerate(measured):
                out[present, at + offset] = functions[column.calculator](matrix, **dict(column.parameters))
        at += len(measured)
    return out
