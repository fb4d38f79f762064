"""A sheet of random draws of one pattern, with the labels that were measured on them: for judging the generator by eye.

``python -m curvedx.show.sheet --out DIR`` writes one PNG a pattern (extras `train` and `plot`).
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from curvedx.catalogue import HEALTHY, patterns
from curvedx.curve import GRAD_NORM, TASK_LOSS, TRAIN_LOSS, VAL_LOSS, Channel
from curvedx.errors import CurvedxError, MissingExtraError
from curvedx.show.atlas.drawing import beside
from curvedx.show.svg import BROKEN, TRAIN, VALIDATION
from curvedx.show.thin import thin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from curvedx.synth.draw import Drawn

COLUMNS = 6
POINTS = 600
"""At most so many points a line are drawn; each bin keeps its extremes."""

WORTH_SAYING = 0.1
"""Degrees below this are not written above a panel."""

_BESIDE = "#777777"


def sheet(pattern: str, *, seed: int = 0, count: int = 24) -> Figure:
    """Draw a sheet of random draws of one pattern.

    Above each panel stand its index and the labels measured on it with their degrees, the pattern itself first; where
    it stays below one half the title is grey. Train loss is blue, validation loss orange, on the axis on which the
    run is judged; gradient norm, learning rate, task losses and class accuracies are grey where the pattern is about
    them.

    Parameters
    ----------
    pattern
        A name of the catalogue; ``"healthy"`` draws runs without a recipe.
    seed, count
        Panels are the draws ``draw(seed, index, recipes=(pattern,))`` with index 0, 1, ..., count - 1.

    Raises
    ------
    CurvedxError
        If the catalogue has no such pattern, or count is below 1.
    MissingExtraError
        If matplotlib or what the generator needs is not installed.
    """
    if pattern not in patterns():
        raise CurvedxError(f"sheet: no pattern {pattern!r} in the catalogue; expected one of {', '.join(patterns())}")
    if count < 1:
        raise CurvedxError(f"sheet: count is {count}; draw one panel at least")
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - only where a picture is asked for
    except ImportError as error:
        raise MissingExtraError("plot", "drawing a sheet") from error
    try:
        from curvedx.synth.draw import draw  # noqa: PLC0415 - it needs scipy
    except ImportError as error:
        raise MissingExtraError("train", "drawing curves") from error
    rows = -(-count // COLUMNS)
    figure = Figure(figsize=(2.0 * COLUMNS, 1.55 * rows + 0.3), dpi=95, layout="constrained")
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    recipes = () if pattern == HEALTHY else (pattern,)
    for index in range(count):
        _panel(axes[index], draw(seed, index, recipes=recipes), pattern, index)
    for ax in axes[count:]:
        ax.set_visible(False)
    figure.suptitle(f"{pattern}: {patterns()[pattern].title} (seed {seed})", fontsize=10, x=0.01, ha="left")
    return figure


def _panel(ax: Axes, one: Drawn, pattern: str, index: int) -> None:
    curve = one.curve
    if one.truth.log:
        ax.set_yscale("log")
    for name, task in curve.family(TASK_LOSS).items():
        ax.plot(*_drawable(task), color=_BESIDE, linewidth=0.6, label=name)
    ax.plot(*_drawable(curve[TRAIN_LOSS]), color=TRAIN, linewidth=0.7)
    validation = curve.get(VAL_LOSS)
    if validation is not None:
        ax.plot(*_drawable(validation), color=VALIDATION, linewidth=0.9)
    steps, values = curve[TRAIN_LOSS]
    broken = steps[~np.isfinite(values)]
    if len(broken):
        ends = [broken[0], broken[-1]]
        ax.plot(
            ends, [1.0, 1.0], transform=ax.get_xaxis_transform(), color=BROKEN, marker="x", markersize=4, clip_on=False
        )
    for place in one.onsets.get(pattern, ()):
        ax.axvline(place, color=_BESIDE, linewidth=0.4, linestyle=":")
    _beside(ax, one, pattern)
    shown = (one.degrees.get(pattern) or 0.0) >= 0.5 or pattern == HEALTHY
    ax.set_title(_labels(one, pattern, index), fontsize=5.5, pad=2, color="black" if shown else _BESIDE)
    ax.tick_params(labelsize=4.5, length=1.5, pad=1)
    ax.yaxis.get_offset_text().set_fontsize(4.5)
    ax.xaxis.get_offset_text().set_fontsize(4.5)
    ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)


def _beside(ax: Axes, one: Drawn, pattern: str) -> None:
    """Draw what else the pattern is about, against an axis of its own on the right."""
    needs = patterns()[pattern].needs
    others = {} if TASK_LOSS in needs else beside(pattern, needs, one.curve)
    if not others:
        return
    right = ax.twinx()
    if GRAD_NORM in needs:
        right.set_yscale("log")
    style: dict[str, Any] = {"color": _BESIDE, "linewidth": 0.6}
    for channel in others.values():
        right.plot(*_drawable(channel), **style)
    right.tick_params(labelsize=4, length=1, pad=1, colors=_BESIDE)
    right.yaxis.get_offset_text().set_fontsize(4)
    right.minorticks_off()
    right.spines[["top"]].set_visible(False)


def _drawable(channel: Channel) -> Channel:
    """Thin a channel; what is not finite, or too large for a plot, becomes a gap."""
    steps, values = thin(channel, POINTS)
    with np.errstate(invalid="ignore"):
        return Channel(steps, np.where(np.abs(values) < 1e200, values, np.nan))


def _labels(one: Drawn, pattern: str, index: int) -> str:
    own = one.degrees.get(pattern)
    said = [f"{index}"] if pattern == HEALTHY else [f"{index}: {'?' if own is None else f'{own:.2f}'}"]
    others = {n: d for n, d in one.degrees.items() if n != pattern and d is not None and d >= WORTH_SAYING}
    ordered = sorted(others.items(), key=lambda item: -item[1])
    said += [f"{name} {degree:.2f}" for name, degree in ordered[:3]]
    return said[0] + ("\n" + ", ".join(said[1:]) if said[1:] else "\n")


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a small PNG of 48 colours, which lines and text need no more than."""
    from PIL import Image  # noqa: PLC0415 - matplotlib brings it

    drawn = BytesIO()
    figure.savefig(drawn, format="png")
    picture = Image.open(drawn).convert("RGB")
    picture.quantize(48, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)


@click.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write to.")
@click.option("--seed", default=0, show_default=True, help="Seed of the draws.")
@click.option("--count", default=24, show_default=True, help="Panels on a sheet.")
@click.argument("names", nargs=-1)
def main(out: Path, seed: int, count: int, names: tuple[str, ...]) -> None:
    """Write a sheet of draws for each pattern NAMED, or for all."""
    out.mkdir(parents=True, exist_ok=True)
    for name in names or tuple(patterns()):
        try:
            save(sheet(name, seed=seed, count=count), out / f"{name}.png")
        except CurvedxError as error:
            raise click.ClickException(str(error)) from error
        click.echo(out / f"{name}.png")


if __name__ == "__main__":
    main()
