"""The run that is timed; imports no more than classifying does, so that a process of its own shows what that costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from curvedx.curve import Curve

CHANNELS = ("train_loss", "val_loss", "lr", "grad_norm")


def run(points: int, channels: int, seed: int = 0) -> Curve:
    """Return a healthy run: a noisy power law with an evaluation, a rate and a gradient norm at every point."""
    rng = np.random.default_rng(seed)
    t = np.arange(1.0, points + 1.0)
    loss = 2.0 * (1.0 + t / (0.01 * points)) ** -0.3 + 0.5
    found: dict[str, Any] = {
        "train_loss": (t, loss * np.exp(0.03 * rng.normal(size=points))),
        "val_loss": (t, loss * 1.05 + 0.01 * rng.normal(size=points)),
        "lr": (t, 1e-3 * (1.0 - 0.9 * t / points)),
        "grad_norm": (t, np.exp(0.2 * rng.normal(size=points))),
    }
    return Curve({name: found[name] for name in CHANNELS[:channels]})
