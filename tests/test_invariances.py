"""What must not matter to a diagnosis: the unit of the loss, the numbering of the steps, how often was logged."""

from __future__ import annotations

import numpy as np
import pytest

from curvedx import classify_curves
from curvedx.curve import Channel, Curve
from helpers_drawn import changed, curves, diagnoses, distance

COUNT = 150
LOSSES = ("train_loss", "val_loss", "task_loss/")


def scaled(curve: Curve, factor: float) -> Curve:
    return changed(curve, lambda key, c: Channel(c.steps, c.values * factor) if key.startswith(LOSSES) else c)


def renumbered(curve: Curve, factor: float, shift: float) -> Curve:
    return changed(curve, lambda _, c: Channel(factor * c.steps + shift, c.values))


def thinned(curve: Curve) -> Curve:
    """Keep every second point of the channels that are logged with the train loss."""
    return changed(curve, lambda _, c: Channel(c.steps[::2], c.values[::2]) if len(c) == len(curve) else c)


def apart(others: list[Curve]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    pairs = zip(diagnoses(COUNT), classify_curves(others), strict=True)
    return np.array([distance(one, other) for one, other in pairs])


@pytest.mark.parametrize("power", [-20, -1, 3, 20])
def test_a_loss_in_another_binary_unit_is_the_same_curve(power: int) -> None:
    """Exactly, except where the rounding of a logarithm decides a split of a short curve."""
    found = apart([scaled(curve, 2.0**power) for curve in curves(COUNT)])
    assert np.mean(found == 0.0) >= 0.95
    assert found.max() < 0.02


@pytest.mark.parametrize("factor", [3.7, 1e-3])
def test_a_loss_in_another_unit_is_hardly_another_curve(factor: float) -> None:
    others = [scaled(curve, factor) for curve in curves(COUNT)]
    assert np.mean(apart(others) < 0.02) >= 0.95
    pairs = zip(diagnoses(COUNT), classify_curves(others), strict=True)
    assert np.mean([one.label == other.label for one, other in pairs]) >= 0.98


@pytest.mark.parametrize(("factor", "shift"), [(8.0, 0.0), (1.0, 1024.0), (7.0, 1000.0)])
def test_steps_may_be_counted_in_any_way(factor: float, shift: float) -> None:
    found = apart([renumbered(curve, factor, shift) for curve in curves(COUNT)])
    assert np.mean(found == 0.0) >= 0.95
    assert found.max() < 0.02


def test_logging_half_as_often_seldom_changes_the_headline() -> None:
    pairs = [
        (dx.label, curve)
        for dx, curve in zip(diagnoses(4 * COUNT), curves(4 * COUNT), strict=True)
        if len(curve) >= 200
    ]
    again = classify_curves([thinned(curve) for _, curve in pairs])
    assert len(pairs) >= 80
    assert np.mean([label == dx.label for (label, _), dx in zip(pairs, again, strict=True)]) >= 0.85
