"""Whatever a user holds, as a `Curve`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from curvedx.curve import TRAIN_LOSS, Curve


def as_curve(given: object, name: str = "") -> Curve:
    """Return a curve from a `Curve`, a mapping of channels, a frame, or a sequence of train losses.

    Raises
    ------
    CurveError
        If it is none of these, or what it holds is no curve.
    ReadError
        If a frame's columns do not tell which is the train loss.
    """
    if isinstance(given, Curve):
        return replace(given, name=name) if name else given
    if isinstance(given, Mapping):
        return Curve(_channels(given), name)
    if hasattr(given, "__arrow_c_stream__") and hasattr(given, "columns"):
        from curvedx.readers import curve_from_frame  # noqa: PLC0415 - pyarrow only where a frame is given

        return curve_from_frame(given, name=name)
    return Curve({TRAIN_LOSS: given}, name)  # type: ignore[dict-item]  # turned into a channel at the border


def _channels(given: Mapping[Any, Any]) -> dict[str, Any]:
    """Accept pairs as lists too, as they come from JSON: ``[[0, 1], [2.3, 2.2]]``."""
    pairs = {}
    for key, value in given.items():
        nested = isinstance(value, list) and len(value) == 2 and all(isinstance(part, list | tuple) for part in value)
        pairs[str(key)] = tuple(value) if nested else value
    return pairs
