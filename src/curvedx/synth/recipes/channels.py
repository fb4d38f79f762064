"""Patterns shown by the loss of each task, the gradient norm and the accuracy of each class."""

from __future__ import annotations

import numpy as np

from curvedx.synth.recipes.base import Draws, recipe
from curvedx.synth.run import Run


@recipe("event", "jump")
def catastrophic_forgetting(run: Run, p: Draws) -> None:
    """Training moves to another task, and the loss of an earlier one climbs back and stays up."""
    names = ["first", "second", "third", "fourth"][: int(run.rng.integers(2, 5))]
    switches = np.sort(run.rng.uniform(*p.ranges["switch"], size=len(names) - 1))
    level = abs(float(run.loss(run.trend)[0]))
    begins = np.concatenate([[0.0], switches])
    ends = np.append(switches, 1.0)
    train = np.zeros(run.count)
    for name, begin, end in zip(names, begins, ends, strict=True):
        start = level * run.pick(0.7, 1.3)
        floor = start * run.scale(0.05, 0.6)
        pace = max(end - begin, 1e-9) * run.scale(0.05, 0.5)
        learned = 1.0 - np.exp(-np.clip(run.t - begin, 0.0, end - begin) / pace)
        loss = start - (start - floor) * learned
        if end < 1.0:
            fallen = start - (start - floor) * (1.0 - np.exp(-(end - begin) / pace))
            lost = p.log("rise") * (start - fallen)
            quick = run.scale(0.003, 0.15)
            climb = 1.0 - np.exp(-run.since(end) / quick)
            if run.chance(0.3):
                # Replay, or a task close by: only a bump at the switch.
                climb = climb * np.exp(-run.since(end) / run.scale(0.02, 0.1))
            loss = loss + lost * climb
        run.tasks[name] = loss
        now = (run.t >= begin) & ((run.t < end) | (end >= 1.0))
        train = np.where(now, loss, train)
    if not run.chance(0.3):
        # The train loss is that of the task at hand; else it is the mean over all.
        run.trend = train
    else:
        run.trend = np.mean(list(run.tasks.values()), axis=0)
    run.log = False
    run.spread = np.full(run.count, run.scale(0.003, 0.06) * level)
    run.bumps = np.zeros(run.count)
    run.rate_explains = True
    run.mark("catastrophic_forgetting", *map(float, switches))


@recipe("event", "gradient")
def exploding_gradients(run: Run, p: Draws) -> None:
    """The gradient norm climbs by orders of magnitude and stays there, or reaches infinity."""
    begin = p.uni("at")
    growth = p.log("growth")
    share = np.clip(run.since(begin) / max(p.log("rise"), 1.5 / run.count), 0.0, 1.0)
    grad = run.grad if run.grad is not None else np.full(run.count, run.pick(-1.0, 1.0))
    grad = grad + np.log10(growth) * share
    if run.chance(0.25):
        grad = np.where(share >= 1.0, np.inf, grad)
    run.grad = grad
    if run.chance(0.5):
        run.trend = run.trend + run.scale(0.05, 1.5) * run.drop * share
    else:
        here = run.index(begin)
        run.trend = np.where(run.t > begin, run.trend[here], run.trend)
    run.mark("exploding_gradients", begin)


@recipe("event", "gradient")
def vanishing_gradients(run: Run, p: Draws) -> None:
    """The gradient norm dies away while the loss is still high."""
    level = run.pick(-1.5, 1.0)
    fallen = np.clip(run.t / p.log("by"), 0.0, 1.0)
    if run.chance(0.25):
        grad = np.full(run.count, np.log10(p.log("floor")))
    else:
        grad = level - np.log10(p.log("shrink")) * fallen
    run.grad = grad
    if run.chance(0.8):
        start = float(run.trend[0])
        keep = run.pick(0.0, 0.45) if not run.log else run.pick(0.0, 0.6)
        size = run.drop if run.log else abs(start)
        run.trend = start - keep * size * (start - run.trend) / run.drop
    run.mark("vanishing_gradients", 0.0)


@recipe("validation", "classes")
def dead_class(run: Run, p: Draws) -> None:
    """One class stays at nothing while the others are learned."""
    if run.val_t is None:
        raise RuntimeError("a recipe of class accuracies was drawn for a run without evaluations")
    count = p.count("classes")
    reach = p.uni("others")
    for index in range(count):
        final = float(np.clip(reach + run.rng.normal(0.0, 0.1), 0.05, 0.995))
        pace = run.scale(0.03, 0.4)
        run.classes[f"{index}"] = final * (1.0 - np.exp(-run.val_t / pace))
    dead = f"{int(run.rng.integers(count))}"
    low = p.log("dead")
    accuracy = np.full(len(run.val_t), low)
    if run.chance(0.3):
        # A late class that learns after all.
        late = run.pick(0.2, 0.95)
        accuracy = low + (reach - low) * np.clip((run.val_t - late) / 0.2, 0.0, 1.0)
    run.classes[dead] = accuracy
    run.mark("dead_class", 0.5)
