"""No smoothing reaches across a sudden step, and nothing but a step stops it."""

import numpy as np
import pytest

from curvedx.curve import FloatArray
from curvedx.synth.breaks import breaks
from curvedx.synth.smoothing import smoothed

COUNT = 240
PLACE = np.arange(COUNT)
T = np.linspace(0.0, 1.0, COUNT)


def found(values: FloatArray, noise: float) -> list[int]:
    """Return the steps of one series whose noise is known."""
    return breaks(values[np.newaxis], np.full((1, COUNT), noise))[0]


@pytest.mark.parametrize("direction", [-1.0, 1.0])
def test_nearly_all_steps_in_noise_of_a_fourth_of_their_height_are_found_where_they_are(direction: float) -> None:
    steps = direction * ((PLACE >= 80).astype(float) + (PLACE >= 160))
    places = [
        place
        for seed in range(40)
        for place in found(2.0 - T + steps + 0.25 * np.random.default_rng(seed).normal(size=COUNT), 0.25)
    ]
    right = [place for place in places if min(abs(place - 80), abs(place - 160)) <= 2]
    assert len(right) > 0.9 * 80
    assert len(places) - len(right) < 0.05 * 80


@pytest.mark.parametrize("noise", [0.0, 1e-9, 1e-4, 0.01, 0.03])
@pytest.mark.parametrize(
    "course",
    [
        np.exp(-8.0 * T),
        1.0 / (0.02 + T),
        np.abs(T - 0.4),
        np.maximum(1.0 - 1.5 * T, 0.4),
        1.0 / (1.0 + np.exp((T - 0.5) / 0.01)),
        np.sin(20.0 * T),
        np.full(COUNT, 3.0),
    ],
    ids=["decay", "power law", "turn", "knee", "steep fall", "swings", "constant"],
)
def test_what_falls_bends_or_swings_is_not_broken(course: FloatArray, noise: float) -> None:
    assert found(course + noise * np.random.default_rng(3).normal(size=COUNT), noise) == []


def test_noise_alone_is_broken_in_one_of_some_hundred_series_at_most() -> None:
    rng = np.random.default_rng(4)
    white = rng.normal(size=(300, COUNT))
    assert sum(map(bool, breaks(white, np.ones_like(white)))) <= 1


def test_few_points_are_not_broken() -> None:
    few = np.repeat([1.0, 0.0], 9)[np.newaxis]
    assert breaks(few, np.full(few.shape, 0.01)) == [[]]


def test_a_row_has_the_steps_it_has_alone() -> None:
    rng = np.random.default_rng(5)
    rows = np.round(rng.normal(size=(30, COUNT)).cumsum(axis=1) / 8.0) + 0.1 * rng.normal(size=(30, COUNT))
    noise = np.full(rows.shape, 0.1)
    together = breaks(rows, noise)
    assert any(together)
    assert together == [breaks(row[np.newaxis], noise[:1])[0] for row in rows]


def test_a_smoothed_step_is_as_steep_as_the_step_and_level_beside_it() -> None:
    step = np.where(PLACE < 120, 2.0, 1.0)
    trend = smoothed(step + 0.2 * np.random.default_rng(6).normal(size=COUNT)).trend
    assert np.abs(trend - step)[np.r_[20:118, 122:220]].max() < 0.15
    assert trend[117] - trend[122] > 0.8
