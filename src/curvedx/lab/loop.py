"""Training in plain torch: one loop for every task, recipe, fault and logger."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from curvedx.lab.faults import Fault
from curvedx.lab.loggers import Recorder
from curvedx.lab.tasks import Split, Task

Measure = Callable[[nn.Module, Task], dict[str, float]]
"""What an evaluation logs: names to values, from the model in evaluation mode."""

Schedule = Callable[[float], float]
"""The learning rate's factor at a place in the run between 0 and 1."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to train.

    `batch` None takes all data at each step; batches are drawn with replacement, or, if `passes`, every row once before
    any comes again. `clip` None leaves gradients as they are; `log_every` and `eval_every` count steps. The loss logged
    is that of the one batch, before its update, or, if `averaged`, the mean over the batches since the last row.
    """

    steps: int
    lr: float
    batch: int | None = 32
    passes: bool = False
    optimizer: Literal["sgd", "momentum", "adamw"] = "adamw"
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    schedule: Schedule = lambda place: 1.0  # noqa: ARG005
    clip: float | None = None
    log_every: int = 1
    averaged: bool = False
    eval_every: int = 50
    seed: int = 0


def steps_down(*places: float, factor: float) -> Schedule:
    """Multiply the learning rate by `factor` at each of the places."""
    return lambda place: math.prod(factor for at in places if place >= at)


def cosine(*, warmup: float = 0.0, floor: float = 0.0) -> Schedule:
    """Rise linearly for the share `warmup`, then fall along half a cosine to `floor`."""

    def factor(place: float) -> float:
        if place < warmup:
            return place / warmup
        return floor + (1 - floor) * (1 + math.cos(math.pi * (place - warmup) / (1 - warmup))) / 2

    return factor


def cosine_restarts(cycles: int, *, floor: float = 0.0) -> Schedule:
    """Fall along half a cosine, `cycles` times over."""
    once = cosine(floor=floor)
    return lambda place: once(min(place, 1 - 1e-9) * cycles % 1)


def linear(*, warmup: float = 0.0, decay_from: float = 0.0) -> Schedule:
    """Rise linearly for the share `warmup`, stay, and fall linearly to zero from `decay_from` on."""

    def factor(place: float) -> float:
        if place < warmup:
            return place / warmup
        return min(1.0, (1 - place) / (1 - max(decay_from, warmup)))

    return factor


def triangles(cycles: int, *, floor: float = 0.0) -> Schedule:
    """Rise and fall linearly, `cycles` times over."""
    return lambda place: floor + (1 - floor) * (1 - abs(2 * (place * cycles % 1) - 1))


def ramp(factor: float, *, begin: float) -> Schedule:
    """Stay at 1 until `begin`, then grow exponentially to `factor`."""
    return lambda place: factor ** (max(0.0, place - begin) / (1 - begin))


def mean_loss(model: nn.Module, task: Task, split: Split) -> float:
    """Return the loss over a whole split, in evaluation mode."""
    model.eval()
    with torch.no_grad():
        value = float(task.loss(model(split.x), split.y))
    model.train()
    return value


def validation(model: nn.Module, task: Task) -> dict[str, float]:
    """Log the validation loss."""
    return {"val_loss": mean_loss(model, task, task.val)}


def class_accuracy(model: nn.Module, task: Task) -> dict[str, float]:
    """Log the validation loss and the share of each class that is recognised."""
    with torch.no_grad():
        right = model(task.val.x).argmax(dim=1) == task.val.y
    classes = range(int(task.val.y.max()) + 1)
    by_class = {f"class_accuracy/{k}": float(right[task.val.y == k].float().mean()) for k in classes}
    return validation(model, task) | by_class


def task_losses(first: Task, second: Task) -> Measure:
    """Log the validation loss of two tasks that one model learns."""

    def measure(model: nn.Module, task: Task) -> dict[str, float]:  # noqa: ARG001
        return {
            "task_loss/first": mean_loss(model, first, first.val),
            "task_loss/second": mean_loss(model, second, second.val),
        }

    return measure


def train(
    task: Task, recipe: Recipe, recorder: Recorder, *, faults: Sequence[Fault] = (), measure: Measure = validation
) -> nn.Module:
    """Train a fresh model and log as it goes; the last step is the evaluation after the last update.

    Returns
    -------
    torch.nn.Module
        The trained model.
    """
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(1)
    model = task.model()
    optimizer = _optimizer(recipe, model.parameters())
    draws = torch.Generator().manual_seed(recipe.seed)
    began = time.perf_counter()
    since: list[float] = []
    for step in range(recipe.steps + 1):
        for fault in faults:
            fault.before_step(step, model, optimizer)
        lr = recipe.lr * recipe.schedule(step / recipe.steps)
        for group in optimizer.param_groups:
            group["lr"] = lr
        batch = _draw(task.train, step, recipe, faults, draws)
        loss = task.loss(model(batch.x), batch.y)
        model.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), math.inf if recipe.clip is None else recipe.clip)
        since.append(loss.item())
        row: dict[str, float] = {}
        if step % recipe.log_every == 0:
            now = time.perf_counter()
            shown = sum(since) / len(since) if recipe.averaged else since[-1]
            row = {"train_loss": shown, "grad_norm": norm.item(), "lr": lr, "seconds": now - began}
            began = now
            since.clear()
        if step % recipe.eval_every == 0:
            row |= measure(model, task)
        if row:
            recorder.log(step, row)
        optimizer.step()
    recorder.close()
    return model


def _draw(split: Split, step: int, recipe: Recipe, faults: Sequence[Fault], draws: Any) -> Split:
    for fault in faults:
        split = fault.data(step, split)
    batch = split
    if recipe.batch is not None:
        if recipe.passes:
            turn, place = divmod(step, len(split) // recipe.batch)
            order = torch.randperm(len(split), generator=draws.manual_seed(recipe.seed + turn))
            rows = order[place * recipe.batch :][: recipe.batch]
        else:
            rows = torch.randint(len(split), (recipe.batch,), generator=draws)
        batch = Split(x=split.x[rows], y=split.y[rows])
    for fault in faults:
        batch = fault.batch(step, batch)
    return batch


def _optimizer(recipe: Recipe, parameters: Iterable[nn.Parameter]) -> Any:
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(parameters, lr=recipe.lr, betas=recipe.betas, weight_decay=recipe.weight_decay)
    momentum = 0.9 if recipe.optimizer == "momentum" else 0.0
    return torch.optim.SGD(parameters, lr=recipe.lr, momentum=momentum, weight_decay=recipe.weight_decay)
