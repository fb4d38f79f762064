"""Runs of the plain loop: each is a task, a recipe, perhaps a fault, and a recorder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from torch import nn

from curvedx.lab import tasks
from curvedx.lab.faults import BadBatches, SortedByLabel, StaleResume, SwitchTo, leaked, mislabelled
from curvedx.lab.loggers import JsonLines, LongParquet, NanoGpt, TensorBoard, WideCsv
from curvedx.lab.loop import (
    Recipe,
    class_accuracy,
    cosine,
    cosine_restarts,
    mean_loss,
    steps_down,
    task_losses,
    train,
    validation,
)
from curvedx.lab.tasks import Task

TAGS = {"train_loss": "loss/train", "val_loss": "loss/val", "lr": "lr", "grad_norm": "grad_norm"}


def spikes(path: Path) -> None:
    """Feed four short runs of mislabelled batches, without clipping."""
    recipe = Recipe(steps=1000, lr=0.02, optimizer="momentum", log_every=2)
    bad = {first + k for first in (300, 520, 700, 840) for k in range(6)}
    fault = BadBatches(at=bad)
    train(tasks.digits(), recipe, TensorBoard(path, TAGS), faults=[fault])


def step_decay(path: Path) -> None:
    """Cut the learning rate to a tenth after half and after three quarters of the run; a third of labels is noise."""
    task = mislabelled(replace(tasks.digits(), model=lambda: tasks.mlp(64, 10)), share=0.3, classes=10)
    recipe = Recipe(
        steps=24_000,
        lr=0.8,
        batch=8,
        optimizer="sgd",
        log_every=200,
        averaged=True,
        eval_every=800,
        schedule=steps_down(0.5, 0.75, factor=0.1),
    )
    train(task, recipe, TensorBoard(path, TAGS, tensors=True))


def nanogpt(path: Path) -> None:
    """Train as one should, on characters."""

    def measure(model: nn.Module, task: Task) -> dict[str, float]:
        sampled = tasks.Split(x=task.train.x[::64], y=task.train.y[::64])
        return {"train_eval_loss": mean_loss(model, task, sampled)} | validation(model, task)

    recipe = Recipe(
        steps=3000, lr=2e-3, batch=64, schedule=cosine(warmup=0.03, floor=0.1), log_every=10, eval_every=250
    )
    train(tasks.characters(), recipe, NanoGpt(path), measure=measure)


def forgetting(path: Path) -> None:
    """Learn digits, then digits with permuted pixels, without rehearsing the first."""
    first = tasks.digits()
    second = tasks.permuted(first)
    recipe = Recipe(steps=800, lr=1e-3, log_every=4, eval_every=4)
    fault = SwitchTo(at=400, split=second.train)
    train(first, recipe, JsonLines(path), faults=[fault], measure=task_losses(first, second))


def dead_class(path: Path) -> None:
    """Keep two of the training images of the eight."""
    recipe = Recipe(steps=1000, lr=1e-3, weight_decay=0.1, schedule=cosine(), log_every=5, eval_every=20)
    train(tasks.digits(rare=(8, 2)), recipe, LongParquet(path), measure=class_accuracy)


def grokking(path: Path) -> None:
    """Learn addition mod 47 from two fifths of all pairs, full batch, with strong weight decay."""
    recipe = Recipe(steps=2400, batch=None, lr=1e-2, weight_decay=1.0, log_every=10, eval_every=10)
    train(tasks.modular_addition(47, share=0.4, width=32), recipe, WideCsv(path))


def small_batches(path: Path) -> None:
    """Learn from two images a step, a third of all labels wrong."""
    task = mislabelled(tasks.digits(), share=0.3, classes=10)
    train(task, Recipe(steps=2400, lr=0.03, batch=2, optimizer="sgd", log_every=4), WideCsv(path))


def unshuffled(path: Path) -> None:
    """Show the images once, class by class, without validating."""
    recipe = Recipe(steps=2400, lr=0.02, batch=64, optimizer="sgd", log_every=6)
    columns = ("train_loss", "lr", "grad_norm")
    fault = SortedByLabel(period=2400)
    train(tasks.digits(), recipe, WideCsv(path, columns), faults=[fault], measure=lambda *_: {})


def vanishing(path: Path) -> None:
    """Stack ten sigmoid layers, through which no gradient passes."""
    task = replace(tasks.digits(), model=lambda: tasks.mlp(64, *[32] * 10, 10, activation=nn.Sigmoid))
    train(task, Recipe(steps=600, lr=0.5, batch=None, optimizer="sgd", log_every=4), WideCsv(path))


def leak(path: Path) -> None:
    """Write the label into the input."""
    train(leaked(tasks.digits()), Recipe(steps=1000, lr=1e-2, log_every=5), JsonLines(path))


def resumed(path: Path) -> None:
    """Resume at step 500 from the weights of step 250, without the optimizer's state."""
    recipe = Recipe(steps=1200, lr=3e-4, log_every=4)
    train(tasks.digits(), recipe, WideCsv(path), faults=[StaleResume(saved=250, at=500)])


def no_warmup(path: Path) -> None:
    """Start AdamW at a full and high learning rate."""
    recipe = Recipe(steps=600, lr=0.1, batch=64, schedule=cosine())
    train(tasks.digits(hidden=256), recipe, WideCsv(path))


def staircase(path: Path) -> None:
    """Learn 3,000 random pairs by heart in five passes: what is seen in a pass does not help with the rest of it."""
    recipe = Recipe(steps=934, lr=1e-3, batch=16, passes=True, log_every=4, averaged=True, eval_every=94)
    train(tasks.random_pairs(rows=3000), recipe, JsonLines(path))


def restarts(path: Path) -> None:
    """Restart the learning rate four times."""
    recipe = Recipe(steps=1500, lr=0.03, batch=512, schedule=cosine_restarts(5, floor=0.01), log_every=4)
    train(tasks.characters(), recipe, JsonLines(path))
