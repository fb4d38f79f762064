"""Input at the border: what is no curve is an error that says what to do, what is an odd curve is judged."""

from __future__ import annotations

import re
import time
from typing import Any

import numpy as np
import pytest

from curvedx import Curve, CurvedxError, classify_curve
from curvedx.errors import CurveError
from helpers_drawn import distance

STEPS = np.arange(100.0)
FALL = 1.0 + 2.0 * np.exp(-STEPS / 15.0) + 0.01 * np.sin(7.0 * STEPS)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("3.1 2.9 2.8", "expected a sequence of numbers"),
        (3.1, "expected a sequence of numbers"),
        (None, "expected a sequence of numbers"),
        (["3.1", "low", "2.8"], "entry 1 of train_loss is 'low'; expected a number"),
        ([1.0, [2.0], 3.0], "entry 1"),
        (np.ones((50, 2)), "shape (50, 2)"),
        ([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "shape (3, 2)"),
        (np.ones(20) + 1j, "complex"),
        ([1.0 + 2.0j] * 20, "entry 0 of train_loss is (1+2j)"),
        ({}, "no 'train_loss' channel"),
        ({"val_loss": FALL}, "'val_loss'"),
        ({"loss": FALL}, "name the train loss 'train_loss'"),
        ({"train_loss": (STEPS, FALL[:-1])}, "100 steps for 99 values"),
        ({"train_loss": (STEPS[:-5], FALL)}, "95 steps for 100 values"),
        ({"train_loss": (np.where(STEPS == 3, np.nan, STEPS), FALL)}, "step 3 of train_loss is nan"),
        ({"train_loss": (np.where(STEPS == 4, np.inf, STEPS), FALL)}, "step 4 of train_loss is inf"),
        ({"train_loss": FALL, "val_loss": (STEPS, FALL[:3])}, "val_loss has 100 steps for 3 values"),
    ],
)
def test_what_is_no_curve_is_named_in_the_error(given: object, named: str) -> None:
    with pytest.raises(CurveError, match=re.escape(named)):
        classify_curve(given)


def test_an_error_names_the_run() -> None:
    with pytest.raises(CurvedxError, match=r"^run-17: "):
        classify_curve({"val_loss": FALL}, name="run-17")


@pytest.mark.parametrize(
    "given", [[], (), np.array([]), {"train_loss": []}, [2.3], [None] * 50, {"train_loss": ([], [])}]
)
def test_nothing_to_judge_is_unassessed_and_no_error(given: object) -> None:
    dx = classify_curve(given)
    assert (dx.label, dx.ok) == ("unassessed", None)
    assert dx.points <= 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_loss_that_was_never_finite_is_a_numerical_failure(value: float) -> None:
    dx = classify_curve(np.full(50, value))
    assert (dx.label, dx.ok, dx.severity) == ("numerical_failure", False, "error")
    assert dx.to_dict()["findings"][0]["pattern"] == "numerical_failure"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_loss_that_fails_half_way_is_found_where_it_fails(value: float) -> None:
    dx = classify_curve(np.where(STEPS >= 60, value, FALL))
    assert dx.label == "numerical_failure"
    assert dx.findings[0].onset == 60.0


@pytest.mark.parametrize("level", [0.0, 1e-12, 0.693, 10.8, 1e300])
def test_a_constant_is_a_flat_line_at_any_level(level: float) -> None:
    """Exactly zero may as well be called collapsed or failed, but never healthy."""
    dx = classify_curve(np.full(200, level))
    assert dx.label == "flat_line" if level else dx.ok is False


@pytest.mark.parametrize("scale", [1e90, 1e30, 1e-30, 1e-90])
def test_huge_and_tiny_losses_are_judged_like_any_other(scale: float) -> None:
    assert classify_curve(FALL * scale).label == classify_curve(FALL).label


def test_both_ends_of_what_a_float_can_hold_are_judged_without_a_warning() -> None:
    values = np.where(STEPS % 2 == 0, 1.7e308, 5e-324)
    assert classify_curve(values).label != "unassessed"
    assert classify_curve(np.where(STEPS > 50, 1.7e308, FALL)).ok is False
    for scale in (1e300, 1e-300):
        assert classify_curve({"train_loss": FALL * scale, "val_loss": FALL * scale}).label != "unassessed"


