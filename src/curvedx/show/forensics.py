"""The four forensic plots on one page: loss, gradient norm, accuracy per class, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from curvedx.curve import CLASS_ACCURACY, GRAD_NORM, Channel, Curve, FloatArray
from curvedx.diagnosis.result import Diagnosis, Finding
from curvedx.errors import CurvedxError, MissingExtraError
from curvedx.evaluate.metrics import BoolArray, bins, calibration_error
from curvedx.show.plot import INK, bare, beginnings, headline, losses, mark, plain, points, raw_and_smoothed
from curvedx.show.svg import TRAIN, VALIDATION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CLASSES = 12
_NAMED = 3
_SUM_OFF = 0.01
_HISTOGRAM = 20

BINARY = ("probability of class 1", "share that was class 1")
SEVERAL = ("probability of the predicted class", "share that was right")
"""What is on the two axes of a reliability diagram."""

_ASK_NORM = """The gradient norm was not logged.
To get this panel log it at every step
as "grad_norm": it is what
clip_grad_norm_ returns (PyTorch),
or the global norm before clipping."""
_ASK_CLASSES = """The accuracy of each class was not logged.
To get this panel log it at every evaluation
as "class_accuracy/<name>": a good mean
can hide a class that is never right."""
_ASK_CALIBRATION = """No probabilities were given.
To get this panel pass those of your model on
validation data, and the true labels:
forensics(run, probabilities=p, labels=y)
p of shape (n,) for two classes, else (n, classes)."""


def forensics(
    run: object, *, probabilities: object = None, labels: object = None, figure: Figure | None = None
) -> Figure:
    """Draw the four plots that tell most about a run on one page.

    The loss (train and validation, raw thin and smoothed bold, findings where they begin), the gradient norm on a log
    axis, the accuracy of each class, and how far the probabilities of your own model can be trusted. A panel whose
    input is missing says what to log to get it.

    Parameters
    ----------
    run
        A `Diagnosis`, or anything `classify_curve` takes, which is then judged.
    probabilities
        What your model predicted on held-out examples: shape (n,), the probability of class 1 of two; or
        (n, classes), rows that sum to one.
    labels
        The true classes, shape (n,): 0 or 1, or the column of each row's class.
    figure
        Drawn into after being cleared; a new one, which no window manages, when not given.

    Returns
    -------
    Figure
        Four axes in reading order. The reliability diagram shows bins of equal mass with the number of examples in
        each, and the expected calibration error over them (`evaluate.metrics.calibration_error`). Of several classes
        the probability is that of the predicted one, and the outcome whether it was right (Guo and others 2017).

    Raises
    ------
    CurvedxError
        If the run is no curve, or probabilities and labels do not fit.
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - only where a picture is asked for
    except ImportError as error:
        raise MissingExtraError("plot", "drawing the forensic plots") from error
    predicted = _predicted(probabilities, labels)
    diagnosis = run if isinstance(run, Diagnosis) else _judged(run)
    curve, findings = diagnosis.curve, diagnosis.findings
    if figure is None:
        figure = Figure(figsize=(9.0, 7.0), dpi=130, layout="constrained")
    else:
        figure.clear()
    loss, norm, classes, calibration = cast("list[Axes]", figure.subplots(2, 2).ravel().tolist())
    losses(loss, curve, diagnosis.best_step)
    mark(loss, findings, curve)
    loss.legend(fontsize=8, frameon=False)
    loss.set_xlabel("step")
    _norm(norm, curve.get(GRAD_NORM), findings)
    _classes(classes, curve, findings)
    _calibration(calibration, predicted)
    for ax in (loss, norm, classes, calibration):
        bare(ax)
        if not ax.has_data():
            ax.spines[:].set_visible(False)
    figure.suptitle(headline(diagnosis), fontsize=11, x=0.01, ha="left")
    return figure


def _judged(run: object) -> Diagnosis:
    from curvedx.diagnosis.classify import classify_curve  # noqa: PLC0415 - a model only where a run is to be judged

    return classify_curve(run)


def _norm(ax: Axes, norm: Channel | None, findings: tuple[Finding, ...]) -> None:
    if norm is None:
        _ask(ax, "Gradient norm", _ASK_NORM)
        return
    ax.set_title("Gradient norm", fontsize=10, loc="left")
    ax.set_xlabel("step")
    finite = norm.values[np.isfinite(norm.values)]
    # A norm that is zero now and then has no place on a log axis, and is a gap there.
    log = bool((finite > 0).any())
    if log:
        ax.set_yscale("log", nonpositive="mask")
    raw_and_smoothed(ax, norm, INK, log=log)
    beginnings(ax, findings)


