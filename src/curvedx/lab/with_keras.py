"""Runs of Keras on its torch backend: one written by CSVLogger, one kept as the History that fit() returns."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import torch

from curvedx.lab import tasks


def val_below_train(path: Path) -> None:
    """Train with half of all units dropped, which only the training loss feels."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    log = keras.callbacks.CSVLogger(str(path))
    _fit(tasks.digits(), outputs=10, loss=loss, metrics=["accuracy"], dropout=0.5, epochs=40, callbacks=[log])


def overfitting(path: Path) -> None:
    """Train two wide layers on the 342 rows of the diabetes data."""
    loss = keras.losses.MeanSquaredError()
    history = _fit(tasks.diabetes(), outputs=1, loss=loss, metrics=["mae"], dropout=0.0, epochs=60, callbacks=[])
    path.write_text(json.dumps(history) + "\n", encoding="utf-8")


def _fit(
    task: tasks.Task, *, outputs: int, loss: Any, metrics: list[str], dropout: float, epochs: int, callbacks: list[Any]
) -> dict[str, list[float]]:
    keras.utils.set_random_seed(0)
    torch.set_num_threads(1)
    hidden = [
        layer for _ in range(2) for layer in (keras.layers.Dense(128, activation="relu"), keras.layers.Dropout(dropout))
    ]
    model = keras.Sequential([keras.Input(task.train.x.shape[1:]), *hidden, keras.layers.Dense(outputs)])
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, metrics=metrics)
    history = model.fit(
        task.train.x.numpy(),
        task.train.y.numpy(),
        validation_data=(task.val.x.numpy(), task.val.y.numpy()),
        batch_size=32,
        epochs=epochs,
        verbose=0,
        callbacks=callbacks,
    )
    return dict(history.history)
