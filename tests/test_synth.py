"""Drawn curves show what their labels say, on the latent curve, and can be drawn again."""

import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest

from curvedx.catalogue import assessable, patterns, unassessed
from curvedx.curve import TRAIN_LOSS, Curve
from curvedx.synth.draw import WEIGHTS, Drawn, draw
from curvedx.synth.grey import over, under
from curvedx.synth.recipes import load
from curvedx.synth.register import DEFINITIONS
from curvedx.synth.resume import rewound, twice
from helpers_curves import SEED, drawn
from helpers_definitions import PROPERTIES

NAMES = [pattern.name for pattern in assessable()]
PROBLEMS = {pattern.name for pattern in assessable() if pattern.kind == "problem"}

LOOSE, STRICT = 1.0 / 1.6, 1.6
"""Every threshold is the middle of a grey zone; the labels are checked outside of it."""

TRIES = 60


@cache
def draws_of(name: str) -> tuple[Drawn, ...]:
    return tuple(draw(SEED, index, recipes=(name,)) for index in range(TRIES))


@cache
def healthy_draws() -> tuple[Drawn, ...]:
    return tuple(draw(SEED, index, recipes=()) for index in range(400))


def present(one: Drawn, name: str) -> bool:
    return (one.degrees[name] or 0.0) >= 0.5


def same(one: Drawn, other: Drawn) -> bool:
    return (
        dict(one.curve.channels) == dict(other.curve.channels)
        and one.degrees == other.degrees
        and one.onsets == other.onsets
        and one.recipes == other.recipes
    )


def test_the_same_pair_draws_the_same_curve_in_whatever_order() -> None:
    again = {index: draw(SEED, index) for index in reversed(range(40))}
    assert all(same(drawn()[index], again[index]) for index in again)


def test_another_seed_or_index_draws_another_curve() -> None:
    assert not same(draw(SEED, 0), draw(SEED, 1))
    assert not same(draw(SEED, 0), draw(SEED + 1, 0))


def test_every_pattern_of_the_catalogue_has_a_recipe_a_weight_and_a_definition() -> None:
    assert set(load()) == set(WEIGHTS) == set(DEFINITIONS) == set(PROPERTIES) == set(NAMES)


def test_every_kind_of_run_is_drawn_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for index in range(3000):
            draw(SEED + 1, index)


def test_drawn_curves_have_eight_to_twenty_thousand_points() -> None:
    counts = [len(one.curve) for one in drawn()]
    assert min(counts) >= 8
    assert max(counts) <= 20_000
    assert np.median(counts) < 300, "half of what people have are short curves"


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_draws_its_pattern_on_both_sides_of_the_definition(name: str) -> None:
    """Parameters are drawn right across the thresholds, most of which have to be passed together.

    So a recipe shows its pattern often, far more often than a run drawn without it does, and, but for a NaN that is
    a NaN, never always.
    """
    share = np.mean([present(one, name) for one in draws_of(name)])
    by_chance = np.mean([present(one, name) for one in healthy_draws()])
    assert share >= 0.2
    assert share < 1.0 or name == "numerical_failure"
    assert share > 2.0 * by_chance


def test_runs_without_a_recipe_mostly_have_no_problem() -> None:
    clean = [not any(present(one, name) for name in PROBLEMS) for one in healthy_draws()]
    assert np.mean(clean) > 0.75


def test_degrees_are_shares_or_open_exactly_where_a_channel_or_points_are_missing() -> None:
    for one in drawn():
        assert set(one.degrees) == set(NAMES)
        unknown = {name for name, degree in one.degrees.items() if degree is None}
        assert unknown >= set(unassessed(one.curve))
        assert all(0.0 <= degree <= 1.0 for degree in one.degrees.values() if degree is not None)


def test_what_the_catalogue_calls_assessable_has_a_degree_unless_the_run_broke_too_early() -> None:
    """Only what was seen before the failure is measured, and that can be too short for swings and noise."""
    disagree = [
        (index, name)
        for index, one in enumerate(drawn())
        for name, degree in one.degrees.items()
        if degree is None and name not in unassessed(one.curve) and not one.truth.failed
    ]
    assert not disagree


