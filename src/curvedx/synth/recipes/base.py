"""The register of recipes, and draws from a pattern's ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from curvedx.synth.run import Run
from curvedx.synth.trends import log_uniform

Range = tuple[float, float]

STAGES = ("shape", "event", "validation")
"""Order of drawing. A run takes one recipe of the shape stage at most: it decides how the trend falls."""


@dataclass(frozen=True)
class Draws:
    """Draws from one pattern's ranges in the catalogue."""

    run: Run
    ranges: Mapping[str, Range]

    def uni(self, name: str) -> float:
        """Draw uniformly between the ends of a range."""
        return self.run.pick(*self.ranges[name])

    def log(self, name: str) -> float:
        """Draw uniformly in the logarithm."""
        return log_uniform(self.run.rng, *self.ranges[name])

    def count(self, name: str) -> int:
        """Draw a whole number, small ones more often."""
        return round(self.log(name))


def pinned(ranges: Mapping[str, Range], fixed: Mapping[str, float]) -> dict[str, Range]:
    """Shrink the ranges of fixed parameters to their values: drawing from one uses chance as ever, and is settled."""
    return {name: (fixed[name], fixed[name]) if name in fixed else ends for name, ends in ranges.items()}


@dataclass(frozen=True)
class Recipe:
    """One pattern's way of being drawn."""

    stage: str
    draw: Callable[[Run, Draws], None]
    exclusive: str | None = None
    """Recipes that share this word do not occur together."""


RECIPES: dict[str, Recipe] = {}


def recipe(
    stage: str, exclusive: str | None = None
) -> Callable[[Callable[[Run, Draws], None]], Callable[[Run, Draws], None]]:
    """Register the function under its own name, which is the pattern's."""

    def register(function: Callable[[Run, Draws], None]) -> Callable[[Run, Draws], None]:
        RECIPES[function.__name__] = Recipe(stage, function, exclusive)
        return function

    return register
