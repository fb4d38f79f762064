"""`features/settings.toml` as columns: which calculator measures which view, and what the result is called."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

from curvedx.assets import asset
from curvedx.errors import CurvedxError

_WHY = "why"


@dataclass(frozen=True)
class Column:
    """One feature: a calculator with its parameters on a view, named as tsfresh names it."""

    name: str
    view: str
    calculator: str
    parameters: tuple[tuple[str, Any], ...]


@cache
def settings() -> dict[str, dict[str, list[dict[str, Any]] | None]]:
    """Return tsfresh's ``kind_to_fc_parameters``: view to calculator to parameters."""
    return {
        view: {name: (parameters or None) for name, parameters in _file()[view].items() if name != _WHY}
        for view in reasons()
    }


@cache
def reasons() -> dict[str, str]:
    """Return why each view is measured, by view.

    Raises
    ------
    CurvedxError
        If a view gives no reason; the message names it.
    """
    for view, declared in _file().items():
        if not declared.get(_WHY):
            raise CurvedxError(f"features/settings.toml: view {view!r} gives no reason; add `why`")
    return {view: declared[_WHY] for view, declared in _file().items()}


@cache
def _file() -> dict[str, dict[str, Any]]:
    return tomllib.loads(asset("features/settings.toml").read_text(encoding="utf-8"))


@cache
def columns() -> tuple[Column, ...]:
    """Return every feature in the order of the file, which is the order of the model's columns."""
    return tuple(
        Column(_name(view, calculator, parameters), view, calculator, tuple(parameters.items()))
        for view, calculators in settings().items()
        for calculator, sets in calculators.items()
        for parameters in sets or [{}]
    )


def _name(view: str, calculator: str, parameters: dict[str, Any]) -> str:
    """Name a feature as tsfresh does: kind, calculator and sorted parameters, strings in quotes."""
    shown = [
        f'{key}_"{value}"' if isinstance(value, str) else f"{key}_{value}" for key, value in sorted(parameters.items())
    ]
    return "__".join([view, calculator, *shown])
