"""Which of a pattern's parameters the page lets a person move, what they are called there, and at which values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from curvedx.catalogue import Pattern

Unit = Literal["run", "level", "start", "drop", "jump", "share", "times", "count", "decades", ""]
"""What a value is a share of, or how else it reads."""

LEVELS = {1: 13, 2: 7, 3: 5}
"""Values a slider, by how many sliders there are: every combination is drawn beforehand, so the page stays small."""


@dataclass(frozen=True)
class Main:
    """One parameter worth moving."""

    name: str
    words: str
    unit: Unit
    log: bool = False
    """Whether its values are spread evenly in the logarithm, as its recipe draws it."""


@dataclass(frozen=True, kw_only=True)
class Slider:
    """One slider of the page."""

    name: str
    words: str
    values: tuple[float, ...]
    texts: tuple[str, ...]
    """How each value reads."""


_WHERE = Main("at", "Where it happens", "run")

MAIN: dict[str, tuple[Main, ...]] = {
    "flat_line": (
        Main("depth", "What it gains", "start", log=True),
        Main("noise", "Noise", "start", log=True),
    ),
    "plateau": (
        Main("knee", "Where it stops", "run", log=True),
        Main("level", "Level at which it stops", "start"),
        Main("gain", "What it still gains afterwards", "drop", log=True),
    ),
    "divergence": (
        Main("at", "Where it turns", "run"),
        Main("rise", "How long the rise takes", "run", log=True),
        Main("height", "How far it rises", "drop", log=True),
    ),
    "numerical_failure": (_WHERE,),
    "collapse_to_zero": (
        _WHERE,
        Main("width", "How long the fall takes", "run", log=True),
        Main("decades", "How far it falls", "decades"),
    ),
    "loss_spikes": (
        Main("count", "How many", "count", log=True),
        Main("height", "How high", "drop", log=True),
        Main("width", "How wide", "run"),
    ),
    "warmup_spike": (
        Main("at", "When it peaks", "run", log=True),
        Main("height", "How high", "start", log=True),
    ),
    "sawtooth": (Main("noise", "Noise", "drop", log=True),),
    "oscillation": (
        Main("period", "How long a swing takes", "run", log=True),
        Main("height", "How wide it swings", "drop", log=True),
        Main("gain", "What it gains meanwhile", "drop"),
    ),
    "level_jump": (
        _WHERE,
        Main("height", "How high it jumps", "level", log=True),
        Main("won_back", "What training wins back", "jump"),
    ),
    "undertrained": (
        Main("depth", "How far it falls", "start", log=True),
        Main("bend", "How much of it comes late (1 is a straight line)", "", log=True),
        Main("noise", "Noise", "drop", log=True),
    ),
    "overfitting": (
        Main("turn", "Where validation turns", "run"),
        Main("rise", "How far validation rises", "level", log=True),
    ),
    "val_below_train": (
        Main("ratio", "Validation as a share of train", "share"),
        Main("drift", "How that changes over the run", "share"),
    ),
    "catastrophic_forgetting": (
        Main("switch", "When the task changes", "run"),
        Main("rise", "How much is forgotten", "drop", log=True),
    ),
    "exploding_gradients": (
        Main("at", "Where the norm turns", "run"),
        Main("rise", "How long its rise takes", "run", log=True),
        Main("growth", "How far it grows", "times", log=True),
    ),
    "vanishing_gradients": (
        Main("by", "By when it has died", "run", log=True),
        Main("shrink", "How far it shrinks", "times", log=True),
    ),
    "dead_class": (
        Main("others", "What the other classes reach", "share"),
        Main("dead", "What this class reaches", "share", log=True),
    ),
    "step_drops": (
        Main("count", "How many", "count", log=True),
        Main("drop", "How far each falls", "level", log=True),
        Main("width", "How long each takes", "run", log=True),
    ),
    "epoch_staircase": (
        Main("epochs", "Epochs", "count", log=True),
        Main("drop", "What the end of an epoch brings", "start", log=True),
        Main("tilt", "How much falls in between", "share"),
    ),
    "schedule_waves": (
        Main("cycles", "Cycles of the learning rate", "count"),
        Main("height", "How high each wave is", "drop", log=True),
    ),
    "grokking": (
        Main("late", "When validation falls", "run", log=True),
        Main("delay", "How much later than train", "times", log=True),
        Main("width", "How long its fall takes", "run", log=True),
    ),
    "double_descent": (
        Main("first", "Where validation first turns", "run", log=True),
        Main("climb", "How long it climbs, of what is left", "run"),
        Main("rise", "How far it climbs", "level", log=True),
    ),
}
"""The parameters worth moving, by pattern. One that is not listed moves the first two of its ranges."""

_OF = {"run": " of the run", "level": " of its level", "start": " of the start", "drop": " of the fall"}
_OF |= {"jump": " of the jump", "share": ""}


def sliders(pattern: Pattern) -> tuple[Slider, ...]:
    """Return the sliders of a pattern, none where the catalogue gives it no ranges."""
    main = MAIN.get(pattern.name) or tuple(
        Main(name, name.replace("_", " ").capitalize(), "") for name in list(pattern.ranges)[:2]
    )
    main = tuple(one for one in main if one.name in pattern.ranges)
    return tuple(_slider(one, pattern.ranges, LEVELS[len(main)]) for one in main)


def _slider(main: Main, ranges: Mapping[str, tuple[float, float]], count: int) -> Slider:
    low, high = ranges[main.name]
    spread = np.geomspace(low, high, count) if main.log else np.linspace(low, high, count)
    values = [float(value) for value in spread]
    if main.unit == "count":
        values = list(dict.fromkeys(float(round(value)) for value in values))
    return Slider(
        name=main.name,
        words=main.words,
        values=tuple(values),
        texts=tuple(reads(value, main.unit) for value in values),
    )


def reads(value: float, unit: Unit) -> str:
    """Write a value in its unit: a share as per cents, a large one as a multiple."""
    if unit == "count":
        return f"{value:.0f}"
    if unit == "times":
        return f"{_short(value)} times"
    if unit == "decades":
        return f"{_short(value)} powers of ten"
    if unit == "":
        return _short(value)
    return f"{_short(100 * value)} %{_OF[unit]}"


def _short(value: float) -> str:
    """Write two digits, or the whole number where it has more, with thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}"
