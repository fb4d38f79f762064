"""Pictures keep what matters (spikes, gaps, beginnings) and carry no global state."""

from __future__ import annotations

import sys
from io import BytesIO

import numpy as np
import pytest
from matplotlib.text import Annotation, Text

from curvedx.curve import Channel
from curvedx.diagnosis.result import Diagnosis
from curvedx.errors import MissingExtraError
from curvedx.show.plot import POINTS, draw
from curvedx.show.thin import broken, smooth, thin, wants_log
from helpers_diagnosis import curve, diagnosis, finding, healthy_curve, overfitting, unassessed


def channel(values: object) -> Channel:
    array = np.asarray(values, dtype=float)
    return Channel(np.arange(len(array), dtype=float), array)


def png(diagnosis: Diagnosis) -> bytes:
    out = BytesIO()
    draw(diagnosis).savefig(out, format="png", dpi=50)
    return out.getvalue()


def test_train_and_validation_share_an_axis_and_the_others_stand_below() -> None:
    figure = draw(overfitting())
    main, rate, norm = figure.axes
    labels = [line.get_label() for line in main.get_lines()]
    assert {"train", "train, smoothed", "validation", "best step, 4,000"} <= set(labels)
    assert (rate.get_ylabel(), norm.get_ylabel()) == ("learning rate", "gradient norm")


def test_lines_differ_in_style_and_not_only_in_colour() -> None:
    lines = {line.get_label(): line for line in draw(overfitting()).axes[0].get_lines()}
    assert lines["train, smoothed"].get_linestyle() != lines["validation"].get_linestyle()


def test_shown_400_pixels_wide_the_smallest_letters_are_still_eight_pixels_high() -> None:
    figure = draw(overfitting())
    figure.draw_without_rendering()
    pixels_a_point = 400 / (figure.get_figwidth() * 72)
    sizes = [float(text.get_fontsize()) for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]
    assert min(sizes) * pixels_a_point >= 8.0


def test_the_gradient_norm_is_drawn_thin_with_its_smoothed_course_bold() -> None:
    raw, smoothed = draw(overfitting()).axes[2].get_lines()[:2]
    assert len(np.asarray(raw.get_xdata())) == len(np.asarray(smoothed.get_xdata())) == 1200
    assert np.ptp(np.asarray(smoothed.get_ydata())[50:]) < 0.5 * np.ptp(np.asarray(raw.get_ydata())[50:])
    assert smoothed.get_linewidth() > raw.get_linewidth()


def test_of_a_long_name_the_end_is_shown() -> None:
    title = draw(diagnosis(name="x" * 200 + "/run-17")).get_suptitle().splitlines()[0]
    assert title.startswith("...x")
    assert title.endswith("/run-17")
    assert len(title) == 63


def test_each_finding_is_marked_where_it_begins_with_its_title() -> None:
    axes = draw(overfitting()).axes[0]
    assert {text.get_text(): text.xy[0] for text in axes.texts if isinstance(text, Annotation)} == {
        "Overfitting": 4000.0,
        "Loss spikes": 5000.0,
    }


def test_a_finding_without_a_beginning_is_named_all_the_same() -> None:
    axes = draw(overfitting(findings=(finding(onset=None),))).axes[0]
    assert [text.get_text() for text in axes.texts] == ["Overfitting (whole run)"]


def test_more_findings_than_fit_are_counted() -> None:
    axes = draw(overfitting(findings=(finding(),) * 9)).axes[0]
    assert "and 3 more" in [text.get_text() for text in axes.texts]


def test_the_axis_is_logarithmic_only_where_positive_values_span_more_than_fifty_fold() -> None:
    wide, narrow = np.geomspace(10, 0.1, 200), np.geomspace(10, 0.3, 200)
    assert draw(diagnosis(curve=curve({"train_loss": wide}))).axes[0].get_yscale() == "log"
    assert draw(diagnosis(curve=curve({"train_loss": narrow}))).axes[0].get_yscale() == "linear"
    assert draw(diagnosis(curve=curve({"train_loss": wide - 0.2}))).axes[0].get_yscale() == "linear"


