"""What of a run is logged: the dense record of every step, thinned, averaged and rounded as a logger would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from curvedx.curve import GRAD_NORM, LR, TRAIN_LOSS, VAL_LOSS, FloatArray

Channels = dict[str, tuple[FloatArray, FloatArray]]
"""Channel name to steps and values, in the order in which they were logged."""


@dataclass(frozen=True, kw_only=True)
class Logger:
    """How a run is written down."""

    points: int
    """Rows of the train loss that are wanted; fewer where the run has fewer steps."""
    averaged: bool
    """Whether a row is the mean over the steps since the last, or one step."""
    epochs: bool
    """Whether rows are counted, 1, 2, 3, ..., or stand at their step."""
    decimals: int | None
    """Decimals that are kept, where they do not round the loss away."""
    significant: int | None
    """Significant digits that are kept, where decimals are not set."""
    evaluations: int
    """Validations that are wanted."""
    first: bool
    """Whether the evaluation before the first step is logged."""
    channels: tuple[str, ...]
    """Which of val_loss, lr and grad_norm are logged."""

    def __str__(self) -> str:
        """Say it in a few words."""
        digits = f", {self.decimals} decimals" if self.decimals else f", {self.significant} digits"
        kind = "mean since the last row" if self.averaged else "single steps"
        return f"{self.points} {'epochs' if self.epochs else 'rows'}, {kind}{digits if digits[2:6] != 'None' else ''}"


def drawn(
    rng: np.random.Generator, *, needs: frozenset[str], never: frozenset[str], least: int, may_count: bool
) -> Logger:
    """Draw a logger: nearly half of them write 8 to 30 rows, few thousands.

    Parameters
    ----------
    needs
        Channels that the condition is about and that are logged in any case.
    never
        Channels that are not logged.
    least
        Rows without which the condition could not be seen.
    may_count
        Whether rows may be counted instead of standing at their step.
    """
    size, digits = rng.random(), rng.random()
    low, high = (8, 31) if size < 0.45 else (31, 300) if size < 0.8 else (300, 3000)
    points = max(least, round(float(np.exp(rng.uniform(np.log(low), np.log(high))))))
    shares = {VAL_LOSS: 0.8, LR: 0.5, GRAD_NORM: 0.35}
    logs = [name for name, share in shares.items() if rng.random() < share or name in needs]
    epochs = bool(may_count and points <= 100 and rng.random() < 0.7)
    return Logger(
        points=points,
        averaged=bool(rng.random() < (0.85 if epochs or points <= 40 else 0.45)),
        epochs=epochs,
        decimals=int(rng.integers(2, 5)) if digits < 0.4 else None,
        significant=int(rng.integers(4, 7)) if 0.4 <= digits < 0.75 else None,
        evaluations=round(float(np.exp(rng.uniform(np.log(8), np.log(120))))),
        first=bool(rng.random() < 0.5),
        channels=tuple(name for name in logs if name not in never),
    )


def written(dense: Mapping[str, tuple[FloatArray, FloatArray]], logger: Logger) -> Channels:
    """Return what the logger writes of a dense record.

    Parameters
    ----------
    dense
        Steps and values of each channel; ``train_loss``, ``lr`` and ``grad_norm`` have a row a step.
    """
    steps = dense[TRAIN_LOSS][0]
    ends = rows(len(steps), logger)
    axis = np.arange(1.0, len(ends) + 1) if logger.epochs else steps[ends]
    found: Channels = {}
    for name, (at, values) in dense.items():
        if name in (TRAIN_LOSS, GRAD_NORM) and _wanted(name, logger):
            found[name] = (axis, _digits(_reduced(values, ends, averaged=logger.averaged), logger))
        elif name == LR and _wanted(name, logger):
            found[name] = (axis, values[ends])
        elif name not in (TRAIN_LOSS, GRAD_NORM, LR) and _wanted(name, logger):
            found[name] = _evaluated(at, _digits(values, logger), steps[ends], logger)
    return found


def rows(count: int, logger: Logger) -> np.typing.NDArray[np.int64]:
    """Return the index of the step at which each row is written."""
    stride = max(1, count // logger.points)
    first = stride - 1 if logger.averaged or logger.epochs else 0
    return np.arange(first, count, stride)


def _wanted(name: str, logger: Logger) -> bool:
    return name not in (VAL_LOSS, LR, GRAD_NORM) or name in logger.channels


def _reduced(values: FloatArray, ends: np.typing.NDArray[np.int64], *, averaged: bool) -> FloatArray:
    if not averaged or len(ends) < 2:
        return values[ends]
    stride = int(ends[1] - ends[0])
    blocks = values[: len(ends) * stride].reshape(-1, stride)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(blocks.mean(axis=1))


def _evaluated(at: FloatArray, values: FloatArray, ends: FloatArray, logger: Logger) -> tuple[FloatArray, FloatArray]:
    """Keep some evaluations; where rows are counted, the last before each row's end."""
    if logger.epochs:
        every = max(1, len(ends) // logger.evaluations)
        kept = np.searchsorted(at, ends, side="right") - 1
        counts = np.arange(1.0, len(ends) + 1)
        chosen = np.arange(every - 1, len(ends), every)
        return counts[chosen], values[kept[chosen]]
    begin = 0 if logger.first else 1
    wanted = min(logger.evaluations, len(at) - begin)
    chosen = np.unique(np.linspace(begin, len(at) - 1, wanted).round().astype(int))
    return at[chosen], values[chosen]


def _digits(values: FloatArray, logger: Logger) -> FloatArray:
    finite = np.abs(values[np.isfinite(values) & (values != 0)])
    least = float(np.quantile(finite, 0.1)) if len(finite) else 1.0
    if logger.decimals is not None and least > 20 * 0.1**logger.decimals:
        return np.asarray(np.round(values, logger.decimals))
    digits = logger.significant or (5 if logger.decimals is not None else None)
    if digits is None:
        return values
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        unit = 10.0 ** (np.floor(np.log10(np.abs(values))) - digits + 1)
        return np.where((values == 0) | ~np.isfinite(values), values, np.round(values / unit) * unit)
