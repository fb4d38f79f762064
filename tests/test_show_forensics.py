"""The forensic page: four panels, each drawn from what was given or saying how to get it."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import curvedx
from curvedx.errors import CurvedxError, MissingExtraError
from curvedx.evaluate.metrics import calibration_error
from curvedx.show.forensics import forensics
from helpers_diagnosis import curve, diagnosis, finding, overfitting, overfitting_curve, without_a_model

SEEN = np.arange(0.0, 1000.0, 50.0)


def with_classes(accuracies: dict[str, Any]) -> Any:
    channels = {"train_loss": np.linspace(2, 1, 1000)}
    channels |= {f"class_accuracy/{name}": (SEEN, values) for name, values in accuracies.items()}  # type: ignore[misc]  # a pair beside values
    return diagnosis(curve=curve(channels))


def predictions(count: int = 400, classes: int = 4, seed: int = 0) -> tuple[Any, Any]:
    """Draw labels from the very probabilities that are returned."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(classes), count)
    return p, np.array([rng.choice(classes, p=row) for row in p])


def texts(figure: Figure, panel: int) -> str:
    return " ".join(text.get_text() for text in figure.axes[panel].texts)


def lines(figure: Figure, panel: int) -> dict[str, Any]:
    return {str(line.get_label()): line for line in figure.axes[panel].get_lines()}


def test_the_four_panels_stand_in_reading_order_with_the_verdict_above() -> None:
    figure = forensics(overfitting())
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["", "Gradient norm", "Accuracy per class", "Calibration"]
    assert figure.get_suptitle() == "run-17\nnot all right: overfitting (very likely, 93 %)"


def test_the_loss_is_drawn_as_the_diagnosis_draws_it_with_its_findings() -> None:
    page, picture = forensics(overfitting()).axes[0], overfitting().plot().axes[0]
    assert [line.get_label() for line in page.get_lines()] == [line.get_label() for line in picture.get_lines()]
    assert [text.get_text() for text in page.texts] == [text.get_text() for text in picture.texts]


def test_the_gradient_norm_stands_on_a_log_axis_raw_and_smoothed() -> None:
    norm = forensics(overfitting()).axes[1]
    assert norm.get_yscale() == "log"
    raw, smoothed = norm.get_lines()[:2]
    assert (raw.get_linewidth(), smoothed.get_linewidth()) == (0.6, 1.8)
    assert [float(np.asarray(line.get_xdata())[0]) for line in norm.get_lines()[2:]] == [4000.0, 5000.0]


@pytest.mark.parametrize("values", [np.zeros(50), np.full(50, np.nan), np.r_[0.0, np.ones(300)]])
def test_every_gradient_norm_can_be_drawn(values: Any) -> None:
    dx = diagnosis(curve=curve({"train_loss": np.ones(len(values)), "grad_norm": values}))
    out = BytesIO()
    forensics(dx).savefig(out, format="png", dpi=40)
    assert out.getvalue().startswith(b"\x89PNG")


def test_the_class_that_is_never_right_is_named_first_and_stands_out() -> None:
    accuracies = {f"{index}": np.full(20, 0.9 - 0.01 * index) for index in range(20)} | {"7": np.zeros(20)}
    classes = forensics(with_classes(accuracies)).axes[2]
    legend = classes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["7: 0.00", "19: 0.71", "18: 0.72"]
    assert classes.get_title(loc="left") == "Accuracy per class, the lowest 12 of 20"
    widest = max(classes.get_lines(), key=lambda line: line.get_linewidth())
    assert widest.get_label() == "7: 0.00"


def test_a_missing_input_leaves_a_panel_that_says_what_to_log() -> None:
    figure = forensics(diagnosis())
    assert '"grad_norm"' in texts(figure, 1)
    assert '"class_accuracy/<name>"' in texts(figure, 2)
    assert "forensics(run, probabilities=p, labels=y)" in texts(figure, 3)


