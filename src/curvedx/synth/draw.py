"""One draw: objective, schedule, trend, patterns and twins, noise, logger, and then the labels as measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curvedx.catalogue import HEALTHY, patterns, unassessed
from curvedx.curve import CLASS_ACCURACY, GRAD_NORM, LR, TASK_LOSS, TRAIN_LOSS, VAL_LOSS, Curve, FloatArray
from curvedx.errors import CurvedxError
from curvedx.synth import noise
from curvedx.synth.base import begin, evaluate
from curvedx.synth.logger import Lens, lens, rounded
from curvedx.synth.onsets import WHOLE, begins
from curvedx.synth.recipes import STAGES, Draws, Recipe, load, pinned
from curvedx.synth.register import DEFINITIONS
from curvedx.synth.resume import SHORTEST_LOST, Pairs, rewound, twice
from curvedx.synth.run import NO_GRADIENT, Run
from curvedx.synth.truth import Truth
from curvedx.synth.twins import TWINS

HEALTHY_SHARE = 0.36
"""Share of runs drawn without any recipe; twins are laid over most of them."""

RESUMED, RESUMED_AT_A_JUMP, LOGGED_TWICE = 0.05, 0.4, 0.02
"""Share of runs that were resumed from a checkpoint, of those that jump, and of runs logged by two processes."""

MISSED, TRIES, AGAIN = 0.3, 4, 0.75
"""A draw on which a recipe shows less than this degree of its pattern is drawn once more, so often at most, with this
probability: parameters cross every threshold, but noise and short logs hide most of what the rarer recipes draw."""

FEWEST_SEEN = 4
"""Train points that labels are measured on at least, however early the run broke."""

WEIGHTS = {
    "flat_line": 1.0,
    "plateau": 1.8,
    "divergence": 1.8,
    "numerical_failure": 1.5,
    "collapse_to_zero": 0.6,
    "loss_spikes": 2.2,
    "warmup_spike": 1.4,
    "sawtooth": 1.6,
    "oscillation": 1.4,
    "level_jump": 1.6,
    "undertrained": 1.4,
    "overfitting": 4.0,
    "val_below_train": 1.3,
    "catastrophic_forgetting": 0.8,
    "exploding_gradients": 0.8,
    "vanishing_gradients": 0.7,
    "dead_class": 0.7,
    "step_drops": 2.4,
    "epoch_staircase": 1.3,
    "schedule_waves": 1.2,
    "grokking": 1.1,
    "double_descent": 2.0,
}
"""How often each recipe is drawn, relative to the others: roughly as often as people meet the pattern, the rare ones
lifted so that they can be learned."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One labelled curve."""

    curve: Curve
    degrees: dict[str, float | None]
    """Per label, how likely a careful reader would call it present; None where the channel it needs is missing."""
    onsets: dict[str, tuple[float, ...]]
    """Steps at which each label that is present begins, where the recipe says so."""
    recipes: tuple[str, ...]
    """What was meant to be drawn; the labels are what was measured."""
    truth: Truth

    def present(self) -> frozenset[str]:
        """Return the labels with a degree of one half or more."""
        return frozenset(name for name, degree in self.degrees.items() if degree is not None and degree >= 0.5)


def draw(
    seed: int, index: int, recipes: tuple[str, ...] | None = None, *, fixed: Mapping[str, float] | None = None
) -> Drawn:
    """Draw one labelled curve.

    Parameters
    ----------
    seed, index
        The same pair gives the same curve, wherever and in whatever order it is drawn.
    recipes
        Names of the patterns to draw; None draws them by `WEIGHTS`, or a healthy run.
    fixed
        Values of parameters, by their names in the patterns' ranges, that are not left to chance; one that is drawn
        several times in a run has its value each time. Everything else stays as the same pair draws it, and nothing
        is drawn once more, so that curves differ in these alone.

    Raises
    ------
    CurvedxError
        If no recipe drawn has a parameter of that name.
    """
    rng = np.random.default_rng([seed, index])
    chosen = _choose(rng, load()) if recipes is None else recipes
    if fixed is not None:
        return _draw(rng, chosen, fixed)
    for _ in range(TRIES):
        drawn = _draw(rng, chosen, {})
        missed = any((drawn.degrees.get(name) or 0.0) < MISSED for name in chosen)
        if not missed or rng.random() >= AGAIN:
            break
    return drawn


