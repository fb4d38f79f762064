"""A NaN that a logger wrote as zero is no value; a zero that is meant is."""

import numpy as np
import pytest

from curvedx.curve import Curve
from curvedx.diagnosis.measures import Tracks
from curvedx.features.views import views
from curvedx.measures import masked

COUNT, BREAKS = 60, 40
X = np.arange(COUNT, dtype=np.float64)
FALL = 2.0 * np.exp(-X / 30.0) + 0.5
BEHIND = X >= BREAKS
NORM = 1.0 + 0.1 * np.sin(X)


def curve(loss: np.ndarray, norm: np.ndarray | None) -> Curve:
    return Curve({"train_loss": loss} | ({} if norm is None else {"grad_norm": norm}))  # type: ignore[arg-type]


ZEROS = np.where(BEHIND, 0.0, FALL)


@pytest.mark.parametrize(
    "norm", [np.where(BEHIND, np.nan, NORM), np.where(BEHIND, np.inf, NORM), np.where(BEHIND, 1.3, NORM)]
)
def test_zeros_beside_a_broken_or_frozen_norm_are_masked(norm: np.ndarray) -> None:
    """The first point of a frozen norm repeats nothing yet."""
    found = masked(curve(ZEROS, norm))
    assert not found[~BEHIND].any()
    assert found[BREAKS + 1 :].all()


@pytest.mark.parametrize("norm", [None, NORM, np.where(BEHIND, 0.0, NORM)])
def test_zeros_beside_no_norm_a_living_one_or_none_left_are_meant(norm: np.ndarray | None) -> None:
    """Where all labels are masked, loss and gradient are zero."""
    assert not masked(curve(ZEROS, norm)).any()


def test_a_loss_that_came_down_through_small_values_is_not_masked_by_a_frozen_norm() -> None:
    loss = np.where(BEHIND, 0.0, 2.0 * 10.0 ** (-X / 5.0))
    assert not masked(curve(loss, np.where(BEHIND, 1.3, NORM))).any()
    assert masked(curve(loss, np.where(BEHIND, np.nan, NORM)))[BREAKS:].all()


def test_a_norm_logged_less_often_speaks_for_the_points_nearest_to_it() -> None:
    run = Curve({"train_loss": (X, ZEROS), "grad_norm": (X[::5], np.where(BEHIND, np.nan, NORM)[::5])})  # type: ignore[dict-item]
    assert masked(run)[BREAKS:].all()
    assert not masked(run)[:BREAKS].any()


def test_of_losses_that_are_all_zero_only_a_broken_norm_makes_a_failure() -> None:
    assert not masked(curve(np.zeros(COUNT), np.ones(COUNT))).any()
    assert masked(curve(np.zeros(COUNT), np.full(COUNT, np.nan))).all()


def test_masked_zeros_leave_the_views_and_the_finders_as_nan_does() -> None:
    norm = np.where(BEHIND, np.nan, NORM)
    hidden, broken = (curve(np.where(BEHIND, what, FALL), norm) for what in (0.0, np.nan))
    ours, theirs = views(hidden), views(broken)
    for name in set(ours) - {"train_zero", "train_masked", "train_broken"}:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)
    assert ours["train_masked"] == pytest.approx((COUNT - BREAKS) / COUNT)
    track = Tracks(hidden).of("train_loss")
    assert track is not None
    np.testing.assert_array_equal(track.values, FALL[:BREAKS])


def test_a_run_measures_each_channel_once() -> None:
    run = Tracks(curve(FALL, NORM))
    assert run.of("train_loss") is run.of("train_loss")
    assert run.of("val_loss") is None
