"""The numbers and sentences that stand behind a finding."""

from typing import Any

import numpy as np
import pytest

from curvedx.curve import Curve
from curvedx.diagnosis.evidence import MOST, Sighting, call, many, say, say_percent, say_share, say_step, say_steps
from curvedx.diagnosis.onsets import FINDERS
from curvedx.diagnosis.onsets.levels import nearest_level
from helpers_diagnosis import sighted

STEPS = np.arange(0.0, 10_000, 10)
X = STEPS / 10_000
FALL = 2.0 * np.exp(-X / 0.1) + 1.0


def see(pattern: str, train: Any = FALL, **channels: Any) -> tuple[Sighting, dict[str, float]]:
    given: dict[str, Any] = {"train_loss": (STEPS, train)}
    given |= {name: (STEPS, values) for name, values in channels.items()}
    seen = sighted(Curve(given), pattern)
    return seen, {e.name: e.value for e in seen.evidence}


def test_overfitting_names_the_minimum_the_rise_and_what_train_loss_did() -> None:
    val = 1.0 + np.abs(X - 0.4)
    seen, numbers = see("overfitting", train=2.0 - X, val_loss=val)
    assert seen.sentence == (
        "validation loss has risen 58 % since its minimum 1 at step 4,000 while train loss fell 37 %"
    )
    assert numbers["rise above the minimum"] == pytest.approx(58.4, abs=0.2)
    assert numbers["minimum"] == 1.0
    assert seen.channel == "val_loss"


def test_overfitting_says_since_when_the_rise_is_clear_of_the_noise() -> None:
    val = 1.0 + np.abs(X - 0.4) + np.random.default_rng(0).normal(scale=0.02, size=1000)
    _, numbers = see("overfitting", train=2.0 - X, val_loss=val)
    assert numbers["step of the minimum"] == pytest.approx(4000, abs=300)
    assert numbers["rise clear of the noise since"] == pytest.approx(4200, abs=300)
    assert numbers["rise clear of the noise since"] > numbers["step of the minimum"]


def test_losses_below_zero_are_measured_in_per_cent_of_their_drop() -> None:
    val = -2.0 + np.abs(X - 0.4)
    seen, numbers = see("overfitting", train=-1.0 - X, val_loss=val)
    assert "since its minimum -2 at step 4,000" in seen.sentence
    assert "% of its drop" in seen.sentence
    assert numbers["rise above the minimum of its drop"] == pytest.approx(100 * 0.584 / 0.396, abs=5)


def test_spikes_are_counted_and_the_tallest_is_measured() -> None:
    train = np.ones(1000)
    train[[300, 421, 700]] = [2.0, 3.2, 1.5]
    seen, numbers = see("loss_spikes", train=train)
    assert seen.sentence == "3 spikes, the tallest at step 4,210: 3.2 x the local loss, back within 10 steps"
    assert numbers["tallest, of the local loss"] == pytest.approx(3.2)


def test_every_spike_is_an_event_with_its_height_duration_and_whether_it_came_back() -> None:
    train = 1.0 + 1e-3 * np.cos(STEPS)
    train[300:304] += [1.0, 0.8, 0.6, 0.4]
    train[700] += 2.0
    train[900] += 3.0  # two above where it goes on
    train[901:] += 1.0
    seen, numbers = see("loss_spikes", train=train)
    assert [(e.step, e.end, e.recovered) for e in seen.events] == [
        (3000, 3040, True),
        (7000, 7010, True),
        (9000, 9010, False),
    ]
    assert [e.height for e in seen.events] == pytest.approx([1.0, 2.0, 2.0], abs=0.01)
    assert (numbers["spikes that recover"], numbers["median duration"]) == (2, 10)
    assert "spikes with a surge of the gradient norm" not in numbers


def test_a_spike_on_a_log_axis_has_its_height_in_loss() -> None:
    train = np.geomspace(100, 0.01, 1000)
    level = train[500]
    train[500] *= 8
    (event,) = see("loss_spikes", train=train)[0].events
    assert event.height == pytest.approx(7 * level, rel=0.01)