def _draw(rng: np.random.Generator, chosen: tuple[str, ...], fixed: Mapping[str, float]) -> Drawn:
    known = load()
    ranges = {name: pinned(patterns()[name].ranges, fixed) for name in chosen}
    for name in fixed:
        if not any(name in own for own in ranges.values()):
            offered = ", ".join(sorted({key for own in ranges.values() for key in own})) or "none"
            raise CurvedxError(f"draw: no parameter {name!r} of {', '.join(chosen) or HEALTHY}; known are {offered}")
    run = begin(rng, chosen)
    for stage in STAGES:
        if stage == "event":
            _twins(run, chosen, known)
        if stage == "validation":
            evaluate(run, forced=any(known[n].stage == "validation" for n in chosen))
        for name in chosen:
            if known[name].stage == stage:
                known[name].draw(run, Draws(run, ranges[name]))
    return _log(run, chosen)


def _choose(rng: np.random.Generator, known: dict[str, Recipe]) -> tuple[str, ...]:
    if rng.random() < HEALTHY_SHARE:
        return ()
    names = list(WEIGHTS)
    share = np.array([WEIGHTS[name] for name in names])
    wanted = rng.choice(
        names, size=int(rng.choice([1, 2, 3], p=[0.68, 0.25, 0.07])), replace=False, p=share / share.sum()
    )
    chosen: list[str] = []
    for name in map(str, wanted):
        recipe = known[name]
        clash = any(recipe.exclusive and known[other].exclusive == recipe.exclusive for other in chosen)
        # Two recipes draw the whole train loss themselves, so nothing else can have shaped it.
        alone = {"catastrophic_forgetting", "grokking"} & {name, *chosen}
        shaped = {o for o in (name, *chosen) if known[o].stage != "validation"} - alone
        if not clash and not (alone and (shaped or len(alone) > 1)):
            chosen.append(name)
    return tuple(chosen)


def _twins(run: Run, chosen: tuple[str, ...], known: dict[str, Recipe]) -> None:
    shaped = any(known[name].stage == "shape" for name in chosen)
    free = not shaped and not {"divergence", "level_jump", "numerical_failure"} & set(chosen)
    for name, (probability, twin) in TWINS.items():
        overlay = name in ("high_first_point", "towering_start", "growing_noise")
        if (free or overlay) and run.chance(probability * (1.0 if free else 0.4)):
            twin(run)