def _classes(ax: Axes, curve: Curve, findings: tuple[Finding, ...]) -> None:
    """Draw the lowest classes, the last few of them by name, so that one that is never right is seen among many."""
    family = curve.family(CLASS_ACCURACY)
    if not family:
        _ask(ax, "Accuracy per class", _ASK_CLASSES)
        return
    lowest = sorted(family, key=lambda name: _late(family[name]))[:_CLASSES]
    more = f", the lowest {len(lowest)} of {len(family)}" if len(family) > len(lowest) else ""
    ax.set_title(f"Accuracy per class{more}", fontsize=10, loc="left")
    ax.set_xlabel("step")
    ax.set_ylim(-0.02, 1.02)
    for rank, name in reversed(list(enumerate(lowest))):
        colour, width = (VALIDATION, 2.2) if rank == 0 else (INK, 0.9)
        style = ("-", "--", ":")[rank] if rank < _NAMED else "-"
        label = plain(f"{name}: {_late(family[name]):.2f}") if rank < _NAMED else None
        ax.plot(
            *points(family[name]),
            color=colour,
            linewidth=width if rank < _NAMED else 0.7,
            linestyle=style,
            alpha=1.0 if rank < _NAMED else 0.4,
            label=label,
        )
    handles, said = ax.get_legend_handles_labels()
    ax.legend(
        handles[::-1], said[::-1], title="lowest, mean of the last half", fontsize=8, title_fontsize=8, loc="best"
    )
    beginnings(ax, tuple(f for f in findings if f.channel.startswith(CLASS_ACCURACY)))


def _late(accuracy: Channel) -> float:
    late = accuracy.values[len(accuracy) // 2 :]
    finite = late[np.isfinite(late)]
    return float(finite.mean()) if len(finite) else 1.0


def _calibration(ax: Axes, predicted: tuple[FloatArray, BoolArray, tuple[str, str]] | None) -> None:
    if predicted is None:
        _ask(ax, "Calibration", _ASK_CALIBRATION)
        return
    probability, outcome, (said, true) = predicted
    error = float(calibration_error(probability, outcome, np.ones(len(probability))))
    ax.set_title(f"Calibration: ECE {error:.3f}, {len(probability):,} examples", fontsize=10, loc="left")
    ax.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0), xlabel=said, ylabel=true)
    parts = bins(probability)
    shares = np.histogram(probability, bins=_HISTOGRAM, range=(0.0, 1.0))[0] / len(probability)
    edges = np.linspace(0.0, 1.0, _HISTOGRAM + 1)
    label = "share of the examples"
    ax.bar(edges[:-1], shares, width=1 / _HISTOGRAM, align="edge", color=INK, alpha=0.15, linewidth=0, label=label)
    ax.plot([0.0, 1.0], [0.0, 1.0], color=INK, linewidth=1.0, linestyle="--", label="perfect")
    means = [(float(probability[part].mean()), float(outcome[part].mean())) for part in parts]
    sizes = sorted({len(part) for part in parts})
    label = f"your model, {len(parts)} bins of {' or '.join(map(str, sizes))}"
    ax.plot(*zip(*means, strict=True), color=TRAIN, marker="o", markersize=5, linewidth=1.8, label=label)
    ax.legend(fontsize=8, frameon=False, loc="upper left")


def _ask(ax: Axes, title: str, text: str) -> None:
    ax.set_title(title, fontsize=10, loc="left")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", fontsize=9, color=INK, linespacing=1.5)


def _predicted(probabilities: object, labels: object) -> tuple[FloatArray, BoolArray, tuple[str, str]] | None:
    """Return probability and outcome of each example, and what the probability is of; None where neither is given."""
    if probabilities is None and labels is None:
        return None
    if probabilities is None or labels is None:
        given, lacking = ("labels", "probabilities") if probabilities is None else ("probabilities", "labels")
        raise CurvedxError(f"forensics: {given} without {lacking}; calibration needs both, one entry an example")
    p, y = _array("probabilities", probabilities), _array("labels", labels)
    if p.ndim not in (1, 2) or not p.size or p.shape[1:] == (1,):
        raise CurvedxError(f"forensics: probabilities have shape {p.shape}; expected (n,) or (n, classes)")
    if y.shape != p.shape[:1]:
        raise CurvedxError(f"forensics: labels have shape {y.shape}; expected ({len(p)},), one for each probability")
    if (wrong := np.argwhere(~((p >= 0) & (p <= 1)))).size:
        place = tuple(wrong[0])
        raise CurvedxError(
            f"forensics: probability {', '.join(map(str, place))} is {p[place]:g}; expected 0 to 1 "
            "(of logits take the softmax, or the sigmoid)"
        )
    classes = 2 if p.ndim == 1 else p.shape[1]
    if (strange := np.flatnonzero(~np.isin(y, np.arange(classes)))).size:
        raise CurvedxError(
            f"forensics: label {strange[0]} is {y[strange[0]]:g}; expected a class from 0 to {classes - 1}, "
            "as the columns number them"
        )
    if p.ndim == 1:
        return p, y == 1, BINARY
    sums = p.sum(axis=1)
    if np.abs(sums - 1.0).max() > _SUM_OFF:
        row = int(np.abs(sums - 1.0).argmax())
        raise CurvedxError(
            f"forensics: row {row} of the probabilities sums to {sums[row]:.3g}; expected 1 (take the softmax)"
        )
    return p.max(axis=1), p.argmax(axis=1) == y, SEVERAL


def _array(what: str, given: object) -> FloatArray:
    try:
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        # A tensor that is on a GPU or needs a gradient says so itself.
        raise CurvedxError(f"forensics: {what} are no array of numbers ({error}); give a list or an array") from error
