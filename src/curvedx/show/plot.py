"""A diagnosis as a picture: the run, its findings where they begin, learning rate and gradient norm below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from curvedx.curve import CLASS_ACCURACY, GRAD_NORM, LR, TASK_LOSS, TRAIN_LOSS, VAL_LOSS, Channel, Curve, FloatArray
from curvedx.diagnosis.evidence import say_step
from curvedx.errors import MissingExtraError
from curvedx.show import words
from curvedx.show.svg import BROKEN, TRAIN, VALIDATION
from curvedx.show.thin import broken, smooth, thin, wants_log

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from curvedx.diagnosis.result import Diagnosis, Finding

POINTS = 5000
"""At most so many points a line are drawn; each bin keeps its extremes."""

INK = "#333333"

_BEST = "#009E73"
_SIZE, _DPI = (5.2, 3.7, 1.05), 185
"""Width, height and height of each panel below, in inches. A narrow figure of many dots an inch: shown 400 pixels wide
its smallest letters are still eight pixels high."""
_LONGEST_NAME = 60
_PANEL_LINES = 8
_RESTLESS = "gradient norm"
_CROWDED = 300
_TITLES = 6
_LARGEST = 1e200


def draw(diagnosis: Diagnosis, *, figure: Figure | None = None) -> Figure:
    """Draw a run with its findings marked.

    Train loss (thin, with its smoothed trend bold) and validation loss share one axis, logarithmic where positive
    values span more than a factor of 50. Below stand, where logged, learning rate, gradient norm, task losses and
    class accuracies. Lines differ in style as well as in colour.

    Parameters
    ----------
    diagnosis
        What to draw.
    figure
        Drawn into after being cleared; a new one, which no window manages, when not given.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - only where a picture is asked for
    except ImportError as error:
        raise MissingExtraError("plot", "drawing a picture") from error
    curve = diagnosis.curve
    panels = _panels(curve)
    if figure is None:
        width, height, each = _SIZE
        figure = Figure(figsize=(width, height + each * len(panels)), dpi=_DPI, layout="constrained")
    else:
        figure.clear()
    axes = figure.subplots(1 + len(panels), sharex=True, squeeze=False, height_ratios=[3.2] + [1.0] * len(panels))
    main: Axes = axes[0, 0]
    losses(main, curve, diagnosis.best_step)
    mark(main, diagnosis.findings, curve)
    for ax, (title, channels) in zip(axes[1:, 0], panels, strict=True):
        _panel(ax, title, channels, diagnosis.findings)
    axes[-1, 0].set_xlabel("step")
    for ax in axes[:, 0]:
        bare(ax)
    figure.suptitle(headline(diagnosis), fontsize=10, x=0.01, ha="left")
    figure.legend(*main.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9, frameon=False)
    return figure


def headline(diagnosis: Diagnosis) -> str:
    """Name the run and say whether it is all right, as the title of a picture; of a long name the end is kept."""
    name = diagnosis.name if len(diagnosis.name) <= _LONGEST_NAME else f"...{diagnosis.name[-_LONGEST_NAME:]}"
    return f"{plain(name) or 'this run'}\n{words.verdict(diagnosis.to_dict())}"


