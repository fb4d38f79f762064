"""What goes wrong, and at which step: each fault is a small object that the training loop asks at fixed places."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from curvedx.lab.tasks import Split, Task, Tensor

Optimizer = Any
"""A `torch.optim.Optimizer`; the library is type-checked without torch installed."""

IGNORED = -100
"""The label that torch's cross entropy leaves out."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The fault that changes nothing; the others override one of its questions."""

    def data(self, step: int, split: Split) -> Split:  # noqa: ARG002
        """Return the data that this step draws its batch from."""
        return split

    def batch(self, step: int, batch: Split) -> Split:  # noqa: ARG002
        """Return what the model gets to see of a batch."""
        return batch

    def before_step(self, step: int, model: nn.Module, optimizer: Optimizer) -> None:  # noqa: ARG002
        """Do something to model or optimizer before this step's forward pass."""
        return


@dataclass(frozen=True, kw_only=True)
class BadBatches(Fault):
    """At some steps the labels are those of other rows."""

    at: Collection[int]

    def batch(self, step: int, batch: Split) -> Split:
        """Spoil the batch where it is its turn."""
        if step not in self.at:
            return batch
        return Split(x=batch.x, y=batch.y.roll(1, dims=0))


@dataclass(frozen=True, kw_only=True)
class FrozenFrom(Fault):
    """From a step on no weight moves any more, as when the optimizer holds a copy of the model: updates are undone."""

    at: int
    _kept: dict[str, Tensor] = field(default_factory=dict, init=False)

    def before_step(self, step: int, model: nn.Module, optimizer: Optimizer) -> None:  # noqa: ARG002
        """Put the weights back."""
        if step == self.at:
            self._kept.update(_weights(model))
        elif step > self.at:
            model.load_state_dict(self._kept)


@dataclass(frozen=True, kw_only=True)
class SwitchTo(Fault):
    """From a step on batches come from another data set."""

    at: int
    split: Split

    def data(self, step: int, split: Split) -> Split:
        """Return the other data set once switched."""
        return self.split if step >= self.at else split


@dataclass(frozen=True, kw_only=True)
class SortedByLabel(Fault):
    """Batches come in the order of the labels, a tenth of the data at a time, all of it once in `period` steps."""

    period: int

    def data(self, step: int, split: Split) -> Split:
        """Return the tenth whose turn it is."""
        begin = step % self.period * len(split) // self.period
        rows = (torch.arange(begin, begin + len(split) // 10)) % len(split)
        rows = split.y.argsort(stable=True)[rows]
        return Split(x=split.x[rows], y=split.y[rows])


@dataclass(frozen=True, kw_only=True)
class StaleResume(Fault):
    """At a step the weights are those of an earlier step and the optimizer's state is gone, as after a crash."""

    saved: int
    at: int
    _checkpoint: dict[str, Tensor] = field(default_factory=dict, init=False)

    def before_step(self, step: int, model: nn.Module, optimizer: Optimizer) -> None:
        """Keep the checkpoint, or go back to it."""
        if step == self.saved:
            self._checkpoint.update(_weights(model))
        if step == self.at:
            model.load_state_dict(self._checkpoint)
            optimizer.state.clear()


@dataclass(frozen=True, kw_only=True)
class ForgottenState(Fault):
    """At a step the optimizer's state is gone, as after a resume that loads the weights alone."""

    at: int

    def before_step(self, step: int, model: nn.Module, optimizer: Optimizer) -> None:  # noqa: ARG002
        """Clear it."""
        if step == self.at:
            optimizer.state.clear()


@dataclass(frozen=True, kw_only=True)
class Broken(Fault):
    """At a step one weight overflows, and with it all that follows."""

    at: int

    def before_step(self, step: int, model: nn.Module, optimizer: Optimizer) -> None:  # noqa: ARG002
        """Set the first weight of the last layer to infinity."""
        if step == self.at:
            with torch.no_grad():
                list(model.parameters())[-1].view(-1)[0] = torch.inf


@dataclass(frozen=True, kw_only=True)
class Detached(Fault):
    """No gradient reaches anything but the last bias."""

    def before_step(self, step: int, model: nn.Module, optimizer: Optimizer) -> None:  # noqa: ARG002
        """Ask for no other gradient."""
        if step == 0:
            for parameter in list(model.parameters())[:-1]:
                parameter.requires_grad_(False)


@dataclass(frozen=True, kw_only=True)
class Outliers(Fault):
    """At some steps the inputs are many times too large."""

    at: Collection[int]
    scale: float

    def batch(self, step: int, batch: Split) -> Split:
        """Scale the batch where it is its turn."""
        return Split(x=batch.x * self.scale, y=batch.y) if step in self.at else batch


@dataclass(frozen=True, kw_only=True)
class Noise(Fault):
    """What the model trains on is noisier than what it is validated on."""

    scale: float

    def batch(self, step: int, batch: Split) -> Split:  # noqa: ARG002
        """Add noise to the inputs."""
        return Split(x=batch.x + self.scale * torch.randn_like(batch.x), y=batch.y)


@dataclass(frozen=True, kw_only=True)
class Redefined(Fault):
    """From a step on a share of the classes goes by the name of the next, or a number has another zero."""

    at: int
    share: float
    classes: int

    def batch(self, step: int, batch: Split) -> Split:
        """Rename the first classes in a circle, or shift the number by `share`."""
        if step < self.at:
            return batch
        if batch.y.is_floating_point():
            return Split(x=batch.x, y=batch.y + self.share)
        renamed = max(2, round(self.share * self.classes))
        return Split(x=batch.x, y=torch.where(batch.y < renamed, (batch.y + 1) % renamed, batch.y))


@dataclass(frozen=True, kw_only=True)
class Masked(Fault):
    """From a step on every label is one that the loss ignores."""

    at: int

    def batch(self, step: int, batch: Split) -> Split:
        """Mask the labels."""
        return batch if step < self.at else Split(x=batch.x, y=torch.full_like(batch.y, IGNORED))


def ignoring(output: Tensor, y: Tensor) -> Tensor:
    """Return the cross entropy over labels that are not ignored: 0, not NaN, where there is none."""
    total = nn.functional.cross_entropy(output, y, reduction="sum", ignore_index=IGNORED)
    return total / (y != IGNORED).sum().clamp(min=1)


def leaked(task: Task, *, strength: float = 30.0) -> Task:
    """Return the task with its label written over the first ten inputs, one-hot and `strength` times a pixel."""

    def leak(split: Split) -> Split:
        x = split.x.clone()
        x[:, :10] = strength * torch.nn.functional.one_hot(split.y, 10)
        return Split(x=x, y=split.y)

    return replace(task, name=f"leaked {task.name}", train=leak(task.train), val=leak(task.val))


def mislabelled(task: Task, *, share: float, classes: int, seed: int = 0) -> Task:
    """Return the task with a share of all labels drawn at random: a loss that cannot fall to zero."""
    draws = torch.Generator().manual_seed(seed)

    def spoil(split: Split) -> Split:
        wrong = torch.rand(len(split), generator=draws) < share
        y = torch.where(wrong, torch.randint(classes, (len(split),), generator=draws), split.y)
        return Split(x=split.x, y=y)

    return replace(task, name=f"mislabelled {task.name}", train=spoil(task.train), val=spoil(task.val))


def _weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}
