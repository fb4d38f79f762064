"""How a run of the campaign is set: each condition turns a bench and a strength into a trial, and is told by its name.

A condition is a fault or something benign that looks like one. What its strength means stands in its first line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from curvedx.lab import faults, loop
from curvedx.lab.benches import BENCHES, CLASSES, half_of_digits
from curvedx.lab.faults import Fault
from curvedx.lab.loop import Measure, Recipe, validation
from curvedx.lab.networks import with_dropout
from curvedx.lab.tasks import Split, Task, permuted


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Everything that one run of the campaign does."""

    bench: str
    task: Task
    recipe: Recipe
    faults: tuple[Fault, ...] = ()
    measure: Measure = validation
    injected_at: int | None = None
    """First step at which it is not the healthy run; None where it always is."""
    hides_nan: bool = False
    """Whether the log has 0 where the train loss is NaN."""
    back_to: int | None = None
    """Step to which the counter goes back at `injected_at`."""

    @property
    def rng(self) -> np.random.Generator:
        """Return draws that depend on the run alone."""
        return np.random.default_rng([self.recipe.seed, 77])

    def at(self, place: float) -> int:
        """Return the step at a place in the run."""
        return round(place * self.recipe.steps)

    def having(self, **changes: Any) -> Trial:
        """Return the trial with another recipe."""
        return replace(self, recipe=replace(self.recipe, **changes))

    def times(self, rate: float) -> Trial:
        """Return the trial at so many times the learning rate."""
        return self.having(lr=self.recipe.lr * rate)

    def by_sgd(self, rate: float = 1.0) -> Trial:
        """Return the trial by SGD with momentum at so many times the learning rate that suits it."""
        return self.having(optimizer="momentum", lr=BENCHES[self.bench].sgd * rate, weight_decay=0.0)

    def with_fault(self, at: int, *found: Fault) -> Trial:
        """Return the trial with faults that begin at a step."""
        return replace(self, faults=(*self.faults, *found), injected_at=at)

    def keeping(self, rows: int) -> Trial:
        """Return the trial with so many rows to train on."""
        train = self.task.train
        return replace(self, task=replace(self.task, train=Split(x=train.x[:rows], y=train.y[:rows])), injected_at=0)


