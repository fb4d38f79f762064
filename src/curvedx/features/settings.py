"""`features/settings.toml` as columns: which calculator measures which view, and what the result is called."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

from curvedx.assets import asset
from curvedx.errors import CurvedxError


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
    table = tomllib.loads(asset("features/settings.toml").read_text(encoding="utf-8"))
    found: dict[str, dict[str, list[dict[str, Any]] | None]] = {}
    for view, calculators in table.items():
        if not calculators.pop("why", ""):
            raise CurvedxError(f"features/settings.toml: view {view!r} gives no reason; add `why`")
        found[view] = {name: (parameters or None) for name, parameters in calculators.items()}
    return found


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