def test_spikes_are_told_by_what_the_gradient_norm_did_before_or_with_them() -> None:
    train, norm = np.ones(1000), 1.0 + 0.05 * np.cos(STEPS)
    train[[300, 500, 700]] = 3.0
    norm[299] = 9.0  # before
    norm[500] = 9.0  # with it
    norm[690] = 9.0  # long before: another matter
    seen, numbers = see("loss_spikes", train=train, grad_norm=norm)
    assert [e.explained_by for e in seen.events] == [
        ("earlier surge of the gradient norm",),
        ("surge of the gradient norm",),
        (),
    ]
    assert numbers["spikes with a surge of the gradient norm"] == 2
    assert numbers["spikes with an earlier surge of the gradient norm"] == 1
    assert seen.sentence.endswith("the gradient norm surges with 2 of 3, before 1 of them")


def test_the_scatter_of_a_gradient_norm_is_no_surge() -> None:
    train = np.ones(1000)
    train[100::25] = 3.0
    loud = np.random.default_rng(3).lognormal(0.0, 0.6, 1000)
    _, numbers = see("loss_spikes", train=train, grad_norm=loud)
    assert numbers["spikes"] == 36
    assert numbers["spikes with a surge of the gradient norm"] <= 4


def test_of_very_many_spikes_the_tallest_are_given_one_by_one() -> None:
    train = np.ones(20_000)
    train[2000::150] = np.linspace(2.0, 4.0, 120)
    given: dict[str, Any] = {"train_loss": train}
    seen = sighted(Curve(given), "loss_spikes")
    assert {e.name: e.value for e in seen.evidence}["spikes"] == 120
    assert len(seen.events) == MOST
    assert min(e.height for e in seen.events) == pytest.approx(2 + 1 / 6, abs=0.05)
    assert [e.step for e in seen.events] == sorted(e.step for e in seen.events)


def test_a_spike_on_a_log_axis_is_a_multiple_of_the_local_loss() -> None:
    train = np.geomspace(100, 0.01, 1000)
    train[500] *= 8
    seen, numbers = see("loss_spikes", train=train)
    assert numbers["tallest, of the local loss"] == pytest.approx(8.0, rel=0.01)
    assert "1 spike, at step 5,000" in seen.sentence


def test_a_plateau_names_its_level_and_what_it_gained_since() -> None:
    seen, numbers = see("plateau", train=8.0 - 1.5 * np.clip(X / 0.25, 0, 1))
    assert seen.sentence.startswith("train loss fell to 6.5")
    assert numbers["gained since, of the drop"] == pytest.approx(5, abs=0.6)
    assert numbers["share of the run since"] == pytest.approx(76, abs=1)
    worse, _ = see("plateau", train=8.0 - 1.5 * np.clip(X / 0.25, 0, 1) + 0.4 * np.clip(X - 0.3, 0, 1))
    assert "has lost" in worse.sentence


def test_non_finite_losses_say_whether_they_recover() -> None:
    train = FALL.copy()
    train[301:] = np.nan
    assert see("numerical_failure", train)[0].sentence == "first NaN at step 3,010, no finite loss after it"
    train = FALL.copy()
    train[[301, 500]] = np.inf
    seen, numbers = see("numerical_failure", train)
    assert seen.sentence == (
        "first infinite loss at step 3,010, 2 points of 1,000 not finite, finite again from step 5,010"
    )
    assert numbers["share of the points"] == pytest.approx(0.2)
    train[-1] = np.nan
    assert see("numerical_failure", train)[0].sentence.endswith("3 points of 1,000 not finite, the last among them")


def test_masked_zeros_say_what_the_gradient_norm_does() -> None:
    train = np.where(X >= 0.5, 0.0, FALL)
    frozen, _ = see("numerical_failure", train, grad_norm=np.where(X >= 0.5, 1.5, FALL))
    assert frozen.sentence.endswith("the gradient norm is frozen at 1.5")
    broken, _ = see("numerical_failure", train, grad_norm=np.where(X >= 0.5, np.nan, FALL))
    assert broken.sentence.endswith("the gradient norm is not finite from there")


def test_a_flat_line_names_the_level_it_sits_at() -> None:
    seen, numbers = see("flat_line", train=np.full(1000, 0.695))
    assert "within 0.27 % of ln 2 = 0.6931" in seen.sentence
    assert numbers["level"] == pytest.approx(0.695)
    assert "ln 2" not in see("flat_line", train=np.full(1000, 0.71))[0].sentence


@pytest.mark.parametrize(("level", "near"), [(0.6931, True), (0.6999, True), (0.6861, False), (-0.6931, False)])
def test_a_level_counts_as_named_within_one_per_cent(level: float, near: bool) -> None:
    named = nearest_level(level)
    assert (named is not None and named.formula == "ln 2") is near


