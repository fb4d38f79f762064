"""What is learned: data that installs with Python or scikit-learn, and a model small enough for seconds on one core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_diabetes, load_digits
from torch import nn

Tensor = Any
"""A `torch.Tensor`; the library is type-checked without torch installed."""

BYTES = 256


@dataclass(frozen=True, kw_only=True)
class Split:
    """Inputs and targets of equal length."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, kw_only=True)
class Task:
    """Something to learn.

    `model` builds a freshly initialised network (seed torch first), `loss` averages over a batch.
    """

    name: str
    train: Split
    val: Split
    model: Callable[[], nn.Module]
    loss: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy


def mlp(*widths: int, activation: Callable[[], nn.Module] = nn.ReLU) -> nn.Module:
    """Build a fully connected network with an activation between its layers."""
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(widths):
        layers += [nn.Linear(wide, narrow), activation()]
    return nn.Sequential(*layers[:-1])


def embedded_mlp(vocabulary: int, context: int, width: int, hidden: int) -> nn.Module:
    """Build a network that embeds `context` symbols and predicts one more."""
    return nn.Sequential(nn.Embedding(vocabulary, width), nn.Flatten(), *mlp(context * width, hidden, vocabulary))


def digits(*, few: int | None = None, rare: tuple[int, int] | None = None, hidden: int = 64, seed: int = 0) -> Task:
    """Read handwritten digits of 8 x 8 pixels.

    Parameters
    ----------
    few
        How many training images to keep; all by default.
    rare
        A class and how many of its training images to keep.
    """
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(labels))
    val, train = order[:500], order[500:][:few]
    if rare is not None:
        digit, keep = rare
        members = train[labels[train] == digit]
        train = np.setdiff1d(train, members[keep:])
    x = torch.tensor(images / 16, dtype=torch.float32)
    y = torch.tensor(labels, dtype=torch.int64)
    return Task(
        name="digits",
        train=Split(x=x[train], y=y[train]),
        val=Split(x=x[val], y=y[val]),
        model=lambda: mlp(64, hidden, hidden, 10),
    )


def permuted(task: Task, *, seed: int = 1) -> Task:
    """Return the task with the pixels of every image in one other order: as hard, and in conflict with the first."""
    order = torch.tensor(np.random.default_rng(seed).permutation(task.train.x.shape[1]))
    return Task(
        name=f"permuted {task.name}",
        train=Split(x=task.train.x[:, order], y=task.train.y),
        val=Split(x=task.val.x[:, order], y=task.val.y),
        model=task.model,
        loss=task.loss,
    )


def diabetes(*, hidden: int = 32, seed: int = 0) -> Task:
    """Predict the progression of diabetes, standardised, from ten measurements."""
    x, y = load_diabetes(return_X_y=True, scaled=True)
    x, y = x / x.std(axis=0), (y - y.mean()) / y.std()
    order = np.random.default_rng(seed).permutation(len(y))
    xs = torch.tensor(x[order], dtype=torch.float32)
    ys = torch.tensor(y[order], dtype=torch.float32)[:, None]
    return Task(
        name="diabetes",
        train=Split(x=xs[100:], y=ys[100:]),
        val=Split(x=xs[:100], y=ys[:100]),
        model=lambda: mlp(10, hidden, 1),
        loss=nn.functional.mse_loss,
    )


def modular_addition(p: int, *, share: float = 0.5, width: int = 64, hidden: int = 256, seed: int = 0) -> Task:
    """Predict ``(a + b) mod p`` from a and b, with `share` of all pairs seen in training."""
    a, b = np.divmod(np.random.default_rng(seed).permutation(p * p), p)
    x = torch.tensor(np.stack([a, b], axis=1))
    y = torch.tensor((a + b) % p)
    seen = round(share * p * p)
    return Task(
        name=f"addition mod {p}",
        train=Split(x=x[:seen], y=y[:seen]),
        val=Split(x=x[seen:], y=y[seen:]),
        model=lambda: embedded_mlp(p, 2, width, hidden),
    )


def random_pairs(*, rows: int = 2000, width: int = 512, classes: int = 10, seed: int = 0) -> Task:
    """Pair random signs with random classes: there is nothing to learn but the rows themselves."""
    rng = np.random.default_rng(seed)
    x = torch.tensor(rng.choice([-1.0, 1.0], size=(rows + 500, width)), dtype=torch.float32)
    y = torch.tensor(rng.integers(classes, size=rows + 500))
    return Task(
        name="random pairs",
        train=Split(x=x[:rows], y=y[:rows]),
        val=Split(x=x[rows:], y=y[rows:]),
        model=lambda: mlp(width, 256, classes),
    )


def manual(size: int) -> bytes:
    """Return the first `size` bytes of Python's own reference manual, as its help() ships it."""
    from pydoc_data.topics import topics  # noqa: PLC0415  # 700 kB of text, wanted by few tasks

    text = "\n".join(topics[name] for name in sorted(topics))
    return text.encode()[:size]


def windows(text: bytes, length: int, stride: int) -> Tensor:
    """Cut text into byte windows, one a row."""
    return torch.tensor(np.frombuffer(text, dtype=np.uint8).astype(np.int64)).unfold(0, length, stride)


def characters(*, size: int = 200_000, context: int = 12, hidden: int = 128) -> Task:
    """Predict the next byte of the manual from the `context` bytes before it; the last tenth of the text validates."""
    rows = windows(manual(size), context + 1, 1)
    cut = len(rows) * 9 // 10
    return Task(
        name="characters",
        train=Split(x=rows[:cut, :-1], y=rows[:cut, -1]),
        val=Split(x=rows[cut:, :-1][::8], y=rows[cut:, -1][::8]),
        model=lambda: embedded_mlp(BYTES, context, 16, hidden),
    )