def trial(bench: str, condition: str, strength: float, seed: int) -> Trial:
    """Set up one run."""
    recipe = replace(BENCHES[bench].recipe, seed=seed)
    whole = Trial(bench=bench, task=BENCHES[bench].make(seed), recipe=recipe)
    found = CONDITIONS[condition](whole, strength)
    return found.having(eval_every=max(1, found.recipe.steps // 120))


def steady(run: Trial, times: float) -> Trial:
    """Train for so many times the usual steps, at a constant rate."""
    return run.having(steps=round(run.recipe.steps * times))


def cosine(run: Trial, rate: float) -> Trial:
    """Warm up to so many times the usual rate, then fall along a cosine."""
    return run.times(rate).having(schedule=loop.cosine(warmup=0.05, floor=0.02))


def stable_decay(run: Trial, place: float) -> Trial:
    """Warm up, stay, and fall to zero from a place in the run on."""
    return run.times(1.5).having(schedule=loop.linear(warmup=0.04, decay_from=place))


def converged(run: Trial, times: float) -> Trial:
    """Train so many times longer than usual, along a cosine, at half the rate."""
    return run.times(0.5).having(steps=round(run.recipe.steps * times), schedule=loop.cosine(warmup=0.02))


def momentum(run: Trial, rate: float) -> Trial:
    """Train by SGD with momentum, at so many times the rate that suits it."""
    return run.by_sgd(rate)


def gentle(run: Trial, rate: float) -> Trial:
    """Train by SGD with momentum along a cosine, from so many times the rate that suits it."""
    return run.by_sgd(rate).having(schedule=loop.cosine(warmup=0.03))


def large_batch(run: Trial, rows: float) -> Trial:
    """Train on batches of so many rows."""
    return run.having(batch=min(int(rows), len(run.task.train)))


def rate(run: Trial, factor: float) -> Trial:
    """Multiply the learning rate: 0, far too low, or too high."""
    return replace(run.times(factor), injected_at=0)


def sgd_rate(run: Trial, factor: float) -> Trial:
    """Multiply the learning rate of SGD."""
    return replace(run.by_sgd(factor), injected_at=0)


def ramp(run: Trial, factor: float) -> Trial:
    """Let the learning rate of SGD grow by a factor from two fifths of the run on."""
    return replace(run.by_sgd().having(schedule=loop.ramp(factor, begin=0.4)), injected_at=run.at(0.4))


def climb(run: Trial, factor: float) -> Trial:
    """Let the learning rate of the usual optimizer grow by a factor from a third of the run on."""
    return replace(run.having(schedule=loop.ramp(factor, begin=0.33)), injected_at=run.at(0.33))


def no_warmup(run: Trial, factor: float) -> Trial:
    """Start at so many times the learning rate and fall along a cosine, without a warm-up; half as many steps."""
    high = run.times(factor).having(schedule=loop.cosine(), steps=run.recipe.steps // 2)
    return replace(high, injected_at=0)


def tiny_batch(run: Trial, rows: float) -> Trial:
    """Train on so many rows a step."""
    return replace(run.having(batch=int(rows)), injected_at=0)


def bad_batches(run: Trial, count: float, **recipe: Any) -> Trial:
    """Feed so many bursts of batches with labels of other rows, without clipping."""
    steps = run.recipe.steps
    begins = np.sort(run.rng.choice(np.arange(12, 58), int(count), replace=False)) * steps // 60
    at = frozenset(int(begin) + k for begin in begins for k in range(max(2, steps // 200)))
    return run.having(**recipe).with_fault(min(at), faults.BadBatches(at=at))


def bad_clipped(run: Trial, count: float) -> Trial:
    """Feed so many single batches with labels of other rows, clipped."""
    steps = run.recipe.steps
    at = frozenset((run.rng.choice(np.arange(12, 58), int(count), replace=False) * steps // 60).tolist())
    return run.having(clip=0.3).with_fault(min(at), faults.BadBatches(at=at))


def outliers(run: Trial, scale: float) -> Trial:
    """Scale the inputs of three batches by so much."""
    at = frozenset((run.rng.choice(np.arange(12, 58), 3, replace=False) * run.recipe.steps // 60).tolist())
    return run.with_fault(min(at), faults.Outliers(at=at, scale=scale))


def unnormalised(run: Trial, scale: float) -> Trial:
    """Scale all inputs by so much from the middle on, and go on at a hundredth of the rate."""
    at = run.at(run.rng.uniform(0.5, 0.7))
    later = range(at, run.recipe.steps + 1)
    decays = loop.steps_down(at / run.recipe.steps, factor=0.01)
    return run.having(schedule=decays).with_fault(at, faults.Outliers(at=later, scale=scale))


def broken(run: Trial, place: float) -> Trial:
    """Let a weight overflow at a place in the run."""
    return run.with_fault(run.at(place), faults.Broken(at=run.at(place)))


def hidden_nan(run: Trial, place: float) -> Trial:
    """Let a weight overflow at a place in the run, with a logger that writes 0 for NaN."""
    return replace(broken(run, place), hides_nan=True)


def leaked(run: Trial, strength: float) -> Trial:
    """Write the label into the inputs, so many times as loud as they are."""
    return replace(run.times(10), task=faults.leaked(run.task, strength=strength), injected_at=0)


def masked(run: Trial, place: float) -> Trial:
    """Mask every label from a place in the run on."""
    ignoring = replace(run, task=replace(run.task, loss=faults.ignoring))
    return ignoring.with_fault(run.at(place), faults.Masked(at=run.at(place)))


def dropout(run: Trial, share: float) -> Trial:
    """Drop this share of every layer in training."""
    make = run.task.model
    task = replace(run.task, model=lambda: with_dropout(make(), share))
    return replace(run, task=task, injected_at=0)


def augmented(run: Trial, scale: float) -> Trial:
    """Add noise of this scale to the inputs to train on."""
    return run.with_fault(0, faults.Noise(scale=scale))


def unshuffled(run: Trial, rounds: float) -> Trial:
    """Show the data sorted by label, so many rounds in all, by SGD without momentum."""
    period = max(10, int(run.recipe.steps // rounds))
    return run.by_sgd().having(optimizer="sgd", batch=64).with_fault(0, faults.SortedByLabel(period=period))


def few(run: Trial, rows: float) -> Trial:
    """Keep so many rows to train on, and train twice as long."""
    return run.keeping(int(rows)).having(steps=2 * run.recipe.steps)


def mislabelled(run: Trial, share: float) -> Trial:
    """Draw this share of all labels at random."""
    task = faults.mislabelled(run.task, share=share, classes=CLASSES[run.bench], seed=run.recipe.seed)
    return replace(run, task=task, injected_at=0)


def steps_down(run: Trial, rate: float) -> Trial:
    """Train at so many times the rate, then divide it by ten at half and at three quarters of the run."""
    schedule = loop.steps_down(0.5, 0.75, factor=0.1)
    return replace(run.times(rate).having(schedule=schedule), injected_at=run.at(0.5))


def restarts(run: Trial, cycles: float) -> Trial:
    """Restart a cosine from a learning rate twelve times too high, so that the run has this many."""
    schedule = loop.cosine_restarts(int(cycles), floor=0.01)
    # Large batches hide the waves least.
    high = run.times(12.0).having(schedule=schedule, batch=4 * (run.recipe.batch or 16))
    return replace(high, injected_at=run.at(1 / cycles))


def cyclic(run: Trial, cycles: float) -> Trial:
    """Let the learning rate of SGD rise and fall linearly this many times."""
    return replace(run.by_sgd(8.0).having(schedule=loop.triangles(int(cycles), floor=0.02)), injected_at=0)


def frozen(run: Trial, place: float) -> Trial:
    """Undo every update from a place in the run on, at a third of the rate."""
    return run.times(0.3).with_fault(run.at(place), faults.FrozenFrom(at=run.at(place)))


def detached(run: Trial, rate: float) -> Trial:
    """Cut the graph before the last bias, which alone learns, at so many times the learning rate."""
    return run.times(rate).with_fault(0, faults.Detached())


def redefined(run: Trial, share: float) -> Trial:
    """Rename this share of the classes, or shift numbers by so much, in the middle; at four tenths of the rate."""
    at = run.at(run.rng.uniform(0.35, 0.6))
    return run.times(0.4).with_fault(at, faults.Redefined(at=at, share=share, classes=CLASSES.get(run.bench, 0)))


def stale_resume(run: Trial, place: float) -> Trial:
    """Go on from weights of an earlier place, without the optimizer's state, at four tenths of the rate."""
    at = run.at(run.rng.uniform(0.45, 0.65))
    return run.times(0.4).with_fault(at, faults.StaleResume(saved=run.at(place), at=at))


def rewound(run: Trial, place: float) -> Trial:
    """Crash in the middle and go on from a checkpoint at an earlier place; the counter goes back with it."""
    at = run.at(0.55)
    begun = run.with_fault(at, faults.StaleResume(saved=run.at(place), at=at))
    return replace(begun, back_to=run.at(place))


def lost_state(run: Trial, rate: float) -> Trial:
    """Lose the optimizer's state in the middle, at so many times the learning rate."""
    at = run.at(run.rng.uniform(0.4, 0.7))
    return run.times(rate).with_fault(at, faults.ForgottenState(at=at))


def short(run: Trial, times: float) -> Trial:
    """Stop after this share of the usual steps, at a third of the rate."""
    return replace(run.times(0.3).having(steps=max(60, round(run.recipe.steps * times))), injected_at=0)


def repeated(run: Trial, passes: float) -> Trial:
    """Show the same rows over and over, in so many passes."""
    recipe = run.recipe
    batch = recipe.batch or 32
    rows = int(recipe.steps / passes) * batch
    kept = run.keeping(min(rows, len(run.task.train)))
    return kept.having(passes=True, steps=int(passes * (len(kept.task.train) // batch)))


def full_batch(run: Trial, rate: float) -> Trial:
    """Train on all rows at each step by SGD, at so many times the rate that suits it."""
    return replace(run.by_sgd(rate).having(batch=None), injected_at=0)


def weight_decay(run: Trial, decay: float) -> Trial:
    """Decay the weights by this much."""
    return run.having(weight_decay=decay)


def rare(run: Trial, images: float) -> Trial:
    """Keep so many images of the eight, and log each class."""
    train = run.task.train
    members = (train.y == 8).nonzero()[:, 0]
    kept = np.setdiff1d(np.arange(len(train)), members[int(images) :].numpy())
    task = replace(run.task, train=Split(x=train.x[kept], y=train.y[kept]))
    return replace(run.having(weight_decay=0.1), task=task, measure=loop.class_accuracy, injected_at=0)


def switched(run: Trial, place: float) -> Trial:
    """Go over to a second task at a place in the run, without rehearsing the first."""
    first, second = _two_tasks(run)
    begun = replace(run.times(2.0), task=first, measure=loop.task_losses(first, second))
    return begun.with_fault(run.at(place), faults.SwitchTo(at=run.at(place), split=second.train))


def rehearsed(run: Trial, place: float) -> Trial:
    """Go over to both tasks mixed at a place in the run."""
    first, second = _two_tasks(run)
    both = Split(x=torch.cat([first.train.x, second.train.x]), y=torch.cat([first.train.y, second.train.y]))
    begun = replace(run, task=first, measure=loop.task_losses(first, second))
    return begun.with_fault(run.at(place), faults.SwitchTo(at=run.at(place), split=both))


def _two_tasks(run: Trial) -> tuple[Task, Task]:
    if run.bench == "digits-halves-cnn":
        return run.task, half_of_digits(run.recipe.seed, upper=True)
    return run.task, permuted(run.task, seed=run.recipe.seed)


CONDITIONS: Mapping[str, Callable[[Trial, float], Trial]] = MappingProxyType(
    {
        condition.__name__: condition
        for condition in (
            steady, cosine, stable_decay, converged, momentum, gentle, large_batch, rate, sgd_rate, ramp, climb,
            no_warmup, tiny_batch, bad_batches, bad_clipped, outliers, unnormalised, broken, hidden_nan,
            leaked, masked, dropout, augmented, unshuffled, few, mislabelled, steps_down, restarts, cyclic, frozen,
            detached, redefined, stale_resume, rewound, lost_state, short, repeated, full_batch, weight_decay, rare,
            switched, rehearsed,
        )
    }
)  # fmt: skip
"""Every condition by its name."""