def test_divergence_says_how_much_of_its_fall_was_lost() -> None:
    seen, numbers = see("divergence", train=np.interp(X, [0, 0.5, 0.7, 1], [3.0, 1.0, 2.0, 2.0]))
    assert numbers["rise, of the drop"] == pytest.approx(50, abs=1)
    assert "since step 5,0" in seen.sentence
    assert see("divergence", train=1.0 + X)[0].sentence.startswith("train loss rises from step 0 and ends at 1.9")


def test_a_level_jump_names_its_size_and_a_resume_at_that_step() -> None:
    given: dict[str, Any] = {"train_loss": np.where(np.arange(1000) >= 500, 1.5, 1.0)}
    curve = Curve(given, rewinds=(500.0,))
    seen = sighted(curve, "level_jump")
    assert seen.sentence == (
        "train loss jumps up by 50 % at step 500, where the run was resumed (step 500) and wins back 0 % of it"
    )


def test_step_drops_say_how_many_fall_together_with_a_cut_of_the_learning_rate() -> None:
    train = 3.0 + 2.0 * np.exp(-X / 0.03) - 1.0 * (X >= 0.5) - 0.6 * (X >= 0.75) + 0.001 * np.cos(STEPS)
    seen, numbers = see("step_drops", train=train, lr=np.where(X >= 0.5, 0.01, 0.1))
    assert numbers["drops"] == 2
    assert "2 sudden drops of the train loss, the largest at step 5,000: 33 %" in seen.sentence
    assert seen.sentence.endswith("1 of 2 at a cut of the learning rate")


def test_drops_are_explained_by_the_rate_an_epoch_or_a_resume_or_by_nothing() -> None:
    places = (0.3, 0.5, 0.7, 0.9)
    train = 4.0 + 2.0 * np.exp(-X / 0.03) - 0.6 * sum((at <= X).astype(float) for at in places) + 0.001 * np.cos(STEPS)
    channels: dict[str, Any] = {
        "train_loss": (STEPS, train),
        "lr": (STEPS, np.where(X >= 0.3, 0.01, 0.1)),
        "epoch": (STEPS, X / 0.5),
    }
    seen = sighted(Curve(channels, rewinds=(7000.0,)), "step_drops")
    assert [(e.step, e.explained_by) for e in seen.events] == [
        (3000, ("cut of the learning rate",)),
        (5000, ("epoch boundary",)),
        (7000, ("resume",)),
        (9000, ()),
    ]
    assert [e.height for e in seen.events] == pytest.approx([-0.6] * 4, abs=0.02)
    numbers = {e.name: e.value for e in seen.evidence}
    assert numbers["drops at a cut of the learning rate"] == 1
    assert numbers["drops at an epoch boundary"] == 1
    assert numbers["drops at a resume"] == 1
    assert numbers["unexplained drops"] == 1


def test_a_jump_says_what_the_learning_rate_did() -> None:
    train = FALL + 0.8 * (X >= 0.5) * np.exp(-np.clip(X - 0.5, 0, None) / 0.3)
    seen, numbers = see("level_jump", train=train, lr=np.where(X >= 0.5, 0.1, 0.02))
    assert numbers["learning rate after, of before"] == pytest.approx(5)
    assert numbers["resumes at the jump"] == 0
    assert ", at a rise of the learning rate" in seen.sentence
    (event,) = seen.events
    assert (event.step, event.explained_by) == (5000, ("rise of the learning rate",))
    assert event.height == pytest.approx(0.8, abs=0.03)


def test_a_staircase_says_how_far_apart_its_drops_are() -> None:
    train = 2.0 + np.exp(-X / 0.02) - 0.2 * np.floor(X * 5 + 1e-9) + 0.001 * np.cos(STEPS)
    seen, numbers = see("epoch_staircase", train=train)
    assert numbers["drops"] == 4
    assert numbers["distance"] == pytest.approx(2000, abs=20)
    assert "first at step 2,000" in seen.sentence


def test_a_staircase_of_few_points_is_found_by_its_distance() -> None:
    given: dict[str, Any] = {"train_loss": 2.0 - 0.1 * np.floor(np.arange(30) / 7) - 0.02 * np.arange(30)}
    seen = sighted(Curve(given), "epoch_staircase")
    assert seen.onset == 7
    assert {e.name: e.value for e in seen.evidence}["distance"] == 7


