"""Boosted trees by scikit-learn: train and validation loss after every tree, as the campaign's other runs log steps."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier
from sklearn.metrics import log_loss, mean_squared_error
from threadpoolctl import threadpool_limits

from curvedx.curve import FloatArray

BENCHES = ("cancer-boosting", "diabetes-boosting")

SETTINGS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "steady": {"learning_rate": 0.05, "trees": 100},
        "rate": {"learning_rate": 0.1, "trees": 100},
        "few": {"learning_rate": 0.1, "trees": 200},
        "mislabelled": {"learning_rate": 0.1, "trees": 150},
        "deep": {"learning_rate": 0.2, "trees": 200},
        "short": {"learning_rate": 0.02, "trees": 100},
        "tiny_batch": {"learning_rate": 0.1, "trees": 150},
    }
)
"""Condition to what it sets; the strength multiplies trees (steady, short) or the rate, or is rows, share or depth."""


def grow(bench: str, condition: str, strength: float, seed: int) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Grow trees and return steps and values of ``train_loss`` and ``val_loss``."""
    rng = np.random.default_rng(seed)
    classify = bench == "cancer-boosting"
    x, y = (load_breast_cancer if classify else load_diabetes)(return_X_y=True)
    order = rng.permutation(len(y))
    x, y = x[order], y[order] if classify else (y[order] - y.mean()) / y.std()
    rows = 380 if classify else 300
    settings = dict(SETTINGS[condition])
    depth, share = 3, 1.0
    if condition in ("steady", "short"):
        settings["trees"] = round(settings["trees"] * strength)
    elif condition == "rate":
        settings["learning_rate"] *= strength
    elif condition == "deep":
        depth = int(strength)
    elif condition == "tiny_batch":
        share = strength
    held_out = slice(rows, None)
    train = slice(0, int(strength) if condition == "few" else rows)
    if condition == "mislabelled":
        wrong = rng.random(rows) < strength
        y[:rows] = np.where(wrong, rng.permutation(y[:rows]), y[:rows])
    model: Any = (
        HistGradientBoostingClassifier(
            learning_rate=settings["learning_rate"], max_iter=settings["trees"], max_depth=depth, early_stopping=False,
            min_samples_leaf=5, max_features=share, random_state=seed,
        )
        if classify
        else GradientBoostingRegressor(
            learning_rate=settings["learning_rate"], n_estimators=settings["trees"], max_depth=depth, subsample=share,
            random_state=seed,
        )
    )  # fmt: skip
    with threadpool_limits(1):
        model.fit(x[train], y[train])
        channels = {}
        for name, part in (("train_loss", train), ("val_loss", held_out)):
            losses = [_loss(y[part], said, classify=classify) for said in _staged(model, x[part], classify=classify)]
            channels[name] = (np.arange(1.0, len(losses) + 1), np.array(losses))
    if share < 1.0 and not classify:
        # Each tree is scored on the rows that it saw.
        channels["train_loss"] = (channels["train_loss"][0], np.array(model.train_score_, dtype=np.float64))
    return channels


def _staged(model: Any, x: FloatArray, *, classify: bool) -> Any:
    return model.staged_predict_proba(x) if classify else model.staged_predict(x)


def _loss(y: FloatArray, said: FloatArray, *, classify: bool) -> float:
    return float(log_loss(y, said) if classify else mean_squared_error(y, said))