@pytest.mark.parametrize("classes", [2, 4])
def test_the_calibration_of_several_classes_is_that_of_the_predicted_one(classes: int) -> None:
    p, y = predictions(classes=classes)
    figure = forensics(diagnosis(), probabilities=p, labels=y)
    error = float(calibration_error(p.max(1), p.argmax(1) == y, np.ones(len(y))))
    assert figure.axes[3].get_title(loc="left") == f"Calibration: ECE {error:.3f}, 400 examples"
    assert figure.axes[3].get_xlabel() == "probability of the predicted class"
    assert error < 0.1


def test_the_calibration_of_two_classes_is_that_of_class_1() -> None:
    p, y = predictions(classes=2)
    figure = forensics(diagnosis(), probabilities=p[:, 1].tolist(), labels=y.tolist())
    x, share = lines(figure, 3)["your model, 15 bins of 26 or 27"].get_data()
    assert x[0] < 0.1
    assert x[-1] > 0.9
    assert np.abs(np.asarray(x) - share).mean() < 0.1
    assert figure.axes[3].get_ylabel() == "share that was class 1"


def test_overconfidence_is_seen_below_the_diagonal() -> None:
    p, y = predictions()
    sure = p**4 / (p**4).sum(axis=1, keepdims=True)
    x, share = lines(forensics(diagnosis(), probabilities=sure, labels=y), 3)[
        "your model, 15 bins of 26 or 27"
    ].get_data()
    assert (np.asarray(share) < np.asarray(x)).all()


@pytest.mark.parametrize("count", [1, 9, 31])
def test_a_handful_of_examples_has_a_diagram(count: int) -> None:
    p, y = predictions(count)
    assert f"{count} examples" in forensics(diagnosis(), probabilities=p, labels=y).axes[3].get_title(loc="left")


@pytest.mark.parametrize(
    ("probabilities", "labels", "said"),
    [
        ([0.5], None, "probabilities without labels; calibration needs both"),
        (None, [1], "labels without probabilities; calibration needs both"),
        ([0.1, 0.2], [1], r"labels have shape \(1,\); expected \(2,\)"),
        ([0.1, 1.2], [1, 0], r"probability 1 is 1.2; expected 0 to 1 \(of logits take the softmax"),
        ([[0.5, 0.5], [np.nan, 0.2]], [1, 0], "probability 1, 0 is nan; expected 0 to 1"),
        ([[0.5, 0.5], [0.1, 0.2]], [1, 0], r"row 1 of the probabilities sums to 0.3; expected 1"),
        ([[0.5, 0.5]], [2], "label 0 is 2; expected a class from 0 to 1"),
        ([0.5, 0.5], [0, 0.5], "label 1 is 0.5; expected a class from 0 to 1"),
        ([], [], r"probabilities have shape \(0,\); expected \(n,\) or \(n, classes\)"),
        ([[0.5], [0.4]], [0, 1], r"probabilities have shape \(2, 1\)"),
        (["a"], [0], "probabilities are no array of numbers .*; give a list or an array"),
    ],
)
def test_what_does_not_fit_is_named_with_what_was_expected(probabilities: Any, labels: Any, said: str) -> None:
    with pytest.raises(CurvedxError, match=f"forensics: {said}"):
        forensics(diagnosis(), probabilities=probabilities, labels=labels)


def test_what_is_no_diagnosis_is_judged_first(monkeypatch: pytest.MonkeyPatch) -> None:
    without_a_model(monkeypatch)
    assert "overfitting" in forensics(overfitting_curve()).get_suptitle()


def test_a_given_figure_is_drawn_into_and_pyplot_is_not_touched() -> None:
    first = forensics(overfitting())
    assert forensics(diagnosis(findings=(finding(),)), figure=first) is first
    assert len(first.axes) == 4
    assert "matplotlib.pyplot" not in sys.modules


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"curvedx\[plot\]"):
        forensics(diagnosis())


def test_the_name_is_public_and_importing_the_package_does_not_load_matplotlib() -> None:
    assert curvedx.forensics is forensics
    code = "import sys, curvedx; assert 'forensics' in dir(curvedx); print({'numpy', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert done.stdout == "set()\n"