def test_a_stretch_that_is_not_finite_is_marked_at_the_edge() -> None:
    values = healthy_curve()["train_loss"].values.copy()
    values[300:] = np.nan
    lines = draw(diagnosis(curve=curve({"train_loss": values}))).axes[0].get_lines()
    marked = [line for line in lines if line.get_label() == "not finite"]
    assert [list(np.asarray(line.get_xdata())) for line in marked] == [[300.0, 399.0]]


def test_task_losses_and_class_accuracies_get_a_panel_with_the_blamed_one_named() -> None:
    channels = {"train_loss": np.ones(20), "task_loss/old": np.arange(20.0), "task_loss/new": np.ones(20)}
    axes = draw(diagnosis(curve=curve(channels), findings=(finding(channel="task_loss/old", onset=5.0),))).axes[1]
    assert axes.get_ylabel() == "task loss"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["old"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "values",
    [[np.nan] * 10, [1.0], [], [5.0] * 30, [1e308, -1e308] * 30, [np.inf, 1.0] * 20, [1e-300, 1e300] * 30],
    ids=["all NaN", "one point", "none", "constant", "largest floats", "every other infinite", "widest span"],
)
def test_every_curve_can_be_drawn(values: list[float]) -> None:
    run = curve({"train_loss": values, "val_loss": values})
    span = (0.0, float(len(values))) if values else None
    assert png(diagnosis(curve=run, points=len(values), span=span)).startswith(b"\x89PNG")


def test_names_are_never_read_as_mathematics() -> None:
    assert png(diagnosis(name="lr=$\\frac{1$ & co_2")).startswith(b"\x89PNG")


def test_a_short_run_shows_its_points_and_no_smoothing() -> None:
    labels = [line.get_label() for line in draw(unassessed()).axes[0].get_lines()]
    assert labels == ["train"]


def test_a_given_figure_is_drawn_into() -> None:
    first = draw(overfitting())
    assert draw(diagnosis(), figure=first) is first
    assert len(first.axes) == 1


def test_pyplot_is_not_touched() -> None:
    draw(diagnosis())
    assert "matplotlib.pyplot" not in sys.modules


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"curvedx\[plot\]"):
        draw(diagnosis())


def test_a_long_run_is_drawn_with_few_points_that_keep_every_spike_and_gap() -> None:
    values = np.random.default_rng(0).normal(0, 1, 100_000)
    values[[777, 50_123, 99_998]] = [100.0, -100.0, np.nan]
    steps, kept = thin(channel(values), POINTS)
    assert len(steps) <= POINTS
    assert (np.diff(steps) > 0).all()
    assert {777.0, 50_123.0, 99_998.0} <= set(steps)
    assert np.array_equal(kept, values[steps.astype(int)], equal_nan=True)


def test_a_short_run_is_not_thinned() -> None:
    assert len(thin(channel(np.ones(600)), 600)[0]) == 600


def test_smoothing_is_the_debiased_moving_average() -> None:
    values = np.random.default_rng(1).normal(0, 1, 220)
    expected = [
        sum(0.9 ** (i - j) * values[j] for j in range(i + 1)) / sum(0.9 ** (i - j) for j in range(i + 1))
        for i in range(220)
    ]
    smoothed = smooth(channel(values), log=False)
    assert smoothed is not None
    assert np.allclose(smoothed.values, expected)


def test_smoothing_leaves_gaps_and_is_not_poisoned_by_them() -> None:
    values = np.ones(300)
    values[50] = np.nan
    smoothed = smooth(channel(values), log=True)
    assert smoothed is not None
    assert np.flatnonzero(np.isnan(smoothed.values)).tolist() == [50]
    assert np.allclose(np.delete(smoothed.values, 50), 1.0)


def test_stretches_that_are_not_finite_are_found_one_by_one() -> None:
    assert broken(channel([1, np.nan, np.inf, 1, np.nan])) == [(1.0, 2.0), (4.0, 4.0)]
    assert broken(channel([1, 2])) == []


def test_no_channel_wants_no_logarithm() -> None:
    assert not wants_log([])
