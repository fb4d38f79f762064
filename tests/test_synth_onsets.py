"""Where the labels of a drawn curve begin is measured on what the log shows of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from curvedx.catalogue import assessable
from curvedx.curve import TRAIN_LOSS, VAL_LOSS
from curvedx.synth.draw import Drawn, draw


def showing(name: str, count: int = 12) -> Iterator[Drawn]:
    """Draw curves that clearly show a pattern."""
    found = (one for one in (draw(12, index, (name,)) for index in range(200)) if (one.degrees[name] or 0.0) >= 0.9)
    for _, one in zip(range(count), found, strict=False):
        yield one


@pytest.mark.parametrize("name", [p.name for p in assessable() if p.name not in ("sawtooth", "undertrained")])
def test_an_onset_is_a_logged_step(name: str) -> None:
    for one in showing(name):
        places = one.onsets[name]
        logged = np.concatenate([channel.steps for channel in one.curve.channels.values()])
        assert list(places) == sorted(places)
        assert np.isin(places, logged).all()


def test_overfitting_begins_at_the_lowest_noise_free_evaluation() -> None:
    for one in showing("overfitting"):
        assert one.truth.val is not None
        steps = one.curve[VAL_LOSS].steps
        assert one.onsets["overfitting"] == (steps[int(np.argmin(one.truth.val))],)


def test_grokking_has_lost_half_of_its_height_at_its_onset_and_not_before() -> None:
    for one in showing("grokking"):
        val, steps = one.truth.val, one.curve[VAL_LOSS].steps
        assert val is not None
        at = int(np.searchsorted(steps, one.onsets["grokking"][0]))
        half = 0.5 * (val.max() + val[int(np.argmax(val)) :].min())
        assert val[at] <= half < val[at - 1]


def test_a_class_that_was_never_learned_is_dead_from_the_first_evaluation() -> None:
    for one in showing("dead_class"):
        worst = min(one.truth.classes.values(), key=lambda accuracy: float(accuracy[len(accuracy) // 2 :].max()))
        if (worst < 0.05).all():
            assert one.onsets["dead_class"][0] == min(c.steps[0] for c in one.curve.family("class_accuracy/").values())


def test_a_failure_begins_at_its_first_row() -> None:
    for one in showing("numerical_failure"):
        steps, values = one.curve[TRAIN_LOSS]
        broken = steps[~np.isfinite(values)]
        if len(broken):
            assert one.onsets["numerical_failure"] == (broken[0],)


def test_spikes_that_drowned_in_the_noise_have_no_onset() -> None:
    for one in showing("loss_spikes"):
        t, steps = one.truth, one.curve[TRAIN_LOSS].steps
        if len(steps) != t.count:
            continue  # points logged twice were averaged: rows of the two do not match
        rows = np.searchsorted(steps, one.onsets["loss_spikes"])
        assert ((t.y_axis - t.trend)[rows] > 6 * t.noise).all()


def test_a_divergence_has_its_lowest_loss_at_its_onset() -> None:
    for one in showing("divergence"):
        trend, steps = one.truth.trend, one.curve[TRAIN_LOSS].steps
        at = int(np.searchsorted(steps, one.onsets["divergence"][0]))
        assert trend[at] - trend.min() <= 0.01 * np.ptp(trend[int(np.argmin(trend)) :]) + 1e-12