def _log(run: Run, chosen: tuple[str, ...]) -> Drawn:
    """Add the noise, look through the logger, measure the labels and hand out what was logged."""
    rng = run.rng
    look = lens(run.count, rng, may_cut=not run.crowded)
    whole = run.loss(run.trend + run.bumps)
    clean = look(whole)
    trend = _lasting(clean, look(run.loss(run.trend)))
    y, broken_at = _broken(run, look, look(_noisy(run, whole)))
    t = look.position(run.t)
    seen = ~broken_at & np.isfinite(y)
    if seen.sum() < FEWEST_SEEN:
        seen[:FEWEST_SEEN] = True
    stretch = 1.0 / max(float(t[-1]), 1e-12)
    grad = look(run.grad) if run.grad is not None else None
    val_t, val, val_y, classes = _evaluations(run, t)
    has_lr = run.chance(run.objective.has_lr if not run.rate_explains else 0.5)
    rate = look(run.rate) if has_lr else None
    # What lies behind a failure was never seen, so no label is measured on it.
    truth = Truth(
        t=t[seen] * stretch,
        y=np.where(broken_at | ~np.isfinite(y), clean, y)[seen],
        loss_clean=clean[seen],
        loss_trend=trend[seen],
        positive=run.positive,
        rate=None if rate is None else rate[seen],
        rate_explains=_rate_explains(run, rate),
        explained_switch=bool(run.tasks),
        failed=float(broken_at.any() or not np.isfinite(y).all()),
        restarts=tuple(p * stretch for p in run.onsets.get("schedule_waves", ()) if p * stretch < 1.0),
        val_t=None if val_t is None else val_t * stretch,
        val=val,
        val_y=val_y,
        tasks={name: look(loss)[seen] for name, loss in run.tasks.items()},
        classes=classes,
        grad=None if grad is None else grad[seen],
    )
    channels = {TRAIN_LOSS: (run.step(t), rounded(y, rng))}
    if val_t is not None:
        channels |= _evaluated(run, run.step(val_t), val_y, classes)
    channels |= _beside(run, run.step(t), rate, grad, {name: look(loss) for name, loss in run.tasks.items()})
    curve = Curve(_relogged(run, channels))  # type: ignore[arg-type]  # pairs become channels at the border
    cannot = unassessed(curve)
    degrees = {name: None if name in cannot else measure(truth) for name, measure in DEFINITIONS.items()}
    degrees = {name: degrees[name] for name in patterns() if name in degrees}
    marks = {name: [p * stretch for p in places if p * stretch <= 1.0] for name, places in run.onsets.items()}
    present = [name for name, degree in degrees.items() if (degree or 0.0) >= 0.5]
    found = begins(present, truth, marks, run.step(t[seen]), None if val_t is None else run.step(val_t))
    # What is true of a whole run keeps the recipe's mark; a failure begins behind all that labels are measured on.
    found |= {
        name: tuple(run.step(p / stretch) for p in marks[name]) for name in WHOLE if name in present and marks.get(name)
    }
    if "numerical_failure" in present:
        found["numerical_failure"] = tuple(run.step(t[broken_at | ~np.isfinite(y)])[:1].tolist())
    return Drawn(curve=curve, degrees=degrees, onsets=found, recipes=chosen, truth=truth)


def _lasting(clean: FloatArray, trend: FloatArray) -> FloatArray:
    """Return the trend with what has risen and, as far as the log goes, not come back by half of its height."""
    above = clean - trend
    if above[-1] <= 0.0:
        return trend
    begins = int(np.append(0, np.flatnonzero(above <= 0.1 * above[-1]) + 1)[-1])
    if above[-1] < 0.5 * above[begins:].max():
        return trend
    return np.where(np.arange(len(trend)) >= begins, clean, trend)


