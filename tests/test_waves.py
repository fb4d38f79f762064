"""What repeats along a trend is found, counted and told apart by its shape; what does not repeat is not."""

import numpy as np
import pytest

from curvedx.curve import FloatArray
from curvedx.features.views import views
from curvedx.features.waves import COUNTS, PHASES, STEEP, waves
from helpers_curves import drawn, run

PLACES = (np.arange(64) + 0.5) / 64
FALL = 1.0 / (1.0 + 8.0 * PLACES)


def restarts(count: float) -> FloatArray:
    """Return waves that rise at once and fall slowly."""
    return 1.0 - (count * PLACES) % 1.0


@pytest.mark.parametrize("count", [3.0, 4.5, 6.0, 9.0])
def test_waves_on_a_fall_are_counted_and_rise_faster_than_they_fall(count: float) -> None:
    found = waves((FALL + 0.1 * restarts(count))[np.newaxis])
    assert abs(found.count[0] - count) <= 0.25
    assert found.share[0] > 0.7
    assert found.rising[0] < 0.45
    assert 0.06 < found.height[0] < 0.12
    assert 0.75 < found.lowest[0] <= 1.0  # just before it rises


@pytest.mark.parametrize("count", [3.0, 4.5, 6.0, 9.0])
def test_stairs_fall_faster_than_they_rise(count: float) -> None:
    found = waves((FALL - 0.1 * restarts(count))[np.newaxis])
    assert abs(found.count[0] - count) <= 0.25
    assert found.rising[0] > 0.55


def test_a_fall_by_itself_has_no_waves_to_speak_of() -> None:
    rows = np.array([FALL, np.exp(-5.0 * PLACES), np.ones(64), np.zeros(64), 1.0 - PLACES])
    found = waves(rows)
    assert (found.height < 0.01).all()
    assert found.share[2:].tolist() == found.count[2:].tolist() == found.rising[2:].tolist() == [0.0, 0.0, 0.0]


def test_chance_explains_little_and_a_single_event_does_not_repeat() -> None:
    rng = np.random.default_rng(7)
    assert np.median(waves(rng.normal(size=(200, 64))).share) < 0.3
    assert waves((FALL + (PLACES > 0.6))[np.newaxis]).share[0] < 0.8


def test_noise_hides_no_waves_and_makes_none() -> None:
    """It would make some if it were smoothed before: what is left of it swings."""
    t = np.linspace(0.0, 1.0, 400)
    noise = 0.05 * np.random.default_rng(9).normal(size=(10, 400))
    trends = [1.0 / (1.0 + 8.0 * t) + height * (1.0 - (5.0 * t) % 1.0) for height in (0.0, 0.15)]
    quiet, waving = ([views(run(trend + z))["train_wave_share"][0] for z in noise] for trend in trends)
    assert max(quiet) < 0.35
    assert min(waving) > 0.5


def test_the_waves_are_those_of_least_squares_count_by_count() -> None:
    """The plain way: fit course and wave together, for each count by itself."""
    rng = np.random.default_rng(8)
    trends = [row["train_trend"] for row in map(views, [one.curve for one in drawn()[:60]]) if "train_trend" in row]
    rows = np.array([*trends, *(FALL + 0.1 * rng.normal(size=(20, 64)))])
    found = waves(rows)
    kept = PLACES >= STEEP
    t = PLACES[kept]
    course = np.column_stack([np.ones_like(t), t, t**2, np.log(t), 1.0 / t])

    def harmonics(turns: FloatArray) -> FloatArray:
        angles = [2.0 * np.pi * turns * times for times in (1, 2)]
        return np.column_stack([one for angle in angles for one in (np.cos(angle), np.sin(angle))])

    def rest(columns: FloatArray, y: FloatArray) -> tuple[FloatArray, float]:
        weights = np.linalg.lstsq(columns, y)[0]
        return np.asarray(weights, dtype=np.float64), float(np.sum((y - columns @ weights) ** 2))

    for number, y in enumerate(rows[:, kept]):
        if found.height[number] < 1e-4:
            continue
        fits = [rest(np.column_stack([course, harmonics(count * t)]), y) for count in COUNTS]
        best = int(np.argmin([left for _, left in fits]))
        wave = harmonics(np.arange(PHASES) / PHASES) @ fits[best][0][5:]
        assert found.count[number] == COUNTS[best]
        assert found.share[number] == pytest.approx(1.0 - fits[best][1] / rest(course, y)[1], abs=1e-6)
        assert found.height[number] == pytest.approx(np.ptp(wave), rel=1e-6)
        assert found.rising[number] == np.mean(np.roll(wave, -1) > wave)
        assert found.lowest[number] == wave.argmin() / PHASES


def test_the_waves_of_a_row_are_those_it_has_alone_to_the_last_bit() -> None:
    rows = np.random.default_rng(9).normal(size=(40, 64)).cumsum(axis=1)
    # As views come, one column behind the other, and as rows.
    for together in (waves(np.asfortranarray(rows)), waves(rows)):
        for number, row in enumerate(rows):
            alone = waves(row[np.newaxis])
            for name in ("share", "count", "height", "rising", "lowest"):
                assert getattr(alone, name)[0] == getattr(together, name)[number]
