"""The small tools that need nothing but numbers: smoothing, early stopping, the generalisation gap."""

from __future__ import annotations

import json
import math
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import naive_tools
from curvedx import Curve, CurvedxError, EarlyStop, generalization_gap, smooth
from curvedx.readers import read
from curvedx.tools.gap import nearby_mean

LOGS = Path(__file__).parents[1] / "data" / "logs"
NAN, INF = math.nan, math.inf


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).normal(size=60).tolist(),
        [3.0] * 20,
        [NAN, 1.0, NAN, INF, 2.0, -INF, 3.0],
        [NAN, NAN],
        [2.5],
        [],
        [1e308, 1e308, 1e-308],
    ],
    ids=["noise", "constant", "gaps", "nothing finite", "one", "none", "extreme"],
)
def test_smoothing_is_the_weighted_mean_of_all_that_went_before(values: list[float], alpha: float) -> None:
    found = smooth(values, alpha)
    assert found.dtype == np.float64
    expected = np.array(naive_tools.smooth([v / 2 for v in values], alpha)) * 2
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


def test_the_first_smoothed_value_is_the_first_value() -> None:
    assert smooth([5.0, 4.0])[0] == pytest.approx(5.0, rel=1e-15)


@pytest.mark.parametrize("given", [(1, 2, 3), range(1, 4), np.array([1, 2, 3]), deque([1, 2, 3]), iter([1.0, 2, 3])])
def test_any_line_of_numbers_can_be_smoothed(given: Any) -> None:
    np.testing.assert_allclose(smooth(given), naive_tools.smooth([1, 2, 3], 0.9))


def test_smoothing_leaves_what_it_was_given_alone() -> None:
    given = np.array([1.0, NAN, 3.0])
    smooth(given)
    np.testing.assert_array_equal(given, [1.0, NAN, 3.0])


@pytest.mark.parametrize(
    ("values", "alpha", "said"),
    [
        ([1.0], 1.0, "alpha is 1.0"),
        ([1.0], -0.1, "from 0 to less than 1"),
        ([1.0], NAN, "alpha is nan"),
        ([[1.0], [2.0]], 0.9, "2 dimensions"),
        ("1, 2", 0.9, "expected a sequence of numbers"),
        ([1.0, "x"], 0.9, "entry 1 of values is 'x'"),
    ],
)
def test_what_cannot_be_smoothed_is_said(values: Any, alpha: float, said: str) -> None:
    with pytest.raises(CurvedxError, match=said):
        smooth(values, alpha)


@pytest.mark.parametrize("seed", range(20))
def test_a_run_is_stopped_where_its_patience_is_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(60) < 0.1, rng.choice([NAN, INF, -INF], 60), rng.normal(size=60)).tolist()
    patience, min_delta = int(rng.integers(1, 9)), float(rng.choice([0.0, 0.3]))
    stop = EarlyStop(patience, min_delta)
    said = [stop.step(value) for value in values]
    at = naive_tools.stopped_at(values, patience, min_delta)
    assert said == [at is not None and place >= at for place in range(60)]
    assert stop.stopped == (at is not None)


def test_the_best_value_and_where_it_was_are_kept() -> None:
    stop = EarlyStop(patience=3)
    for step, loss in [(100, 2.0), (200, 1.5), (300, 1.7)]:
        assert not stop.step(loss, step=step)
    assert (stop.best, stop.best_step, stop.wait) == (1.5, 200, 1)


def test_evaluations_are_counted_where_no_step_is_given() -> None:
    stop = EarlyStop()
    for loss in (2.0, 1.5, 1.7):
        stop.step(loss)
    assert stop.best_step == 1


def test_an_improvement_has_to_exceed_min_delta_but_small_ones_add_up() -> None:
    stop = EarlyStop(patience=3, min_delta=0.25)
    assert [stop.step(loss) for loss in (1.0, 0.75, 0.7)] == [False, False, False]
    assert (stop.best, stop.wait) == (0.7, 0)


