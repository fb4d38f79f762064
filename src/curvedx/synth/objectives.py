"""Kinds of objective: each sets the level, fall, noise, length and logging of the runs drawn from it.

The numbers are the generator's ground, measured on public logs where such were at hand: per-point noise of the log
loss 0.03 to 0.08 for one rank's language-model batches, 0.013 averaged over a full batch, 0.02 to 0.03 for ten-step
means of fine-tuning, 0.013 to 0.019 (train) and 0.026 to 0.046 (validation) for detection epochs, 0.0002 to 0.6 for
physics-informed regression.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Objective:
    """One kind of training objective. Pairs are low and high ends of a draw."""

    name: str
    weight: float
    """Share of runs drawn from it, relative to the others."""
    start: tuple[float, ...] | Range
    """Starting loss: one of several known levels, or a log-uniform range (see `start_is_level`)."""
    start_is_level: bool = False
    ends_at: Range
    """Loss at the end of a healthy run, as a share of its start (log-uniform)."""
    shapes: tuple[str, ...]
    """Trends it may follow, by name in `trends`."""
    noise: Range
    """Standard deviation of one logged point as a share of the local loss (log-uniform)."""
    noise_law: tuple[Literal["level", "constant", "growing"], ...] = ("level", "constant")
    """Noise proportional to the loss, constant, or growing relative to it as the loss falls."""
    val_noise: Range = (0.0004, 0.04)
    epochs: float
    """Probability that it logs one point an epoch (8 to 300 points) rather than every so many steps."""
    has_val: float
    has_lr: float = 0.35
    has_grad: float = 0.2
    negative: float = 0.0
    """Probability that the loss is negative by nature."""


OBJECTIVES: tuple[Objective, ...] = (
    Objective(
        name="language model",
        weight=1.3,
        start=(10.82, 10.83, 11.0, 10.37, 9.0, 6.93, 5.55, 4.17, 16.0, 22.6),
        start_is_level=True,
        ends_at=(0.12, 0.75),
        shapes=("power", "stretched", "two_stage"),
        noise=(0.004, 0.08),
        epochs=0.12,
        has_val=0.6,
        has_lr=0.45,
        has_grad=0.35,
    ),
    Objective(
        name="fine-tuning",
        weight=1.2,
        start=(0.5, 4.0),
        ends_at=(0.05, 0.9),
        shapes=("power", "exponential", "stretched"),
        noise=(0.008, 0.12),
        epochs=0.2,
        has_val=0.55,
        has_lr=0.6,
        has_grad=0.5,
    ),
    Objective(
        name="classification",
        weight=1.6,
        start=(0.6931, 1.0986, 1.3863, 2.3026, 4.6052, 6.9078, 0.66),
        start_is_level=True,
        ends_at=(0.003, 0.8),
        shapes=("exponential", "power", "stretched", "sigmoid", "two_stage"),
        noise=(0.003, 0.12),
        noise_law=("level", "constant", "growing"),
        val_noise=(0.001, 0.08),
        epochs=0.7,
        has_val=0.8,
        has_grad=0.12,
    ),
    Objective(
        name="detection",
        weight=0.9,
        start=(0.03, 20.0),
        ends_at=(0.08, 0.7),
        shapes=("power", "stretched", "two_stage"),
        noise=(0.006, 0.04),
        val_noise=(0.005, 0.05),
        epochs=0.8,
        has_val=0.75,
        has_lr=0.5,
        has_grad=0.08,
    ),
    Objective(
        name="regression over decades",
        weight=1.1,
        start=(1e-3, 1e4),
        ends_at=(1e-11, 0.05),
        shapes=("decades", "exponential", "power"),
        noise=(0.0003, 0.45),
        val_noise=(0.0005, 0.3),
        epochs=0.4,
        has_val=0.35,
        has_grad=0.08,
    ),
    Objective(
        name="regression",
        weight=0.9,
        start=(1e-4, 400.0),
        ends_at=(0.02, 0.85),
        shapes=("power", "exponential", "stretched"),
        noise=(0.004, 0.25),
        noise_law=("level", "constant", "growing"),
        val_noise=(0.001, 0.08),
        epochs=0.5,
        has_val=0.55,
        has_grad=0.1,
    ),
    Objective(
        name="diffusion",
        weight=0.4,
        start=(0.5, 1.2),
        ends_at=(0.02, 0.4),
        shapes=("power", "stretched"),
        noise=(0.02, 0.3),
        epochs=0.15,
        has_val=0.2,
    ),
    Objective(
        name="reinforcement or density",
        weight=0.7,
        start=(0.02, 50.0),
        ends_at=(0.1, 0.9),
        shapes=("exponential", "power", "sigmoid", "stretched"),
        noise=(0.01, 0.3),
        noise_law=("constant",),
        epochs=0.4,
        has_val=0.3,
        negative=0.6,
    ),
    Objective(
        name="boosting",
        weight=0.5,
        start=(0.3, 3.0),
        ends_at=(0.02, 0.9),
        shapes=("exponential", "stretched", "power"),
        noise=(0.00001, 0.003),
        val_noise=(0.0002, 0.004),
        epochs=1.0,
        has_val=0.85,
        has_lr=0.05,
        has_grad=0.0,
    ),
)
