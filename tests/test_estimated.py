"""The definitions on a logged curve: what is estimated from the log agrees with what the generator knows."""

from collections.abc import Callable
from functools import cache
from time import process_time
from typing import Any

import numpy as np
import pytest

from curvedx.catalogue import assessable
from curvedx.curve import Curve, FloatArray
from curvedx.measures import running_median
from curvedx.synth.draw import draw
from curvedx.synth.estimated import degrees, truth
from curvedx.synth.smoothing import _noise, smoothed
from curvedx.synth.straight import Sums
from helpers_curves import HOSTILE, drawn, full_curve, run, with_channels

Both = tuple[dict[str, float | None], dict[str, float | None]]

CLEAR = 0.9
TRIES = 90

AGREE = {
    "numerical_failure": (0.92, 0.000),
    "divergence": (0.96, 0.009),
    "collapse_to_zero": (0.98, 0.001),
    "flat_line": (0.82, 0.009),
    "oscillation": (0.70, 0.005),
    "plateau": (0.61, 0.004),
    "level_jump": (0.81, 0.006),
    "loss_spikes": (0.94, 0.009),
    "warmup_spike": (0.89, 0.010),
    "sawtooth": (0.86, 0.034),
    "undertrained": (0.95, 0.023),
    "schedule_waves": (0.40, 0.001),
    "epoch_staircase": (0.68, 0.000),
    "step_drops": (0.88, 0.012),
    "overfitting": (0.90, 0.007),
    "val_below_train": (0.96, 0.005),
    "grokking": (0.96, 0.000),
    "double_descent": (0.75, 0.009),
    "catastrophic_forgetting": (0.96, 0.000),
    "exploding_gradients": (0.93, 0.000),
    "vanishing_gradients": (1.00, 0.000),
    "dead_class": (1.00, 0.000),
}
"""Measured: the share of clearly present labels that the log alone shows too, and of clearly absent ones that it shows
all the same. Restarts of a rate that was not logged cannot be known."""

MISSED, MORE_SHOWN = 0.06, 0.005
"""How much worse a change may make these figures."""


@cache
def judged() -> tuple[Both, ...]:
    """Return the latent and the estimated degrees of mixed draws and of draws of each pattern."""
    own = (draw(20, index, (name,)) for name in AGREE for index in range(TRIES))
    return tuple((one.degrees, degrees(one.curve)) for one in (*drawn(), *own))


@pytest.mark.parametrize("name", AGREE)
def test_the_log_alone_shows_what_is_clear_on_the_latent_curve(name: str) -> None:
    pairs = [(latent[name], said[name]) for latent, said in judged()]
    shown = [said > 0.5 for latent, said in pairs if latent is not None and said is not None and latent > CLEAR]
    wrong = [said > 0.5 for latent, said in pairs if latent is not None and said is not None and latent < 1 - CLEAR]
    hits, alarms = AGREE[name]
    assert len(shown) >= 12
    assert np.mean(shown) >= hits - MISSED
    assert np.mean(wrong) <= alarms + MORE_SHOWN


def test_waves_are_seen_wherever_the_rate_was_logged() -> None:
    waves = [draw(20, index, ("schedule_waves",)) for index in range(TRIES)]
    clear = [one.curve for one in waves if (one.degrees["schedule_waves"] or 0.0) > CLEAR and "lr" in one.curve]
    assert len(clear) >= 12
    assert np.mean([(degrees(curve)["schedule_waves"] or 0.0) > 0.5 for curve in clear]) >= 0.7


def test_noise_is_estimated_without_bias_at_every_length() -> None:
    for shortest, longest in ((8, 20), (20, 50), (50, 150), (150, 1000), (1000, 30_000)):
        pairs = [(one.truth, truth(one.curve)) for one in drawn() if shortest <= len(one.curve) < longest]
        known = [(latent.noise, log.noise) for latent, log in pairs if latent.noise > 0 and latent.log == log.log]
        assert 0.85 < np.median([log / latent for latent, log in known]) < 1.1


T = np.linspace(0.0, 1.0, 200)
NOISE = np.random.default_rng(5).normal(size=200)
HEALTHY = 2.0 * np.exp(-12.0 * T) + 0.5 + 0.005 * NOISE
FEW, LONG = np.linspace(0.0, 1.0, 30), np.linspace(0.0, 1.0, 3000)