def test_an_accuracy_improves_upwards() -> None:
    stop = EarlyStop(patience=2, mode="max")
    assert [stop.step(accuracy) for accuracy in (0.5, 0.6, 0.6, 0.55)] == [False, False, False, True]
    assert stop.best == 0.6


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("broken", [NAN, INF, -INF])
def test_what_is_not_finite_is_never_an_improvement(broken: float, mode: Any) -> None:
    stop = EarlyStop(patience=2, mode=mode)
    assert [stop.step(broken), stop.step(broken)] == [False, True]
    assert stop.best is None


def test_once_stopped_it_stays_stopped_and_still_knows_a_better_value() -> None:
    stop = EarlyStop(patience=1)
    assert [stop.step(value) for value in (1.0, 2.0, 0.5)] == [False, True, True]
    assert (stop.stopped, stop.best) == (True, 0.5)


@pytest.mark.parametrize("at", range(12))
def test_a_resumed_run_stops_where_it_would_have(at: int) -> None:
    values = [3.0, 2.0, NAN, 2.5, 1.9, 1.9, 2.2, 1.85, INF, 1.9, 2.0, 2.0]
    whole, first, second = EarlyStop(4, 0.1), EarlyStop(4, 0.1), EarlyStop(1, mode="max")
    for value in values[:at]:
        first.step(value)
    second.load_state_dict(json.loads(json.dumps(first.state_dict(), allow_nan=False)))
    assert [whole.step(v) for v in values][at:] == [second.step(v) for v in values[at:]]
    assert second.state_dict() == whole.state_dict()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"patience": 0}, "patience is 0; expected a whole number of evaluations, 1 or more"),
        ({"patience": 2.5}, "patience is 2.5"),
        ({"patience": 3, "min_delta": -1.0}, "min_delta is -1.0"),
        ({"patience": 3, "min_delta": NAN}, "min_delta is nan"),
        ({"patience": 3, "mode": "low"}, "'min' for a loss or 'max'"),
    ],
)
def test_settings_without_sense_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(CurvedxError, match=said):
        EarlyStop(**settings)


@pytest.mark.parametrize("value", ["0.5", None, [1.0, 2.0], np.ones(2)])
def test_a_value_that_is_no_number_is_refused_and_counts_for_nothing(value: Any) -> None:
    stop = EarlyStop()
    with pytest.raises(CurvedxError, match="expected one number"):
        stop.step(value)
    with pytest.raises(CurvedxError, match="the step is nan"):
        stop.step(1.0, step=NAN)
    assert stop.state_dict() == EarlyStop().state_dict()


@pytest.mark.parametrize("change", [{"best": NAN}, {"wait": -1}, {"patience": 0}, {"best": "low"}, {"more": 1}])
def test_a_state_that_is_none_is_refused_and_changes_nothing(change: dict[str, Any]) -> None:
    stop = EarlyStop()
    stop.step(1.0)
    before = stop.state_dict()
    with pytest.raises(CurvedxError, match="EarlyStop"):
        stop.load_state_dict(before | change)
    assert stop.state_dict() == before


def run(gap: Any, noise: float = 0.02, points: int = 2000, evaluations: int = 40, seed: int = 0) -> Curve:
    """Return a falling train loss and a validation loss that lies `gap(share of the run)` above it."""
    rng = np.random.default_rng(seed)
    steps = np.arange(points, dtype=float)
    seen = np.linspace(points / evaluations, points, evaluations).round() - 1
    train, val = (1.0 + 2.0 * np.exp(-at / 300.0) + rng.normal(0, noise, len(at)) for at in (steps, seen))
    val = val + np.array([gap(at / points) for at in seen])
    return Curve({"train_loss": (steps, train), "val_loss": (seen, val)})  # type: ignore[dict-item]  # raw channels


@pytest.mark.parametrize(
    ("gap", "verdict", "level"),
    [
        (lambda _: 0.4, "stable", 0.4),
        (lambda _: 0.0, "stable", 0.0),
        (lambda t: max(0.0, t - 0.3), "widening", 0.6),
        (lambda t: max(0.0, 0.7 - t), "closing", 0.0),
        (lambda _: -0.4, "stable", -0.4),
        (lambda t: -0.5 + 0.5 * t, "closing", -0.05),
        (lambda t: -0.5 * t, "widening", -0.45),
        (lambda t: 0.4 * min(1.0, 5 * t), "stable", 0.4),
    ],
    ids=["constant", "none", "widening", "closing", "below", "below, closing", "below, widening", "early"],
)
def test_a_gap_is_called_what_it_does_in_the_later_half(gap: Any, verdict: str, level: float) -> None:
    for seed in range(5):
        found = generalization_gap(run(gap, seed=seed))
        assert found.verdict == verdict
        assert found.level == pytest.approx(level, abs=0.06)
        assert len(found.steps) == len(found.values) == 40


