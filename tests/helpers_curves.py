"""Curves and views for the tests of features and of the generator: drawn ones, hostile ones, and their columns."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from curvedx.curve import Curve, FloatArray
from curvedx.features.sheet import Views
from curvedx.features.views import views
from curvedx.synth.draw import Drawn, draw

DRAWN = 520
SEED = 20


@cache
def drawn() -> tuple[Drawn, ...]:
    """Return draws of every kind, the same in every test."""
    return tuple(draw(SEED, index) for index in range(DRAWN))


@cache
def drawn_views() -> tuple[Views, ...]:
    """Return the views of `drawn`."""
    return tuple(views(one.curve) for one in drawn())


def run(train_loss: Any, **channels: Any) -> Curve:
    """Return a curve of raw values; the border of `Curve` makes channels of them."""
    return Curve({"train_loss": train_loss, **channels})


def full_curve() -> Curve:
    """Return a run that logged every channel there is."""
    rng = np.random.default_rng(3)
    t = np.linspace(0.0, 1.0, 200)
    loss = 2.0 * np.exp(-5.0 * t) + 0.5
    noisy = loss * np.exp(0.03 * rng.normal(size=200))
    channels: dict[str, Any] = {
        "train_loss": noisy,
        "val_loss": loss[9::10] * 1.1 + 0.02 * rng.normal(size=20),
        "lr": 1e-3 * (1.0 - t),
        "grad_norm": np.exp(0.1 * rng.normal(size=200)),
        "task_loss/a": loss,
        "task_loss/b": loss[::-1].copy(),
        "class_accuracy/cat": t[9::10],
        "class_accuracy/dog": np.zeros(20),
    }
    return Curve(channels)


def _gaps() -> FloatArray:
    """Scatter so wide that a smoothed curve may touch zero in the first few points."""
    rng = np.random.default_rng(557)
    count = int(rng.integers(20, 200))
    losses = np.exp(rng.normal(0, rng.uniform(1, 8), count) - np.linspace(0, rng.uniform(0, 20), count))
    losses[rng.integers(0, 4)] = 0.0
    return losses


def _spike() -> FloatArray:
    values = np.linspace(2.0, 1.0, 100_000)
    values[61_234] = 9.0
    return values


HOSTILE: dict[str, Callable[[], FloatArray]] = {
    "all NaN": lambda: np.full(100, np.nan),
    "NaN now and then": lambda: np.where(np.arange(100) % 7 == 3, np.nan, np.linspace(2, 1, 100)),
    "infinite at the end": lambda: np.append(np.linspace(2, 1, 99), np.inf),
    "minus infinity": lambda: np.append(np.linspace(2, 1, 99), -np.inf),
    "all zero": lambda: np.zeros(100),
    "zeros after a fall": lambda: np.append(np.linspace(2, 1, 50), np.zeros(50)),
    "negative": lambda: np.linspace(-1, -40, 100),
    "through zero": lambda: np.linspace(1, -1, 100),
    "constant": lambda: np.full(100, 0.1),
    "constant but one": lambda: np.where(np.arange(100) == 40, 7.0, 0.1),
    "denormal": lambda: np.linspace(1e-310, 5e-324, 100),
    "largest floats": lambda: np.linspace(1.7e308, 1e300, 100),
    "largest floats of both signs": lambda: np.where(np.arange(100) % 2 == 0, 1.7e308, -1.7e308),
    "six hundred decades": lambda: np.geomspace(1e300, 1e-300, 100),
    "zeros among noise of many decades": _gaps,
    "a huge offset": lambda: 1e15 + np.linspace(1, 0, 100),
    "two values": lambda: np.where(np.arange(100) % 2 == 0, 1.0, 2.0),
    "eight points": lambda: np.linspace(2, 1, 8),
    "five points": lambda: np.linspace(2, 1, 5),
    "four points": lambda: np.linspace(2, 1, 4),
    "three points": lambda: np.linspace(2, 1, 3),
    "two points": lambda: np.array([2.0, 1.0]),
    "one point": lambda: np.array([2.0]),
    "a hundred thousand points": _spike,
    "one finite point": lambda: np.append(np.full(99, np.nan), 1.0),
}
"""Train losses nobody wishes to log, by what they are."""


def with_channels(values: FloatArray) -> Curve:
    """Return a run whose every channel holds the same hostile values."""
    names = ("train_loss", "val_loss", "lr", "grad_norm", "task_loss/a", "class_accuracy/a")
    channels: dict[str, Any] = dict.fromkeys(names, values)
    channels |= dict.fromkeys(("task_loss/b", "class_accuracy/b"), values[::-1].copy())
    return Curve(channels)