def _broken(run: Run, look: Lens, y: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Replace what broke in the logged losses, and tell where; a mean over a NaN is NaN."""
    if run.broken is None or run.broken_at is None:
        return y, np.zeros(len(y), dtype=bool)
    with np.errstate(invalid="ignore"):
        values, share = look(np.where(run.broken_at, run.broken, 0.0)), look(run.broken_at.astype(float))
    lost = np.isnan(values)
    at = lost | (share > (0.5 if look.memory or look.block > 1 else 0.0))
    return np.where(at, np.where(lost, np.nan, values / np.where(share > 0, share, 1.0)), y), at


def _noisy(run: Run, clean: FloatArray) -> FloatArray:
    z = noise.scatter(run.count, run.rng) * run.spread
    if run.log:
        return np.asarray(clean * np.exp(np.clip(z, -20.0, 20.0)))
    if not run.positive:
        return clean + z
    # A loss that cannot be negative is scattered downwards in proportion, upwards as drawn.
    safe = np.maximum(clean, 1e-300)
    return np.where(z >= 0, clean + z, safe * np.exp(np.clip(z / safe, -20.0, 0.0)))


def _rate_explains(run: Run, rate: FloatArray | None) -> bool:
    """A decay that was logged explains a late fall; so does a cool-down or a cut by the shape it gives the curve."""
    if run.rate_explains:
        return True
    if rate is None:
        return False
    return bool(rate[-1] < 0.7 * rate[min(len(rate) - 1, int(0.8 * len(rate)))])


def _evaluations(
    run: Run, t: FloatArray
) -> tuple[FloatArray | None, FloatArray | None, FloatArray | None, dict[str, FloatArray]]:
    """Return what was evaluated up to the last logged point."""
    if run.val_t is None:
        return None, None, None, {}
    seen = run.val_t <= t[-1] + 1e-9
    if seen.sum() < 2:
        return None, None, None, {}
    classes = {name: accuracy[seen] for name, accuracy in run.classes.items()}
    if run.val is None:
        return run.val_t[seen], None, None, classes
    val = run.val[seen]
    scattered = noise.scatter(len(val), run.rng) if len(val) > 2 else run.rng.normal(size=len(val))
    if run.positive:
        val_y = val * np.exp(np.clip(run.val_spread * scattered, -5.0, 5.0))
    else:
        val_y = val + run.val_spread * scattered * max(float(np.ptp(val)), 1e-12)
    if run.chance(0.07) and len(val) >= 8:
        # A validation set that jumps now and then while the run is well.
        at = run.rng.integers(0, len(val) - 2, size=int(run.rng.integers(1, 4)))
        val_y[at] += run.scale(0.1, 3.0) * abs(float(np.median(val)))
    return run.val_t[seen], val, val_y, classes


def _evaluated(
    run: Run, steps: FloatArray, val_y: FloatArray | None, classes: dict[str, FloatArray]
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return the channels of the evaluations as logged."""
    found = {} if val_y is None else {VAL_LOSS: (steps, rounded(val_y, run.rng))}
    for name, accuracy in classes.items():
        scattered = accuracy + run.rng.normal(0.0, 0.04, len(accuracy)) * np.sqrt(accuracy * (1.0 - accuracy))
        found[f"{CLASS_ACCURACY}{name}"] = (steps, np.clip(scattered, 0.0, 1.0))
    return found


def _relogged(run: Run, channels: Pairs) -> Pairs:
    """Let some runs have been resumed, more often where the loss jumps, and some logged by two processes."""
    rng = run.rng
    steps, values = channels[TRAIN_LOSS]
    jumps = [run.step(place) for place in run.onsets.get("level_jump", ()) if place > 0]
    if len(steps) >= 2 * SHORTEST_LOST and run.chance(RESUMED_AT_A_JUMP if jumps else RESUMED):
        at = int(np.searchsorted(steps, jumps[0])) if jumps else int(rng.integers(SHORTEST_LOST, len(steps)))
        if SHORTEST_LOST <= at < len(steps):
            checkpoint = float(steps[at - 1])
            channels = rewound(channels, checkpoint, checkpoint + run.pick(0.0, 0.15) * float(np.ptp(steps)))
    if run.chance(LOGGED_TWICE):
        steps, values = channels[TRAIN_LOSS]
        apart = rng.normal(0.0, run.scale(1e-3, 0.1), len(values)) * np.where(np.isfinite(values), values, 0.0)
        channels = channels | {TRAIN_LOSS: twice(steps, values, apart)}
    return channels


def _beside(
    run: Run, steps: FloatArray, rate: FloatArray | None, grad: FloatArray | None, tasks: dict[str, FloatArray]
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return the channels logged with the train loss: learning rate, gradient norm, the loss of each task."""
    rng = run.rng
    found = {}
    if rate is not None:
        found[LR] = (steps, rate * float(rng.choice([1e-5, 2e-5, 1e-4, 3e-4, 1e-3, 6e-3, 0.01, 0.1])))
    if grad is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            wobble = np.clip(rng.uniform(0.02, 0.15) * noise.scatter(len(steps), rng), -1.0, 1.5)
            norms = np.where(grad < NO_GRADIENT + 1.0, 0.0, 10.0 ** (grad + wobble))
        stuck = steps >= run.step(run.grad_stuck)
        norms[stuck] = norms[max(int(np.argmax(stuck)) - 1, 0)]
        found[GRAD_NORM] = (steps, norms)
    for name, loss in tasks.items():
        found[f"{TASK_LOSS}{name}"] = (steps, loss * np.exp(rng.normal(0.0, 0.02, len(loss))))
    return found