def test_forgetting_names_the_task_and_how_many_others_are_forgotten() -> None:
    lost = np.interp(X, [0, 0.5, 0.6, 1], [3.0, 1.0, 3.0, 3.0])
    half = np.interp(X, [0, 0.5, 0.6, 1], [3.0, 1.0, 2.2, 2.2])
    seen, numbers = see("catastrophic_forgetting", **{"task_loss/a": lost, "task_loss/b": half, "task_loss/c": FALL})
    assert seen.channel == "task_loss/a"
    assert numbers["rise, of the task's drop"] == pytest.approx(100, abs=2)
    assert numbers["other tasks forgotten"] == 1
    assert [e.channel for e in seen.events] == ["task_loss/a", "task_loss/b"]
    assert [e.step for e in seen.events] == pytest.approx([5000, 5000], abs=50)
    assert [e.height for e in seen.events] == pytest.approx([2.0, 1.2], abs=0.06)
    assert numbers["first task forgotten since"] == seen.events[0].step
    assert seen.sentence.startswith("loss of task 'a' has risen from 1")
    assert seen.sentence.endswith("1 other task forgotten too")


def test_a_dead_class_is_set_against_the_others() -> None:
    seen, numbers = see(
        "dead_class", **{"class_accuracy/cat": np.zeros(1000), "class_accuracy/dog": np.full(1000, 0.8)}
    )
    assert seen.channel == "class_accuracy/cat"
    assert numbers == {
        "accuracy over the last half": 0.0,
        "mean of the others": pytest.approx(80),
        "dead classes": 1,
        "dead since": 0.0,
    }


def test_gradient_norms_are_measured_as_factors() -> None:
    up, numbers = see("exploding_gradients", grad_norm=np.where(X >= 0.6, 50.0, 1.0))
    assert numbers["factor"] == pytest.approx(50)
    assert "gradient norm rises 50 x" in up.sentence
    down, numbers = see("vanishing_gradients", train=np.full(1000, 2.0), grad_norm=np.where(X >= 0.6, 0.001, 1.0))
    assert numbers["factor"] == pytest.approx(1000)
    assert down.sentence.endswith("while the loss is still at 100 % of its start")
    broken, _ = see("exploding_gradients", grad_norm=np.where(X >= 0.6, np.inf, 1.0))
    assert broken.onset == 6000
    assert "stops being finite at step 6,000" in broken.sentence


def test_the_growth_of_a_gradient_norm_is_the_steps_in_which_it_doubles() -> None:
    grows = 2.0 ** np.clip((STEPS - 5000) / 200, 0, 10)
    seen, numbers = see("exploding_gradients", grad_norm=grows)
    assert numbers["steps to double"] == pytest.approx(200, rel=0.1)
    assert "doubling every" in seen.sentence
    assert see("vanishing_gradients", grad_norm=1 / grows)[1]["steps to halve"] == pytest.approx(200, rel=0.1)


def test_grokking_measures_the_delay() -> None:
    train = np.where(X < 0.1, 3.0 - 29 * X, 0.1)
    seen, numbers = see("grokking", train=train, val_loss=np.where(X < 0.6, 4.0, 1.0))
    assert numbers["delay, in times of the memorising"] == pytest.approx(6, abs=0.5)
    assert numbers["delay"] == pytest.approx(5000, abs=50)
    assert numbers["fall of the validation loss"] == pytest.approx(75)
    assert seen.onset == pytest.approx(6000, abs=20)


def test_double_descent_measures_both_minima() -> None:
    val = np.interp(X, [0, 0.2, 0.4, 1], [3.0, 1.0, 1.5, 0.8])
    seen, numbers = see("double_descent", val_loss=val)
    assert numbers["rise after the first minimum"] == pytest.approx(47, abs=4)
    assert numbers["step of the first minimum"] == pytest.approx(2000, abs=50)
    assert numbers["loss at the peak"] == pytest.approx(1.5, abs=0.03)
    assert seen.end is not None
    assert seen.end == pytest.approx(8200, abs=200)


def test_a_warmup_spike_says_how_high_and_when_it_is_back() -> None:
    seen, numbers = see("warmup_spike", train=FALL + np.where((X >= 0.02) & (X < 0.04), 2.0, 0.0))
    assert seen.onset == 200
    assert seen.end == pytest.approx(400, abs=10)
    assert numbers["loss at the peak"] == pytest.approx(4.6, abs=0.2)


def test_undertraining_is_what_the_last_fifth_brings() -> None:
    seen, numbers = see("undertrained", train=2.0 - X)
    assert numbers["gain of the last fifth, of the drop"] == pytest.approx(20, abs=2)
    assert "in 1,990 steps" in seen.sentence