def test_the_trend_is_the_change_since_its_beginning_and_its_error_is_what_noise_gives() -> None:
    found = [generalization_gap(run(lambda t: t, seed=seed)) for seed in range(60)]
    assert found[0].since == pytest.approx(1000, abs=60)
    trends = np.array([each.trend for each in found])
    assert trends.mean() == pytest.approx(0.475, abs=0.02)
    assert np.median([each.uncertainty for each in found]) == pytest.approx(trends.std(), rel=0.4)


def test_noise_alone_is_no_trend() -> None:
    assert {generalization_gap(run(lambda _: 0.3, noise=0.3, seed=seed)).verdict for seed in range(40)} == {"stable"}


def test_train_loss_nearby_is_what_was_logged_nearer_than_to_the_neighbours() -> None:
    curve = run(lambda _: 0.3, points=400, evaluations=8)
    steps, values = curve["train_loss"]
    at = curve["val_loss"].steps
    expected = naive_tools.nearby_mean(steps.tolist(), values.tolist(), at.tolist())
    np.testing.assert_allclose(nearby_mean(curve["train_loss"], at), expected)


def test_evaluations_that_are_not_finite_or_far_from_the_train_loss_have_no_gap() -> None:
    steps = np.arange(100.0)
    seen = np.append(np.arange(9.0, 100.0, 10.0), 500.0)
    losses = np.ones(11)
    losses[3] = NAN
    found = generalization_gap({"train_loss": (steps, np.full(100, 0.5)), "val_loss": (seen, losses)})
    assert found.steps.tolist() == [9, 19, 29, 49, 59, 69, 79, 89, 99]
    assert found.values.tolist() == [0.5] * 9
    assert found.verdict == "stable"


@pytest.mark.parametrize("evaluations", range(6))
def test_fewer_than_five_evaluations_have_a_level_and_no_verdict(evaluations: int) -> None:
    found = generalization_gap({"train_loss": [1.0] * 50, "val_loss": [1.5] * evaluations or [NAN]})
    assert (found.verdict is None) == (evaluations < 5)
    assert found.level == (0.5 if evaluations else None)
    assert str(found)
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "values",
    [[0.0] * 30, [-5.0 + t / 30 for t in range(30)], [1.7e308, -1.7e308] * 15, [NAN] * 29 + [1.0], [1e-310] * 30],
)
def test_losses_nobody_wishes_to_log_have_a_gap_all_the_same(values: list[float]) -> None:
    json.dumps(generalization_gap({"train_loss": values[::-1], "val_loss": values}).to_dict(), allow_nan=False)


def test_losses_below_zero_are_judged_by_their_range() -> None:
    found = generalization_gap({"train_loss": np.linspace(-1, -9, 60), "val_loss": np.linspace(-1, -5, 60)})
    assert found.verdict == "widening"
    assert found.percent == pytest.approx(100 * (found.trend or 0) / 4)


def test_a_gap_needs_both_losses() -> None:
    with pytest.raises(CurvedxError, match=r"no 'val_loss' channel \(found 'train_loss'\)"):
        generalization_gap({"train_loss": [1.0, 0.9]})
    with pytest.raises(CurvedxError, match="a list holds one series at most"):
        generalization_gap([1.0, 0.9])  # type: ignore[arg-type]  # what is tested


def test_a_real_run_that_overfits_widens_its_gap() -> None:
    found = generalization_gap(read(LOGS / "hf/overfitting/trainer_state.json"))
    assert found.verdict == "widening"
    assert str(found).startswith("overfitting: the generalisation gap is widening\nvalidation loss lies 1.879 above")
    assert generalization_gap(read(LOGS / "hf/healthy/trainer_state.json")).verdict == "stable"
