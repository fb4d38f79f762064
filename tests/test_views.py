"""Views make curves comparable: finite, of fixed length, and blind to scale and to how steps are counted."""

from collections.abc import Iterator

import numpy as np
import pytest

from curvedx.catalogue import unassessed
from curvedx.curve import TASK_LOSS, TRAIN_LOSS, VAL_LOSS, Channel, Curve
from curvedx.features.engine import features
from curvedx.features.settings import columns
from curvedx.features.sheet import Layout, Points, Sheet, Views
from curvedx.features.views import LENGTHS, views, views_of
from curvedx.features.views_train import Train
from curvedx.measures import LOG_SPAN
from curvedx.synth.draw import draw
from curvedx.synth.estimated import truth
from helpers_curves import HOSTILE, drawn, full_curve, run, with_channels

LOSSES = (TRAIN_LOSS, VAL_LOSS)


def assert_whole(found: Views, where: str) -> None:
    for name, values in found.items():
        assert values.dtype == np.float64, f"{where}: {name}"
        assert np.isfinite(values).all(), f"{where}: {name}"
        assert len(values) == LENGTHS[name], f"{where}: {name}"


def test_views_of_drawn_curves_are_finite_and_of_the_length_of_their_name() -> None:
    for index in range(2000):
        assert_whole(views(draw(21, index).curve), f"draw {index}")


@pytest.mark.parametrize("kind", HOSTILE)
def test_views_of_hostile_curves_are_finite_and_of_the_length_of_their_name(kind: str) -> None:
    values = HOSTILE[kind]()
    assert_whole(views(run(values)), kind)
    assert_whole(views(with_channels(values)), kind)


@pytest.mark.parametrize("kind", HOSTILE)
def test_features_of_hostile_curves_are_never_infinite(kind: str) -> None:
    values = HOSTILE[kind]()
    assert not np.isinf(features([run(values), with_channels(values)])).any()


def test_of_a_log_without_a_train_point_nothing_is_known_but_that_nothing_broke() -> None:
    found = views(run([]))
    assert_whole(found, "empty")
    assert not any(values.any() for values in found.values())


def test_a_one_step_spike_in_a_hundred_thousand_points_survives() -> None:
    found = views(run(HOSTILE["a hundred thousand points"]()))
    rng = np.random.default_rng(4)
    noisy = np.linspace(2.0, 1.0, 100_000) + 0.02 * rng.normal(size=100_000)
    before = views(run(noisy))["train_high"]
    noisy[61_234] += 2.0
    after = views(run(noisy))["train_high"]
    assert after.argmax() == found["train_high"].argmax() == 61_234 * 64 // 100_000
    assert np.sinh(after.max()) == pytest.approx(100.0, rel=0.1), "a hundred times the noise"
    assert np.sinh(before.max()) < 7.0


def test_non_finite_losses_are_a_view_and_not_a_gap() -> None:
    values = np.linspace(2.0, 1.0, 320)
    values[160:] = np.nan
    found = views(run(values))["train_broken"]
    assert found.tolist() == [0.0] * 32 + [1.0] * 32


def test_a_curve_without_a_channel_has_none_of_its_views() -> None:
    found = views(run(np.linspace(2.0, 1.0, 50)))
    others = {f"degree_{name}" for name in unassessed(run(np.linspace(2.0, 1.0, 50)))}
    assert {"degree_overfitting", "degree_exploding_gradients", "degree_dead_class"} <= others
    assert {name.split("_")[0] for name in found} == {"train", "degree"}
    assert not others & set(found)


def test_a_sheet_marks_the_views_that_a_curve_lacks() -> None:
    layout = Layout({"a": 3, "b": 2, "c": 3})
    sheet = Sheet.of(layout, [{"a": np.ones(3)}, {}, {"a": np.zeros(3), "c": np.full(3, 2.0)}])
    curve, view, values = sheet.take(3, np.array([layout.place("a")[1], layout.place("c")[1]]))
    assert list(zip(curve.tolist(), view.tolist(), strict=True)) == [(0, 0), (2, 0), (2, 1)]
    np.testing.assert_array_equal(values, [[1, 1, 1], [0, 0, 0], [2, 2, 2]])
    assert sheet.row(0).keys() == {"a"}
    assert sheet.row(1) == {}