def spiked() -> Curve:
    losses = HEALTHY.copy()
    losses[120:123] += 1.0, 0.6, 0.2
    return run(losses)


def drowned(by: float) -> Curve:
    losses = 2.0 * np.exp(-3.0 * T) + 0.3 + 0.4 * NOISE
    losses[120] += by
    return run(losses)


def early_spikes() -> Curve:
    losses = 0.5 + 1.5 * np.exp(-5.0 * LONG) + 0.01 * np.random.default_rng(6).normal(size=3000)
    losses[[60, 200]] += 2.0
    return run(losses)


def overfitted() -> Curve:
    at = np.arange(9, 200, 10)
    val = 2.0 * np.exp(-12.0 * T[at]) + 0.6 + 0.5 * np.maximum(T[at] - 0.4, 0.0)
    return run(HEALTHY, val_loss=(at.astype(float), val))


def masked() -> Curve:
    norm = np.ones(200)
    norm[150:] = np.nan
    return run(np.where(T < 0.752, HEALTHY, 0.0), grad_norm=norm)


def staircase() -> Curve:
    return run(2.0 - 0.3 * np.floor(T * 4.999) + 0.005 * NOISE)


def stepped(*places: float) -> Curve:
    return run(2.0 - 0.3 * np.searchsorted(places, T) + 0.005 * NOISE)


def jumped(tall: float, pace: float) -> Curve:
    """A jump in the middle of the run that heals at a pace."""
    return run(HEALTHY + np.where(T >= 0.5, tall * np.exp(-(T - 0.5) / pace), 0.0))


def with_classes(unlucky: FloatArray) -> Curve:
    """Two classes that are learned, and a third."""
    at = np.arange(0, 200, 10).astype(float)
    learned = np.minimum(1.0, 0.2 + at / 100.0)
    return run(HEALTHY, **{f"class_accuracy/{k}": (at, v) for k, v in enumerate((learned, learned, unlucky))})


def restarted() -> Curve:
    phase = (4.0 * T) % 1.0
    waves = 0.4 * np.exp(-4.0 * phase) * (T >= 0.25)
    return run(HEALTHY + waves, lr=1e-3 * (0.5 + 0.5 * np.cos(np.pi * phase)))


def swings(level: FloatArray, tall: float) -> Curve:
    """A loss that has fallen, and swings about a level."""
    return run(0.03 * NOISE + np.where(T < 0.1, 3.0 - 20.0 * T, level + tall * np.sin(2.0 * np.pi * 8.0 * T)))


def resumed(train_late: int) -> Curve:
    """Train and validation loss jump together; the train loss is logged so many points later."""
    jump = np.where(T >= 0.5, 0.6 * np.exp(-(T - 0.5) / 0.15), 0.0)
    return run(HEALTHY + np.roll(jump, train_late), val_loss=HEALTHY + 0.05 + jump)


