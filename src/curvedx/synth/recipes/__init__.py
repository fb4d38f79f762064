"""How each pattern's curve is drawn: one function a pattern, named as in the catalogue, with its ranges from there."""

from curvedx.synth.recipes.base import RECIPES, STAGES, Draws, Recipe, pinned

__all__ = ["RECIPES", "STAGES", "Draws", "Recipe", "load", "pinned"]


def load() -> dict[str, Recipe]:
    """Return every recipe by pattern name."""
    from curvedx.synth.recipes import channels, events, shapes, validation  # noqa: F401, PLC0415 - they register

    return RECIPES