def test_every_view_has_the_length_it_is_declared_with() -> None:
    assert {name: len(values) for name, values in views(full_curve()).items()} == LENGTHS


def test_the_views_of_a_curve_are_the_same_in_every_company() -> None:
    """Curves of one length are worked on together; nothing of one may reach another, not in the last bit."""
    curves = [one.curve for one in drawn()[:200]]
    curves += [with_channels(make()) for make in HOSTILE.values() if len(make()) <= 100]
    curves += [with_channels(make() * 0.7) for make in HOSTILE.values() if len(make()) == 100]
    together, reverse = views_of(curves), views_of(curves[::-1])
    for number, curve in enumerate(curves):
        alone = views(curve)
        for found in (together.row(number), reverse.row(len(curves) - 1 - number)):
            assert found.keys() == alone.keys()
            assert all(np.array_equal(found[name], alone[name]) for name in alone), number


def rescaled(curve: Curve, factor: float) -> Curve:
    losses = {
        name: Channel(channel.steps, channel.values * factor)
        if name in LOSSES or name.startswith("task_loss/")
        else channel
        for name, channel in curve.channels.items()
    }
    return Curve(losses)


def recounted(curve: Curve, pace: float, offset: float) -> Curve:
    return Curve({n: Channel(c.steps * pace + offset, c.values) for n, c in curve.channels.items()})


def positive() -> Iterator[Curve]:
    """Yield drawn curves whose losses are positive and far from the ends of what floats hold."""
    for one in drawn()[:300]:
        losses = np.concatenate([one.curve[name].values for name in LOSSES if name in one.curve])
        if np.isfinite(losses).all() and losses.min() > 1e-9:
            yield one.curve


def judged_on_log(curve: Curve) -> bool:
    """Tell whether the train loss is judged on a logarithmic axis, or any other loss might be."""
    channel = curve["train_loss"]
    points = Points(np.array([0]), channel.steps[np.newaxis], channel.values[np.newaxis])
    others = [c.values for name, c in curve.channels.items() if name.startswith((VAL_LOSS, TASK_LOSS))]
    wide = any(values.max() > LOG_SPAN * values.min() for values in others)
    return wide or bool(Train.of(points, points).log[0, 0])


@pytest.mark.parametrize("factor", [2.0**-20, 4.0, 2.0**30])
def test_a_loss_in_other_units_has_the_same_features_to_the_last_bit(factor: float) -> None:
    """On a linear axis a power of two changes no digit."""
    # Views and definitions smooth a loss each in their way, and near the limit one may choose the other axis.
    curves = [curve for curve in positive() if not judged_on_log(curve) and not truth(curve).log]
    assert len(curves) > 100
    before, after = features(curves), features([rescaled(curve, factor) for curve in curves])
    differs = ~((before == after) | (np.isnan(before) & np.isnan(after)))
    assert not differs.any(), [columns()[j].name for j in np.flatnonzero(differs.any(axis=0))]


def test_a_log_loss_in_other_units_has_the_same_views_but_for_rounding() -> None:
    """A factor shifts a log loss, and any but a power of two changes the last digit of a linear one.

    Where a rounded loss meets a threshold exactly, that digit decides; that is rare.
    """
    off = total = 0
    for curve in positive():
        before, after = views(curve), views(rescaled(curve, 3.0))
        assert before.keys() == after.keys()
        for name, values in before.items():
            off += int((~np.isclose(after[name], values, rtol=1e-6, atol=1e-6)).sum())
            total += len(values)
    assert off < 1e-4 * total


@pytest.mark.parametrize(("pace", "offset"), [(1024.0, 0.0), (0.125, 0.0), (1.0, 4096.0)])
def test_steps_counted_otherwise_change_no_feature(pace: float, offset: float) -> None:
    """Steps in tokens, in thousands, or after a resume: the same curve.

    A pace by powers of two changes no digit. An offset may, and of two equal maxima another one is then the first.
    """
    curves = list(positive())
    before, after = features(curves), features([recounted(curve, pace, offset) for curve in curves])
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    if offset == 0.0:
        assert same.all(), [columns()[j].name for j in np.flatnonzero(~same.all(axis=0))]
    else:
        assert np.isclose(before, after, rtol=1e-9, atol=1e-9, equal_nan=True).mean() > 0.9999