CLEAR_CASES: dict[str, tuple[Callable[[], Curve], set[str]]] = {
    "healthy": (lambda: run(HEALTHY), set()),
    "overfitting": (overfitted, {"overfitting"}),
    "a spike of three points": (spiked, {"loss_spikes"}),
    "flat": (lambda: run(2.3 + 0.01 * NOISE), {"flat_line"}),
    "NaN at the end": (lambda: run(np.where(T < 0.9, HEALTHY, np.nan)), {"numerical_failure"}),
    "NaN masked as zero": (masked, {"numerical_failure"}),
    "a fall through zero": (lambda: run(np.where(T < 0.7, HEALTHY, -3.0)), {"numerical_failure"}),
    "negative by nature": (lambda: run(HEALTHY - 1.5), set()),
    "staircase": (staircase, {"epoch_staircase"}),
    "a staircase that begins with the first thing learned": (
        lambda: run(2.0 - 0.3 * np.floor(T * 3.999) + 0.005 * NOISE),
        {"epoch_staircase"},
    ),
    "stairs of which one is missing": (lambda: stepped(0.2, 0.4, 0.8), {"epoch_staircase"}),
    "steps at unequal distances": (lambda: stepped(0.25, 0.6, 0.8), {"step_drops"}),
    "restarts": (restarted, {"schedule_waves"}),
    "a jump whose healing is all that the end brings": (lambda: jumped(2.5, 0.35), {"level_jump"}),
    "a jump of which a fifth is left, as tall as a jump": (lambda: jumped(3.0, 0.06), {"level_jump"}),
    "a jump of which nothing is left": (lambda: jumped(3.0, 0.01), {"loss_spikes"}),
    "noise about a level that was reached early": (
        lambda: run(2.0 * np.maximum(1.0 - T / 0.1, 0.0) + 1.0 + 0.22 * NOISE),
        {"plateau"},
    ),
    "noise about a trend that goes on falling": (lambda: run(2.0 * np.exp(-3.0 * T) + 0.3 + 0.4 * NOISE), {"sawtooth"}),
    "a batch twice as far off as others in such noise": (lambda: drowned(4.0), {"sawtooth"}),
    "a batch that towers even above such noise": (lambda: drowned(30.0), {"sawtooth", "loss_spikes"}),
    "a fall of one point to a plateau": (lambda: run(np.where(T < 0.001, 2.3, 1.2) + 0.002 * NOISE), {"plateau"}),
    "a dead class with two lucky samples": (
        lambda: with_classes(np.where(np.isin(np.arange(20), (14, 15)), 0.1, 0.0)),
        {"dead_class"},
    ),
    "a late class": (lambda: with_classes(np.where(np.arange(20) >= 15, 0.6, 0.0)), set()),
    "a step that stays": (lambda: run(HEALTHY - 0.15 * (T > 0.6)), {"step_drops"}),
    "divergence": (lambda: run(HEALTHY + 4.0 * np.maximum(T - 0.6, 0.0)), {"divergence"}),
    "a climb of which only the last point towers, and NaN behind it": (
        lambda: run(np.append(2.0 - 1.8 * np.minimum(T, 0.4) + 2.5 * np.maximum(T - 0.6, 0.0), [9.0, np.nan])),
        {"divergence", "numerical_failure"},
    ),
    "swings about a level": (lambda: swings(np.ones(200), 0.6), {"oscillation"}),
    "swings that climb": (lambda: swings(0.5 + 4.0 * T, 0.6), {"divergence"}),
    "the way back from an event": (
        lambda: run(HEALTHY - 0.08 * (T > 0.6) + 2.0 * ((T > 0.57) & (T <= 0.6))),
        {"loss_spikes"},
    ),
    "a warm-up whose bump fades slowly": (
        lambda: run(1.0 + np.exp(-3.0 * FEW) + 2.0 * np.minimum(FEW / 0.08, np.exp(np.minimum(0.08 - FEW, 0.0) / 0.1))),
        {"warmup_spike"},
    ),
    "two bad batches far apart, soon after the beginning": (early_spikes, {"loss_spikes"}),
    "swings too fast to be seen but as noise": (
        lambda: run(
            1.0 + 2.0 * np.exp(-9.0 * LONG) + 0.6 * np.cos(100.0 * np.pi * LONG) * np.minimum(LONG / 0.05, 1.0)
        ),
        {"sawtooth"},
    ),
    "a resumed run, validated before its train loss is logged": (lambda: resumed(1), {"level_jump"}),
    "steps in noise of a fourth of their height": (
        lambda: run(3.0 - 0.4 * np.floor(T * 4.999) + 0.1 * NOISE),
        {"epoch_staircase"},
    ),
    "eight clean epochs": (lambda: run([2.3, 1.6, 1.2, 0.95, 0.8, 0.71, 0.66, 0.64]), set()),
    "ten epochs with a peak": (
        lambda: run([2.3, 1.6, 1.2, 0.95, 0.8, 4.0, 0.71, 0.66, 0.64, 0.63]),
        {"loss_spikes"},
    ),
}


@pytest.mark.parametrize("case", CLEAR_CASES)
def test_a_clear_case_is_called_what_it_is_and_nothing_else(case: str) -> None:
    make, wanted = CLEAR_CASES[case]
    said = degrees(make())
    assert {name for name, degree in said.items() if degree is not None and degree > 0.5} == wanted


