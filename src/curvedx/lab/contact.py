"""Contact sheets: twenty logged runs a page with the labels measured on them, to be reviewed by eye."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from curvedx.curve import CLASS_ACCURACY, GRAD_NORM, LR, TASK_LOSS, TRAIN_LOSS, VAL_LOSS, Channel
from curvedx.lab.tables import Entry
from curvedx.measures import LOG_SPAN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS, ROWS = 4, 5

WORTH_SAYING = 0.1
"""Degrees below this are not written above a panel."""


def sheets(found: Sequence[Entry], folder: Path) -> list[Path]:
    """Draw the sheets and return their paths."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - drawing is optional

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for page, first in enumerate(range(0, len(found), COLUMNS * ROWS)):
        figure = Figure(figsize=(5.2 * COLUMNS, 3.3 * ROWS), layout="constrained")
        page_of = found[first : first + COLUMNS * ROWS]
        for axes, entry in zip(figure.subplots(ROWS, COLUMNS).flat, page_of, strict=False):
            _draw(axes, entry)
        path = folder / f"sheet_{page:02d}.png"
        figure.savefig(path, dpi=75)
        written.append(path)
    return written


def _draw(axes: Axes, entry: Entry) -> None:
    curve, run = entry.curve, entry.run
    steps, losses = curve[TRAIN_LOSS]
    few = len(steps) <= 60
    axes.plot(steps, losses, color="tab:blue", lw=0.8, marker="." if few else "", ms=4)
    if (val := curve.get(VAL_LOSS)) is not None:
        axes.plot(*val, color="tab:orange", lw=1, marker="." if len(val) <= 40 else "", ms=4)
    for name, loss in curve.family(TASK_LOSS).items():
        axes.plot(*loss, color="tab:green" if name == "first" else "tab:red", lw=1)
    broken = steps[~np.isfinite(losses)]
    if len(broken):
        axes.axvspan(broken[0], broken[-1], color="red", alpha=0.15)
    tail = losses[max(1, len(losses) // 50) :]
    tail = tail[np.isfinite(tail)]
    if len(tail) and tail.min() > 0 and tail.max() / tail.min() > LOG_SPAN:
        axes.set_yscale("log")
    beside = axes.twinx()
    for name, colour in ((LR, "0.75"), (GRAD_NORM, "tab:purple")):
        if (channel := curve.get(name)) is not None:
            _beside(beside, channel, colour)
    for name, accuracy in curve.family(CLASS_ACCURACY).items():
        beside.plot(*accuracy, lw=1 if name == "8" else 0.4, color="k" if name == "8" else "0.8")
    beside.set_yticks([])
    said = ", ".join(f"{n} {d:.2f}" for n, d in entry.degrees.items() if d is not None and d > WORTH_SAYING)
    axes.set_title(
        f"{run.run_id}  x{run.strength:g}  n={len(curve)}  @{entry.dense.injected_at}\n{said or '-'}\n"
        f"{'voted ' if entry.changed else ''}= {' '.join(sorted(entry.label.present))}"
        f" | {' '.join(sorted(entry.label.grey))}",
        fontsize=7.5,
    )
    axes.tick_params(labelsize=6)


def _beside(axes: Axes, channel: Channel, colour: str) -> None:
    """Draw the shape of another channel: its logarithm over its own range."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(np.abs(channel.values))
    finite = logs[np.isfinite(logs)]
    if len(finite):
        span = max(float(np.ptp(finite)), 1.0)
        axes.plot(channel.steps, (logs - finite.min()) / span, color=colour, lw=0.6)