def bare(ax: Axes) -> None:
    """Leave of the frame what is read: two sides and a faint grid."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25, linewidth=0.6)


def raw_and_smoothed(ax: Axes, channel: Channel, colour: str, *, log: bool, name: str | None = None) -> None:
    """Draw a channel thin and its smoothed course bold, or with its points where it is too short to be smoothed."""
    trend = smooth(channel, log=log)
    if trend is None:
        ax.plot(*points(channel), color=colour, linewidth=1.8, marker="o", markersize=3, label=name)
        return
    ax.plot(*points(channel), color=colour, linewidth=0.6, alpha=0.5, label=name)
    ax.plot(*points(trend), color=colour, linewidth=1.8, label=name and f"{name}, smoothed")


def losses(ax: Axes, curve: Curve, best_step: float | None) -> None:
    """Draw train and validation loss on one axis, the best step, and where values are not finite."""
    train, validation = curve[TRAIN_LOSS], curve.get(VAL_LOSS)
    drawn = [train] if validation is None else [train, validation]
    log = wants_log(drawn)
    if log:
        ax.set_yscale("log")
    ax.set_ylabel("loss")
    raw_and_smoothed(ax, train, TRAIN, log=log, name="train")
    if validation is not None:
        dots: dict[str, Any] = {"marker": "o", "markersize": 3} if len(validation) <= 100 else {}
        ax.plot(*points(validation), color=VALIDATION, linewidth=1.8, linestyle="--", label="validation", **dots)
    if best_step is not None:
        steps, values = train if validation is None else validation
        height = float(values[np.abs(steps - best_step).argmin()])
        said = f"best step, {say_step(best_step)}"
        star: dict[str, Any] = {
            "marker": "*",
            "markersize": 13,
            "markeredgecolor": "white",
            "linestyle": "none",
            "zorder": 5,
        }
        ax.plot([best_step], [height], color=_BEST, label=said, **star)
    gaps = [stretch for channel in drawn for stretch in broken(channel)]
    for index, (first, last) in enumerate(gaps[:POINTS]):
        label = "not finite" if index == 0 else None
        ax.plot(
            [first, last],
            [1.0, 1.0],
            transform=ax.get_xaxis_transform(),
            clip_on=False,
            color=BROKEN,
            linewidth=5,
            marker="x",
            markersize=7,
            markeredgewidth=2,
            label=label,
        )


def mark(ax: Axes, findings: tuple[Finding, ...], curve: Curve) -> None:
    """Write each title in a row of its own above the axes, with a line down to where it begins."""
    steps = curve[TRAIN_LOSS].steps
    middle = (steps[0] + steps[-1]) / 2 if len(steps) else 0.0
    shown = findings[:_TITLES]
    # Lines that begin further out get the higher rows: no line then runs through another finding's title.
    shown = tuple(sorted(shown, key=lambda f: -abs(f.onset - middle) if f.onset is not None else -np.inf))
    for row, finding in enumerate(shown):
        height = 9 + 13 * (len(shown) - 1 - row)
        box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
        style: dict[str, Any] = {
            "fontsize": 9,
            "color": INK,
            "annotation_clip": False,
            "textcoords": "offset points",
            "bbox": box,
        }
        transform = ax.get_xaxis_transform()
        if finding.onset is None:
            ax.annotate(f"{finding.title} (whole run)", (0.0, 1.0), (0, height), xycoords="axes fraction", **style)
            continue
        ax.axvline(finding.onset, color=INK, linewidth=1.0, linestyle="-.", zorder=1)
        if finding.end is not None and finding.end > finding.onset:
            ax.axvspan(finding.onset, finding.end, color=INK, alpha=0.07, linewidth=0)
        left = finding.onset <= middle
        ax.annotate(
            finding.title,
            (finding.onset, 1.0),
            (4 if left else -4, height),
            xycoords=transform,
            ha="left" if left else "right",
            arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 1.0, "relpos": (0.0 if left else 1.0, 0.0)},
            **style,
        )
    if len(findings) > len(shown):
        more = f"and {len(findings) - len(shown)} more"
        ax.annotate(more, (1.0, 1.0), (0, -12), xycoords="axes fraction", textcoords="offset points", ha="right")


def _panels(curve: Curve) -> list[tuple[str, dict[str, Channel]]]:
    single = {"learning rate": curve.get(LR), "gradient norm": curve.get(GRAD_NORM)}
    panels = [(title, {title: channel}) for title, channel in single.items() if channel is not None]
    families = {"task loss": curve.family(TASK_LOSS), "class accuracy": curve.family(CLASS_ACCURACY)}
    return panels + [(title, channels) for title, channels in families.items() if channels]


def _panel(ax: Axes, title: str, channels: dict[str, Channel], findings: tuple[Finding, ...]) -> None:
    blamed = {f.channel.rpartition("/")[2] for f in findings}
    names = sorted(channels, key=lambda name: name not in blamed)[:_PANEL_LINES]
    ax.set_ylabel(title, fontsize=8)
    ax.tick_params(labelsize=8)
    log = wants_log(channels[name] for name in names)
    if log:
        ax.set_yscale("log")
    for name in names:
        if name == _RESTLESS:
            raw_and_smoothed(ax, channels[name], INK, log=log)
            continue
        chosen = name in blamed or len(names) == 1
        width = 1.6 if chosen and len(channels[name]) < _CROWDED else 0.8
        line = ax.plot(*points(channels[name]), color=INK, linewidth=width, alpha=1.0 if chosen else 0.5)
        if len(channels) > 1 and name in blamed:
            line[0].set_label(plain(name))
    if ax.get_legend_handles_labels()[0]:
        ax.legend(fontsize=8, frameon=False)
    beginnings(ax, findings)


def beginnings(ax: Axes, findings: tuple[Finding, ...]) -> None:
    """Draw a line where each finding begins, without its title."""
    for finding in findings:
        if finding.onset is not None:
            ax.axvline(finding.onset, color=INK, linewidth=0.8, linestyle="-.", alpha=0.6)


def points(channel: Channel) -> tuple[FloatArray, FloatArray]:
    """Return at most `POINTS` steps and values that an axis can hold; what is not finite is NaN."""
    steps, values = thin(channel, POINTS)
    # An axis cannot span the whole range of a float; NaN and infinity are gaps, marked on their own.
    within = np.sign(values) * np.clip(np.abs(values), 1 / _LARGEST, _LARGEST)
    return steps, np.where(np.isfinite(values), within, np.nan)


def plain(name: str) -> str:
    """Keep a dollar sign in a run's name from being read as mathematics."""
    return name.replace("$", r"\$")
