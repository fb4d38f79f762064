"""What a finder saw, and the words in which its numbers are said."""

from __future__ import annotations

from dataclasses import dataclass

from curvedx.curve import CLASS_ACCURACY, GRAD_NORM, LR, TASK_LOSS, TRAIN_LOSS, VAL_LOSS
from curvedx.diagnosis.result import Event, Evidence

_NAMES = {TRAIN_LOSS: "train loss", VAL_LOSS: "validation loss", LR: "learning rate", GRAD_NORM: "gradient norm"}


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """Where a pattern is in a curve, and what shows it."""

    onset: float | None
    """Step at which it begins; None where a beginning means nothing."""
    end: float | None = None
    """Step at which it is over; None while it lasts to the end of the run."""
    channel: str = TRAIN_LOSS
    """The channel that shows it."""
    evidence: tuple[Evidence, ...]
    """The numbers that show it."""
    events: tuple[Event, ...] = ()
    """The single places at which it shows, by step."""
    sentence: str
    """The evidence as one sentence, without a capital and a full stop."""


MOST = 50
"""Events that are given one by one."""


def percent(name: str, value: float) -> Evidence:
    """Name a share, given in per cent."""
    return Evidence(name=name, value=float(value), unit="%")


def loss(name: str, value: float) -> Evidence:
    """Name a level of the loss."""
    return Evidence(name=name, value=float(value), unit="loss")


def step(name: str, value: float) -> Evidence:
    """Name a step, or a distance in steps."""
    return Evidence(name=name, value=float(value), unit="step")


def noises(name: str, value: float) -> Evidence:
    """Name a height in standard deviations of the noise."""
    return Evidence(name=name, value=float(value), unit="x noise")


def count(name: str, value: float) -> Evidence:
    """Name a count or a ratio."""
    return Evidence(name=name, value=float(value), unit="")


def say_step(value: float) -> str:
    """Write a step with thousands apart: ``18,400``; fractions of epochs with four digits: ``0.6825``."""
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1e4 else f"{value:,.4g}"


def say_steps(distance: float) -> str:
    """Write a distance in steps: ``1 step``, ``1,200 steps``."""
    return f"{say_step(distance)} step{'' if distance == 1 else 's'}"


def say(value: float) -> str:
    """Write a number with four significant digits at most."""
    if 1e-3 <= abs(value) < 1e6 or value == 0:
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return f"{value:.2e}"


def say_percent(value: float) -> str:
    """Write per cents with the digits that matter: ``0.43 %``, ``4.3 %``, ``43 %``, ``4,300 %``."""
    size = abs(value)
    if size >= 1e6:
        return f"{value:.1e} %"
    return f"{value:,.0f} %" if size >= 10 else f"{value:.1f} %" if size >= 1 else f"{value:.2g} %"


def say_share(percent: float) -> str:
    """Write a share of something, as a factor where it is many times as much: ``43 % of``, ``120 x``."""
    return f"{say_percent(percent)} of" if abs(percent) < 1000.0 else f"{say(percent / 100.0)} x"


def many(number: int, thing: str) -> str:
    """Write a number with its noun: ``1 spike``, ``12 spikes``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def call(channel: str) -> str:
    """Return a channel's name in words."""
    for prefix, word in ((TASK_LOSS, "loss of task"), (CLASS_ACCURACY, "accuracy of class")):
        if channel.startswith(prefix):
            return f"{word} {channel.removeprefix(prefix)!r}"
    return _NAMES.get(channel, channel)