@pytest.mark.parametrize("name", NAMES)
def test_a_present_label_holds_on_the_latent_curve(name: str) -> None:
    shown = [(f"recipe draw {i}", one) for i, one in enumerate(draws_of(name)) if present(one, name)]
    shown += [(f"draw {i}", one) for i, one in enumerate(drawn()) if present(one, name)]
    wrong = [where for where, one in shown if not PROPERTIES[name](one.truth, LOOSE)]
    assert len(shown) >= 5
    assert not wrong, f"{len(wrong)} of {len(shown)}"


@pytest.mark.parametrize(
    "name",
    [
        "numerical_failure",
        "flat_line",
        "collapse_to_zero",
        "overfitting",
        "val_below_train",
        "catastrophic_forgetting",
        "exploding_gradients",
        "dead_class",
    ],
)
def test_what_a_run_shows_beyond_doubt_is_labelled(name: str) -> None:
    """The other way round, for labels whose definition is one or two measures."""
    runs = [one for one in (*drawn(), *healthy_draws(), *draws_of(name)) if one.degrees[name] is not None]
    absent = [(i, one) for i, one in enumerate(runs) if not one.present() & PROBLEMS]
    wrong = [i for i, one in absent if PROPERTIES[name](one.truth, STRICT)]
    assert len(absent) >= 5
    assert not wrong, f"{len(wrong)} of {len(absent)}"


def test_a_numerical_failure_can_be_seen_in_the_log() -> None:
    for one in draws_of("numerical_failure"):
        values = one.curve[TRAIN_LOSS].values
        seen = not np.isfinite(values).all() or (values <= 0.0).any()
        assert seen or not present(one, "numerical_failure")


def test_onsets_of_present_labels_lie_within_the_run() -> None:
    for one in [*drawn(), *(one for name in NAMES for one in draws_of(name)[:10])]:
        steps = one.curve[TRAIN_LOSS].steps
        for name, places in one.onsets.items():
            assert present(one, name)
            assert all(0.0 <= place <= steps[-1] for place in places), name


def test_the_catalogue_gives_every_range_that_a_recipe_draws_from() -> None:
    """A range that no recipe reads, or reads without having, is a mistake in the file."""
    for name in NAMES:
        assert patterns()[name].ranges, name
        assert draws_of(name)[0].recipes == (name,)


def test_degrees_of_a_measure_pass_one_half_at_its_threshold_and_are_grey_around_it() -> None:
    assert over(5.0, 5.0) == under(5.0, 5.0) == 0.5
    assert over(7.0, 5.0) == pytest.approx(0.9, abs=0.01)
    assert over(5.0 / 1.4, 5.0) == pytest.approx(0.1, abs=0.01)
    assert over(-1.0, 5.0) == over(float("nan"), 5.0) == 0.0
    assert over(1e-300, 0.0) == 1.0


def test_a_resume_or_a_second_process_leaves_its_trace_in_the_log_and_changes_nothing_else() -> None:
    steps, values = np.arange(1.0, 41.0), np.linspace(3.0, 1.0, 40)
    val = (np.array([10.0, 20.0, 30.0, 40.0]), np.array([3.0, 2.5, 2.0, 1.8]))
    logged: Any = {"train_loss": (steps, values), "val_loss": val}
    plain = Curve(logged)
    for crash in (22.0, 33.0, 39.5):
        raw: Any = rewound(logged, 18.0, crash)
        lost = int(crash) - 18
        assert len(raw["train_loss"][0]) == 40 + min(lost, 18)
        assert np.flatnonzero(np.diff(raw["train_loss"][0]) < 0).tolist() == [18 + min(lost, 18) - 1]
        again = Curve(raw)
        assert again.channels == plain.channels
        assert again.rewinds == (19.0,)
        assert len(again.caveats) == 1, again.caveats
    both = Curve(logged | {"train_loss": twice(steps, values, np.full(40, 0.25))})
    assert np.array_equal(both["train_loss"].steps, steps)
    np.testing.assert_allclose(both["train_loss"].values, values, rtol=1e-15)
    assert any("40 points logged twice" in caveat for caveat in both.caveats)


def test_some_runs_are_resumed_and_some_logged_twice() -> None:
    jumps = draws_of("level_jump")
    assert 0.1 < np.mean([bool(one.curve.rewinds) for one in jumps]) < 0.5
    said = [" ".join(one.curve.caveats) for one in drawn()]
    assert 0.01 < np.mean(["steps go back" in caveats for caveats in said]) < 0.12
    assert 0.003 < np.mean(["logged twice" in caveats for caveats in said]) < 0.12
