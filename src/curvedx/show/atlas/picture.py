"""A drawn run as points on a picture, in a form that Python and the page's script turn into the same lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from curvedx.catalogue import HEALTHY
from curvedx.curve import CLASS_ACCURACY, TRAIN_LOSS, VAL_LOSS, Channel
from curvedx.diagnosis.evidence import say_step
from curvedx.measures import LOG_SPAN
from curvedx.show import words
from curvedx.show.atlas.drawing import POINTS, Story, beside
from curvedx.show.thin import broken, thin

if TYPE_CHECKING:
    from curvedx.synth.draw import Drawn

WIDTH, LEFT, RIGHT = 560.0, 76.0, 12.0
MAIN = (26.0, 206.0)
BESIDE = (246.0, 336.0)
"""Top and bottom of the panel of losses, and of the one for what else a pattern is about."""

FINEST = 7.0
"""Positions are whole sevenths of a pixel, so that two letters hold one."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
GAP = ".."
"""Stands for a point that is not finite, at which a line breaks."""

_STATES = (
    (0.9, "clearly present"),
    (0.6, "present, near its threshold"),
    (0.4, "on its threshold: either could be said"),
    (0.1, "just short of its threshold"),
    (0.0, "not present"),
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a picture; `x` and `y` hold two letters a point."""

    look: str
    """The class that styles it."""
    name: str
    x: str
    y: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One frame of a story."""

    lines: tuple[Line, ...]
    ends: tuple[str, ...]
    """Text at the top and the bottom of each panel's axis."""
    onsets: tuple[float, ...]
    """Where the pattern begins, in pixels."""
    gaps: tuple[tuple[float, float], ...]
    """Stretches in which the train loss is not finite, in pixels."""
    state: str
    """Whether the pattern is there by its definition, where it begins, and what else is there."""


@dataclass(frozen=True, kw_only=True)
class Panels:
    """What all frames of a story share: panels and their axes."""

    titles: tuple[str, ...]
    logs: tuple[bool, ...]
    steps: tuple[str, str]

    @property
    def height(self) -> float:
        """Height of the whole picture."""
        return (BESIDE if len(self.titles) > 1 else MAIN)[1] + 26.0


class _Axis:
    """Maps values to the height of a panel."""

    def __init__(self, values: Iterable[float], panel: tuple[float, float], *, log: bool) -> None:
        finite = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
        self.log, (self.top, self.bottom) = log, panel
        # A linear axis begins at zero, or a flat line would look as restless as any.
        self.low, self.high = min(finite, default=1.0), max(finite, default=1.0)
        if not log:
            self.low = min(0.0, self.low)
        if self.high <= self.low:
            self.high = self.low + 1.0

    def y(self, value: float) -> float | None:
        if not math.isfinite(value):
            return None
        low, high = self.low, self.high
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(max(value, low))
        return self.bottom - (self.bottom - self.top) * (value - low) / max(high - low, 1e-12)

    @property
    def ends(self) -> tuple[str, str]:
        return f"{self.high:.3g}", f"{self.low:.3g}"


def panels(story: Story) -> Panels:
    """Settle titles and axes of a story by its typical draw."""
    one = story.first
    steps = one.curve[TRAIN_LOSS].steps
    logs = [one.truth.log and all((c.values > 0).all() for c in _losses(one))]
    titles = ["loss, log axis" if logs[0] else "loss"]
    if other := beside(story.pattern.name, story.pattern.needs, one.curve):
        logs.append("gradient norm" in other)
        titles.append(_together(other))
    return Panels(
        titles=tuple(titles),
        logs=tuple(logs),
        steps=(f"step {say_step(round(steps[0]))}", say_step(round(steps[-1]))),
    )


def _together(names: Iterable[str]) -> str:
    first = next(iter(names))
    if first == "gradient norm":
        return "gradient norm, log axis"
    return {"l": "loss of each task", "a": "accuracy of each class"}[first[0]] if " of " in first else first


def pictures(story: Story) -> Iterator[Picture]:
    """Draw every frame, in the order of the sliders' grid, the last slider fastest.

    The axes hold the typical draw and the frame itself: what a slider makes lower is seen to be lower.
    """
    shared = panels(story)
    for one in story.frames.values():
        yield _picture(story, shared, one)


def _picture(story: Story, shared: Panels, one: Drawn) -> Picture:
    name, needs = story.pattern.name, story.pattern.needs
    steps = one.curve[TRAIN_LOSS].steps
    first, last = float(steps[0]), float(steps[-1])

    def x(step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(max((step - first) / (last - first), 0.0), 1.0)

    axes = [_Axis(_values(*_losses(story.first), *_losses(one)), MAIN, log=shared.logs[0])]
    looks = [("train", "train loss", one.curve[TRAIN_LOSS], axes[0])]
    if (validation := one.curve.get(VAL_LOSS)) is not None:
        looks.append(("validation", "validation loss", validation, axes[0]))
    if len(shared.titles) > 1:
        other, usual = beside(name, needs, one.curve), beside(name, needs, story.first.curve)
        bounds = (0.0, 1.0) if CLASS_ACCURACY in needs else ()
        axes.append(_Axis([*_values(*other.values(), *usual.values()), *bounds], BESIDE, log=shared.logs[1]))
        looks += [(look, title, other[title], axes[1]) for title, look in _beside_looks(other).items()]
    begun = () if name == HEALTHY else one.onsets.get(name, ())
    return Picture(
        lines=tuple(_line(look, title, channel, axis, x) for look, title, channel, axis in looks),
        ends=tuple(end for axis in axes for end in axis.ends),
        onsets=tuple(round(x(step), 1) for step in begun),
        gaps=tuple((round(x(a), 1), round(x(b), 1)) for a, b in broken(one.curve[TRAIN_LOSS])),
        state=_state(name, one),
    )


def _losses(one: Drawn) -> list[Channel]:
    return [channel for name in (TRAIN_LOSS, VAL_LOSS) if (channel := one.curve.get(name)) is not None]


def _values(*channels: Channel) -> Iterator[float]:
    for channel in channels:
        yield from channel.values.tolist()


def _beside_looks(channels: dict[str, Channel]) -> dict[str, str]:
    """Tell the line that the pattern is about from the others: the lowest of the classes, the first of the tasks."""
    chosen = next(iter(channels))
    if chosen.startswith("accuracy"):
        chosen = min(channels, key=lambda name: float(channels[name].values[-1]))
    return {name: "chosen" if name == chosen else "other" for name in channels}


def _line(look: str, name: str, channel: Channel, axis: _Axis, x: Callable[[float], float]) -> Line:
    steps, values = thin(channel, POINTS[1])
    xs = "".join(map(_code, map(x, steps.tolist())))
    ys = "".join(GAP if (y := axis.y(value)) is None else _code(y) for value in values.tolist())
    return Line(look=look, name=name, x=xs, y=ys)


def _code(position: float) -> str:
    sevenths = round(position * FINEST)
    return LETTERS[sevenths // 64] + LETTERS[sevenths % 64]


def path(x: str, y: str) -> str:
    """Write a line's points as an SVG path; the script of the page has the same function."""
    out, drawing = [], False
    for at in range(0, len(y), 2):
        if y[at : at + 2] == GAP:
            drawing = False
            continue
        out.append(f"{'L' if drawing else 'M'}{_position(x, at):.1f} {_position(y, at):.1f}")
        drawing = True
    return "".join(out)


def _position(code: str, at: int) -> float:
    return (64 * LETTERS.index(code[at]) + LETTERS.index(code[at + 1])) / FINEST


def _state(name: str, one: Drawn) -> str:
    others = [words.label(other) for other, degree in one.degrees.items() if other != name and (degree or 0.0) >= 0.5]
    also = f" Also present: {', '.join(others)}." if others else ""
    if name == HEALTHY:
        return f"No problem is present.{also}"
    degree = one.degrees.get(name)
    if degree is None:
        return f"Too few points to tell.{also}"
    said = next(said for least, said in _STATES if degree >= least)
    return f"By its definition it is {said}.{_begins(one, name)}{also}"


def _begins(one: Drawn, name: str) -> str:
    begun = one.onsets.get(name, ())
    first = float(one.curve[TRAIN_LOSS].steps[0])
    if not begun:
        return ""
    if len(begun) > 1:
        return f" Begins {len(begun)} times, first at step {say_step(round(begun[0]))}."
    if begun[0] <= first:
        return " Lasts from the first step on."
    return f" Begins at step {say_step(round(begun[0]))}."


def described(story: Story) -> str:
    """Say in words what the typical picture shows: the text for those who do not see it."""
    one = story.first
    said = [_course("Train loss", one.curve[TRAIN_LOSS])]
    if (validation := one.curve.get(VAL_LOSS)) is not None:
        said.append(_course("Validation loss", validation))
    other = beside(story.pattern.name, story.pattern.needs, one.curve)
    said += [_course(name.capitalize(), channel) for name, channel in other.items()]
    return " ".join([*said, _begins(one, story.pattern.name).strip()]).strip()


def _course(name: str, channel: Channel) -> str:
    steps, values = channel
    finite = np.flatnonzero(np.isfinite(values))
    if not len(finite):
        return f"{name} is never finite."
    start, end = values[finite[0]], values[finite[-1]]
    said = f"{name} goes from {start:.2g} to {end:.2g}"
    for extreme, word in ((finite[values[finite].argmin()], "lowest"), (finite[values[finite].argmax()], "highest")):
        apart = min(abs(values[extreme] - start), abs(values[extreme] - end))
        if apart > 0.1 * np.ptp(values[finite]) or values[extreme] > LOG_SPAN * max(start, end):
            said += f", {word} {values[extreme]:.2g} at step {say_step(round(steps[extreme]))}"
    if (gaps := broken(channel)) and gaps[-1][1] == steps[-1]:
        said += f", and is not finite from step {say_step(round(gaps[-1][0]))} on"
    return said + "."