def test_steps_that_go_back_are_a_caveat() -> None:
    steps = np.concatenate([STEPS[:60], STEPS[40:80]])
    dx = classify_curve({"train_loss": (steps, FALL)})
    assert any("steps go back 1 time(s), to 40" in caveat for caveat in dx.caveats)
    assert dx.points == 80


def test_points_logged_twice_are_a_caveat() -> None:
    dx = classify_curve({"train_loss": (np.repeat(STEPS, 2), np.repeat(FALL, 2))})
    assert any("logged twice" in caveat for caveat in dx.caveats)
    assert dx.points == 100


def test_validation_that_failed_now_and_then_is_a_caveat_and_no_problem() -> None:
    val = np.where(STEPS % 30 == 7, np.nan, FALL + 0.05)
    dx = classify_curve({"train_loss": FALL, "val_loss": val})
    assert any("4 of 100 validation losses are NaN or infinite" in caveat for caveat in dx.caveats)
    assert dx.ok


def test_entries_never_logged_leave_their_steps_out() -> None:
    sparse: list[Any] = [value if step % 3 == 0 else None for step, value in zip(STEPS, FALL.tolist(), strict=True)]
    left = classify_curve({"train_loss": (STEPS[::3], FALL[::3])})
    assert distance(classify_curve(sparse), left) == 0.0
    assert classify_curve(sparse).span == (0.0, 99.0)


@pytest.mark.parametrize("channel", ["val_loss", "lr", "grad_norm", "task_loss/a", "class_accuracy/7"])
@pytest.mark.parametrize("values", [[], [None] * 5, [0.5], [float("nan")] * 100, [0.0] * 100, [float("inf")] * 100])
def test_a_channel_that_says_nothing_does_no_harm(channel: str, values: list[float]) -> None:
    dx = classify_curve({"train_loss": FALL, channel: values})
    assert dx.label != "unassessed"
    assert str(dx)
    assert dx._repr_html_()


def test_ten_thousand_unknown_channels_change_nothing() -> None:
    many = {f"metric/{number}": [float(number)] for number in range(10_000)}
    dx = classify_curve({"train_loss": FALL, **many})
    assert distance(dx, classify_curve(FALL)) == 0.0


def test_ten_million_points_are_judged_in_seconds() -> None:
    rng = np.random.default_rng(0)
    values = np.linspace(3.0, 1.0, 10_000_000)
    values += rng.normal(0.0, 0.05, len(values))
    began = time.perf_counter()
    dx = classify_curve(values)
    assert time.perf_counter() - began < 30.0
    assert dx.points == 10_000_000
    assert dx.findings


def test_a_resume_that_the_train_loss_shows_settles_every_channel() -> None:
    steps = np.concatenate([STEPS[:60], STEPS[40:80]])
    lost, kept = 9.0, 0.5
    val = ([10.0, 30.0, 50.0, 50.0, 70.0], [1.0, 0.8, lost, kept, 0.4])
    given: Any = {"train_loss": (steps, FALL), "val_loss": val, "lr": (steps, FALL)}
    curve = Curve(given)
    assert curve["val_loss"].values.tolist() == [1.0, 0.8, kept, 0.4]
    assert len(curve["lr"]) == 80
    assert len(curve.caveats) == 1, "one resume is said once"


def test_an_evaluation_logged_twice_elsewhere_is_averaged_as_ever() -> None:
    steps = np.concatenate([STEPS[:60], STEPS[40:80]])
    given: Any = {"train_loss": (steps, FALL), "val_loss": ([10.0, 10.0, 70.0], [1.0, 0.5, 0.4])}
    curve = Curve(given)
    assert curve["val_loss"].values.tolist() == [0.75, 0.4]
    assert any("val_loss: 1 points logged twice" in caveat for caveat in curve.caveats)


def test_the_finite_points_of_a_channel_keep_their_steps() -> None:
    steps = [1.0, 3.0, 4.0, 9.0]
    logged: dict[str, Any] = {"train_loss": (steps, [2.0, np.nan, np.inf, 1.0]), "lr": (steps, [4.0, 3.0, 2.0, 1.0])}
    curve = Curve(logged)
    known = curve["train_loss"].finite()
    assert (known.steps.tolist(), known.values.tolist()) == ([1.0, 9.0], [2.0, 1.0])
    assert curve["lr"].finite() is curve["lr"]