def test_sawtooth_is_the_noise_in_per_cent_of_the_drop() -> None:
    noisy = FALL + np.random.default_rng(0).normal(scale=0.4, size=1000)
    _, numbers = see("sawtooth", train=noisy)
    assert numbers["noise, of the drop"] == pytest.approx(20, abs=4)


def test_oscillation_says_how_far_apart_the_swings_are() -> None:
    swing = np.where(X >= 0.2, np.sin((X - 0.2) / 0.2 * 2 * np.pi), 0.0)
    seen, numbers = see("oscillation", train=3.0 - 2.0 * np.clip(X / 0.2, 0, 1) + swing)
    assert numbers["distance of the swings"] == pytest.approx(2000, abs=40)
    assert numbers["amplitude"] == pytest.approx(1.0, abs=0.05)
    assert "about every 2,000 steps" in seen.sentence or "about every 1,99" in seen.sentence


def test_waves_are_counted_by_the_learning_rate_where_it_was_logged() -> None:
    phase = (X * 4) % 1.0
    loss = 1.0 + 0.5 * np.cos(phase * np.pi / 2) + np.exp(-2 * X)
    logged, numbers = see("schedule_waves", train=loss, lr=0.5 * (1 + np.cos(np.pi * phase)))
    assert numbers["restarts"] == 3
    assert logged.sentence.startswith("the learning rate rises again 3 times, first at step 2,490")
    unlogged, numbers = see("schedule_waves", train=loss)
    assert numbers["restarts"] == 3
    assert unlogged.sentence.startswith("the train loss turns upward 3 times")


def test_validation_below_train_counts_the_evaluations() -> None:
    _, numbers = see("val_below_train", val_loss=0.8 * FALL)
    assert numbers["evaluations below train"] == 100
    assert numbers["median gap"] == pytest.approx(20, abs=0.5)


def test_a_collapse_says_from_where_and_how_fast() -> None:
    seen, numbers = see("collapse_to_zero", train=np.where(X >= 0.4, 1e-9, FALL))
    assert numbers["steps the fall took"] == 10
    assert seen.sentence.endswith("to 1.00e-09 within 10 steps")


@pytest.mark.parametrize("pattern", sorted(set(FINDERS) - {"numerical_failure"}))
def test_too_few_finite_points_are_said_to_be_too_few(pattern: str) -> None:
    given: dict[str, Any] = {"train_loss": [np.nan] * 20}
    seen = sighted(Curve(given), pattern)
    assert seen.onset is None
    assert seen.sentence == "too few finite points to say where it begins"


def test_numbers_are_written_with_the_digits_that_matter() -> None:
    assert [say_step(v) for v in (18_400.0, 3.25)] == ["18,400", "3.25"]
    assert [say_steps(v) for v in (1.0, 1200.0)] == ["1 step", "1,200 steps"]
    assert [say(v) for v in (1.83961, 0.0, 2e-7, 12_345.6, 3e8)] == ["1.84", "0", "2.00e-07", "12,346", "3.00e+08"]
    assert [say_percent(v) for v in (0.432, 4.32, 43.2, -4321.0, 3e7)] == [
        "0.43 %",
        "4.3 %",
        "43 %",
        "-4,321 %",
        "3.0e+07 %",
    ]
    assert [say_share(v) for v in (43.2, 999.0, 7.5e9)] == ["43 % of", "999 % of", "7.50e+07 x"]
    assert [many(v, "spike") for v in (1, 1200)] == ["1 spike", "1,200 spikes"]


def test_channels_are_called_by_their_names_in_words() -> None:
    names = ("train_loss", "val_loss", "grad_norm", "task_loss/a", "class_accuracy/3", "speed")
    assert [call(name) for name in names] == [
        "train loss",
        "validation loss",
        "gradient norm",
        "loss of task 'a'",
        "accuracy of class '3'",
        "speed",
    ]


@pytest.mark.parametrize("pattern", sorted(FINDERS))
def test_no_two_numbers_of_a_finding_share_a_name(pattern: str) -> None:
    noisy = FALL + np.random.default_rng(1).normal(scale=0.1, size=1000)
    tasks = {f"{family}/{name}": noisy for family in ("task_loss", "class_accuracy") for name in "ab"}
    seen, numbers = see(pattern, noisy, val_loss=noisy, lr=noisy, grad_norm=noisy, **tasks)
    assert len(numbers) == len(seen.evidence)