def test_labels_are_open_where_a_channel_or_points_are_missing() -> None:
    assert set(degrees(full_curve()).values()) - {None}
    assert all(degree is not None for degree in degrees(full_curve()).values())
    alone = degrees(run(HEALTHY))
    assert {name for name, degree in alone.items() if degree is None} == {
        p.name for p in assessable() if set(p.needs) - {"train_loss"}
    }
    assert degrees(run(HEALTHY[:10]))["sawtooth"] is None
    assert set(degrees(run(HEALTHY[:7])).values()) == {None}


def test_a_decay_of_the_logged_rate_explains_a_late_fall() -> None:
    falling = 2.0 - T**2 + 0.003 * NOISE
    constant, decayed = (degrees(run(falling, lr=rate))["undertrained"] for rate in (np.ones(200), 1.0 - T))
    assert constant is not None and constant > CLEAR
    assert decayed == 0.0


def test_what_lies_behind_a_failure_is_not_judged() -> None:
    for broken in (np.nan, -3.0):
        found = truth(run(np.where(T < 0.7, HEALTHY, broken)))
        assert found.failed == 1.0
        np.testing.assert_array_equal(found.y, HEALTHY[T < 0.7])


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_no_curve_is_too_hostile_to_have_degrees(make: Callable[[], FloatArray]) -> None:
    for curve in (run(make()), with_channels(make())):
        assert all(degree is None or 0.0 <= degree <= 1.0 for degree in degrees(curve).values())


def test_a_long_log_keeps_its_single_spike_and_takes_less_than_a_second() -> None:
    t = np.linspace(0.0, 1.0, 100_000)
    losses = 1.0 + np.exp(-9.0 * t) + 0.01 * np.random.default_rng(1).normal(size=len(t))
    losses[61_234] = 3.0
    channels: Any = {"train_loss": losses, "val_loss": losses + 0.1, "lr": 1.0 - t, "grad_norm": np.exp(-t)}
    curve = Curve(channels)
    began = process_time()
    said = degrees(curve)
    assert process_time() - began < 1.0
    assert (said["loss_spikes"] or 0.0) > CLEAR


def test_a_running_median_is_the_median_of_each_window() -> None:
    values = np.random.default_rng(2).normal(size=40)
    for half in (0, 1, 3, 30):
        wide = min(half, 19)
        reach = [min(wide, at, 39 - at) for at in range(40)]
        naive = [np.median(values[at - r : at + r + 1]) for at, r in enumerate(reach)]
        np.testing.assert_array_equal(running_median(values, half), naive)


def test_a_local_line_is_the_least_squares_fit_of_each_window() -> None:
    values = np.random.default_rng(3).normal(size=30)
    halves = (1, 4, 50)
    for half, (heights, gains) in zip(halves, Sums.of(values).lines(halves), strict=True):
        for at in range(30):
            x = np.arange(max(0, at - half), min(30, at + half + 1))
            design = np.column_stack([np.ones(len(x)), x - at])
            weights = np.linalg.pinv(design)[0]
            assert heights[at] == pytest.approx(weights @ values[x])
            assert gains[at] == pytest.approx(np.linalg.norm(weights))


def test_noise_is_told_from_a_slope_a_bend_and_spikes() -> None:
    values = 5.0 * np.exp(-4.0 * T) + 0.02 * NOISE
    values[50:60] += 3.0
    assert np.median(_noise(values[np.newaxis])) == pytest.approx(0.02, rel=0.15)
    assert np.all(_noise(np.arange(50.0)[np.newaxis]) < 1e-9)


def test_a_step_stays_in_the_trend_and_a_passing_bump_does_not() -> None:
    losses = HEALTHY + 0.5 * (T > 0.5)
    losses[150:158] += 0.4
    found = smoothed(losses)
    assert abs(found.trend[90] - losses[90]) < 0.02
    assert abs(found.trend[108] - losses[108]) < 0.02
    assert abs(found.trend[154] - found.trend[146]) < 0.03
    assert found.clean[154] - found.trend[154] == pytest.approx(0.4, abs=0.05)
    assert found.noise == pytest.approx(0.005, rel=0.2)
