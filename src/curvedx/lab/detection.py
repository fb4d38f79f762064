"""A small detector: find one handwritten digit on a cluttered canvas, with the three losses that YOLOv8 logs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from curvedx.lab import tasks
from curvedx.lab.loggers import Ultralytics
from curvedx.lab.tasks import Tensor

CANVAS = 32
BINS = 16
GAINS = {"box_loss": 7.5, "cls_loss": 0.5, "dfl_loss": 1.5}
"""Weights of the three losses, as YOLOv8 sets them; it logs the weighted losses."""


def results(path: Path, *, epochs: int = 60, close_clutter: int = 10, batch: int = 32) -> None:
    """Train with clutter pasted on every image, left out in the last epochs as YOLOv8 does with its mosaic."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    task = tasks.digits()
    val = _paste(task.val, rng, clutter=0)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(32, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 16, 128), nn.ReLU(), nn.Linear(128, 10 + 4 * BINS),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    recorder = Ultralytics(path)
    for epoch in range(1, epochs + 1):
        lr = 2e-3 * (1 - 0.99 * (epoch - 1) / epochs)
        optimizer.param_groups[0]["lr"] = lr
        images, digits, boxes = _paste(task.train, rng, clutter=0 if epoch > epochs - close_clutter else 3)
        sums = dict.fromkeys(GAINS, 0.0)
        order = torch.randperm(len(images))
        for rows in order.split(batch):
            parts = _losses(model(images[rows]), digits[rows], boxes[rows])
            optimizer.zero_grad()
            torch.stack(list(parts.values())).sum().backward()
            optimizer.step()
            for name, part in parts.items():
                sums[name] += part.item() * len(rows) / len(images)
        with torch.no_grad():
            output = model(val[0])
            held_out = {f"val/{name}": part.item() for name, part in _losses(output, *val[1:]).items()}
            metrics = _metrics(output, *val[1:])
        train = {f"train/{name}": total for name, total in sums.items()}
        recorder.log(epoch, train | metrics | held_out | {f"lr/pg{group}": lr for group in range(3)})
    recorder.close()


def _paste(split: tasks.Split, rng: np.random.Generator, clutter: int) -> tuple[Tensor, Tensor, Tensor]:
    """Put each digit, enlarged once or twice, somewhere on a canvas; boxes are left, top, right, bottom in bins."""
    images = 0.1 * rng.random((len(split), CANVAS, CANVAS), dtype=np.float32)
    boxes = np.empty((len(split), 4), dtype=np.float32)
    for canvas, box, flat in zip(images, boxes, split.x.numpy(), strict=True):
        for _ in range(clutter):
            top, left = rng.integers(CANVAS - 4, size=2)
            canvas[top : top + 4, left : left + 4] += rng.random((4, 4), dtype=np.float32)
        digit: NDArray[np.float32] = flat.reshape(8, 8).repeat(scale := int(rng.integers(1, 3)), 0).repeat(scale, 1)
        top, left = rng.integers(CANVAS - 8 * scale + 1, size=2)
        canvas[top : top + 8 * scale, left : left + 8 * scale] += digit
        box[:] = np.array([left, top, left + 8 * scale, top + 8 * scale]) * (BINS - 1) / CANVAS
    return torch.tensor(images[:, None]), split.y, torch.tensor(boxes)


def _edges(output: Tensor) -> tuple[Tensor, Tensor]:
    """Return each edge's distribution over bins, as log probabilities, and its mean."""
    logs = output[:, 10:].reshape(-1, 4, BINS).log_softmax(dim=2)
    return logs, logs.exp() @ torch.arange(BINS, dtype=torch.float32)


def _overlap(found: Tensor, boxes: Tensor) -> Tensor:
    """Return intersection over union, row by row."""
    low, high = torch.maximum(found[:, :2], boxes[:, :2]), torch.minimum(found[:, 2:], boxes[:, 2:])
    both = (high - low).clamp(min=0).prod(dim=1)
    areas = [(box[:, 2:] - box[:, :2]).clamp(min=0).prod(dim=1) for box in (found, boxes)]
    return both / (areas[0] + areas[1] - both + 1e-7)


def _losses(output: Tensor, digits: Tensor, boxes: Tensor) -> dict[str, Tensor]:
    logs, found = _edges(output)
    below = boxes.floor().clamp(max=BINS - 2).long()
    share = boxes - below
    at_below = logs.gather(2, below[..., None])[..., 0]
    at_above = logs.gather(2, below[..., None] + 1)[..., 0]
    wanted = nn.functional.one_hot(digits, 10).float()
    return {
        "box_loss": GAINS["box_loss"] * (1 - _overlap(found, boxes)).mean(),
        "cls_loss": GAINS["cls_loss"]
        * nn.functional.binary_cross_entropy_with_logits(output[:, :10], wanted, reduction="none").sum(dim=1).mean(),
        "dfl_loss": GAINS["dfl_loss"] * -((1 - share) * at_below + share * at_above).mean(),
    }


def _metrics(output: Tensor, digits: Tensor, boxes: Tensor) -> dict[str, float]:
    """With one object and one detection an image, precision, recall and their average are all the share of hits."""
    overlap = _overlap(_edges(output)[1], boxes)
    right = output[:, :10].argmax(dim=1) == digits
    hits = [float((right & (overlap > 0.5 + 0.05 * k)).float().mean()) for k in range(10)]
    return {
        "metrics/precision(B)": hits[0],
        "metrics/recall(B)": hits[0],
        "metrics/mAP50(B)": hits[0],
        "metrics/mAP50-95(B)": sum(hits) / len(hits),
    }
