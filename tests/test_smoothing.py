"""Smoothing works on many series at once, and what it finds of one is what it finds of that one alone."""

from dataclasses import fields

import numpy as np
import pytest

from curvedx.curve import FloatArray
from curvedx.features import views_definitions
from curvedx.measures import highest, lowest, median, middle, quantile, running_median, spread, spreads
from curvedx.synth.definitions_base import quartered
from curvedx.synth.estimated import all_degrees, degrees, truth, truths
from curvedx.synth.smoothing import TOGETHER, _between, median_lines, smoothed, taken_apart
from curvedx.synth.truth import Truth
from helpers_curves import HOSTILE, drawn, full_curve, run, with_channels

RNG = np.random.default_rng(12)


def losses() -> list[FloatArray]:
    """Return losses of every kind: few and many points, on both axes, with events, constant, more of one length."""
    found = []
    for count in (1, 2, 3, 5, 19, 49, 50, 256, 300, 600, 1000):
        t = np.linspace(0.0, 1.0, count)
        healthy = 2.0 * np.exp(-4.0 * t) + 0.5 + 0.02 * RNG.normal(size=count)
        spiked = healthy.copy()
        spiked[count // 2 : count // 2 + 2] += 3.0
        wide = np.exp(-9.0 * t + 0.1 * RNG.normal(size=count))
        bumped = healthy + 0.8 * np.exp(-(((t - 0.6) / 0.02) ** 2))
        found += [healthy, spiked, wide, bumped, wide[::-1].copy(), np.full(count, 0.3), np.zeros(count), -healthy]
    return found + [RNG.normal(size=300).cumsum() for _ in range(TOGETHER[0] + 3)]


def test_series_taken_apart_together_are_what_each_is_alone_to_the_last_bit() -> None:
    series = losses()
    for order in (series, series[::-1]):
        together, lines = taken_apart(order, order)
        for values, found, line in zip(order, together, lines, strict=True):
            alone = smoothed(values)
            for name in ("values", "trend", "line", "clean"):
                np.testing.assert_array_equal(getattr(found, name), getattr(alone, name))
            np.testing.assert_array_equal(line, taken_apart([], [values])[1][0])


def test_median_lines_together_are_what_each_is_alone() -> None:
    series = losses()
    for values, line in zip(series, median_lines(series, 0.03), strict=True):
        np.testing.assert_array_equal(line, median_lines([values], 0.03)[0])


def test_runs_estimated_together_are_what_each_is_alone_to_the_last_bit() -> None:
    """Every field of a truth, and every degree; each kind of series is handed to the run it is of."""
    curves = [one.curve for one in drawn()[:150] if len(one.curve) >= 8]
    curves += [with_channels(make()) for make in HOSTILE.values() if len(make()) == 100]
    assert {name for curve in curves for name in curve.channels} >= {
        "task_loss/a",
        "class_accuracy/b",
        "lr",
        "grad_norm",
    }
    for order in (curves, curves[::-1]):
        for curve, found, said in zip(order, truths(order), all_degrees(order), strict=True):
            alone = truth(curve)
            for field in fields(Truth):
                np.testing.assert_equal(getattr(found, field.name), getattr(alone, field.name))
            assert said == degrees(curve)


def test_each_kind_of_series_of_a_run_is_smoothed_as_what_it_is() -> None:
    curve, seen = full_curve(), truth(full_curve())
    for name, loss in seen.tasks.items():
        np.testing.assert_array_equal(loss, smoothed(curve[f"task_loss/{name}"].values).trend)
    for name, accuracy in seen.classes.items():
        np.testing.assert_array_equal(accuracy, median_lines([curve[f"class_accuracy/{name}"].values], 0.1)[0])
    assert seen.grad is not None and seen.val is not None
    np.testing.assert_array_equal(seen.grad, median_lines([np.log10(curve["grad_norm"].values)], 0.03)[0])
    np.testing.assert_array_equal(seen.val, taken_apart([], [curve["val_loss"].values])[1][0])


def test_degrees_are_asked_of_none_and_of_curves_too_short_beside_others() -> None:
    short, long = run([2.0, 1.0, 1.0]), drawn()[0].curve
    assert all_degrees([]) == []
    assert all_degrees([short, long, short]) == [degrees(short), degrees(long), degrees(short)]
    assert set(degrees(short).values()) == {None}


def test_groups_hold_every_curve_once_and_no_more_points_than_are_worked_on_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(views_definitions, "TOGETHER", 1000)
    lengths = [*RNG.integers(0, 400, size=60).tolist(), 5000, 1000]
    groups = list(views_definitions._groups(lengths))
    assert sorted(number for group in groups for number in group) == list(range(len(lengths)))
    assert all(len(group) == 1 or sum(lengths[number] for number in group) <= 1000 for group in groups)
    assert list(views_definitions._groups([])) == []


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 21, 22, 40, 75])
def test_a_running_median_of_each_row_is_the_median_of_each_window_from_any_place_on(count: int) -> None:
    values = RNG.normal(size=(3, count)).round(1)
    for half in (0, 1, 2, 5, 16, 30):
        wide = min(half, (count - 1) // 2)
        reach = [min(wide, at, count - 1 - at) for at in range(count)]
        naive = np.array([[np.median(row[at - r : at + r + 1]) for at, r in enumerate(reach)] for row in values])
        for first in sorted({0, 1, count // 3, count - 1}):
            np.testing.assert_array_equal(running_median(values, half, first), naive[:, first:])


@pytest.mark.parametrize("width", [1, 2, 3, 7, 8, 20])
def test_the_extremes_of_windows_are_those_of_each_window(width: int) -> None:
    values = RNG.normal(size=(2, 20))
    parts = np.lib.stride_tricks.sliding_window_view(values, width, axis=1)
    np.testing.assert_array_equal(lowest(values, width), parts.min(axis=2))
    np.testing.assert_array_equal(highest(values, width), parts.max(axis=2))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 11, 100])
def test_the_words_of_one_series_are_those_of_numpy(count: int) -> None:
    values = RNG.normal(size=count).round(1)
    assert middle(values) == float(median(values)) == np.median(values)
    assert quantile(values, 0.3) == pytest.approx(np.quantile(values, 0.3))
    assert spread(values) == float(spreads(values)) == 1.4826 * np.median(np.abs(values - np.median(values)))
    for part, wanted in zip(quartered(values), np.array_split(values, 4), strict=True):
        np.testing.assert_array_equal(part, wanted)


@pytest.mark.parametrize(("known", "apart", "first"), [(1, 4, 3.0), (7, 3, 1.0), (7, 4, 1.5), (40, 8, 30.0)])
def test_what_lies_between_known_values_is_what_numpy_interpolates(known: int, apart: int, first: float) -> None:
    values = RNG.normal(size=(2, known))
    count = known * apart + 2 * int(first)
    places = first + apart * np.arange(known)
    wanted = [np.interp(np.arange(count), places, row) for row in values]
    np.testing.assert_array_equal(_between(values, apart, first, count), wanted)
