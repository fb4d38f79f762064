"""Patterns that decide how the whole trend falls, or fails to."""

from __future__ import annotations

import numpy as np

from curvedx.synth.recipes.base import Draws, recipe
from curvedx.synth.run import NO_GRADIENT, Run
from curvedx.synth.schedules import cosine, cycles, cyclic, steps


def _linear_axis(run: Run) -> None:
    """Draw this trend on the linear axis, whatever the objective: its definition is judged there."""
    if run.log:
        level = float(np.exp(run.trend[0]))
        run.spread = np.full(run.count, run.scale(0.003, 0.15) * level)
        run.trend = np.full(run.count, level)
        run.bumps = np.zeros(run.count)
        run.log = False


@recipe("shape", "shape")
def flat_line(run: Run, p: Draws) -> None:
    """Nothing learned: level from first to last, silent or loud, with a dip at first or a blow-up that returns."""
    _linear_axis(run)
    start = float(run.trend[0])
    size = abs(start)
    share = (start - run.trend) / run.drop
    run.trend = start - p.log("depth") * size * share
    run.spread = np.full(run.count, 0.0 if run.chance(0.12) else p.log("noise") * size)
    if run.chance(0.25):
        run.trend = run.trend + p.log("noise") * size * 0.3 * np.exp(-run.t / run.scale(0.005, 0.03))
    if run.chance(0.15):
        # A blow-up that comes back to where it began changes nothing.
        at, width = run.pick(0.02, 0.8), run.scale(0.01, 0.08)
        run.bumps = run.bumps + run.scale(0.05, 3.0) * size * np.exp(-(((run.t - at) / width) ** 2))
    if run.chance(0.15):
        few = int(run.rng.integers(1, 4))
        run.bumps[:few] -= run.scale(0.02, 0.3) * size
    if run.chance(0.03):
        run.trend, run.bumps, run.spread = np.zeros(run.count), np.zeros(run.count), np.zeros(run.count)
    run.mark("flat_line", 0.0)


@recipe("shape", "shape")
def plateau(run: Run, p: Draws) -> None:
    """A fall that stops at a knee, far from done."""
    _linear_axis(run)
    start = float(run.trend[0])
    size = abs(start)
    knee, level = p.log("knee"), p.uni("level")
    way = np.clip(run.t / knee, 0.0, 1.0)
    # It slows down towards the knee, or runs into it.
    fallen = 1.0 - (1.0 - way) ** run.pick(1.0, 2.2) if run.chance(0.5) else way ** p.uni("bend")
    depth = size * (1.0 - level)
    after = run.since(knee) / (1.0 - knee)
    run.trend = start - depth * fallen - depth * p.log("gain") * after
    run.spread = np.full(run.count, p.log("noise") * depth)
    run.mark("plateau", knee)


@recipe("shape", "shape")
def undertrained(run: Run, p: Draws) -> None:
    """Still falling steeply where the log ends."""
    _linear_axis(run)
    start = float(run.trend[0])
    depth = abs(start) * p.log("depth")
    bend = p.log("bend")
    run.trend = start - depth * run.t**bend
    run.spread = np.full(run.count, p.log("noise") * depth)
    if run.chance(0.2):
        run.rate = cosine(run.t, run.rng)
        run.rate_explains = True
    run.mark("undertrained", 0.8)


@recipe("shape", "shape")
def collapse_to_zero(run: Run, p: Draws) -> None:
    """The loss falls by orders of magnitude within a short stretch, and is zero from then on."""
    at, width, decades = p.uni("at"), p.log("width"), p.uni("decades")
    losses = np.abs(run.loss(run.trend))
    gone = np.clip(run.since(at) / width, 0.0, 1.0)
    factor = 10.0 ** (-decades * gone)
    if run.chance(0.4):
        factor = np.where(gone >= 1.0, 0.0, factor)
    if run.grad is not None:
        # What is learned, or has no target, has no gradient.
        run.grad = np.where(factor > 0.0, run.grad - run.pick(0.0, 0.7) * decades * gone, NO_GRADIENT)
    noise = run.spread if run.log else run.spread / np.maximum(losses, 1e-12)
    losses = losses * factor
    run.log, run.positive = False, True
    run.trend = losses
    run.bumps = np.zeros(run.count)
    run.spread = np.minimum(noise, 0.5) * losses
    run.mark("collapse_to_zero", at)


@recipe("shape", "shape")
def oscillation(run: Run, p: Draws) -> None:
    """After a first fall the smoothed loss swings and swings, and gets nowhere."""
    start = float(run.trend[0])
    drop = run.drop
    begin = p.log("begin")
    period = max(p.log("period"), run.pick(4.0, 9.0) / run.count)
    height = p.log("height") * drop
    settled = np.clip(run.t / begin, 0.0, 1.0) ** run.pick(0.5, 1.0)
    left = p.uni("gain") * run.since(begin) / (1.0 - begin)
    wobble = p.uni("wobble")
    teeth, regular = run.chance(0.35), run.chance(0.5)
    if regular:
        # As when the data come in the same order again and again.
        wobble *= 0.2
    slips = np.cumsum(run.rng.normal(size=run.count)) * np.sqrt(1.0 / (run.count * period))
    phase = 2.0 * np.pi * run.since(begin) / period + wobble * slips
    if teeth:
        # A quick way up and a slow one down.
        done, rising = phase / (2.0 * np.pi) % 1.0, run.pick(0.05, 0.5)
        swing = 2.0 * np.minimum(done / rising, (1.0 - done) / (1.0 - rising)) - 1.0
    else:
        swing = np.sin(phase)
    if run.chance(0.4):
        swing = np.sign(swing) * np.abs(swing) ** run.pick(0.4, 2.0)
    if run.chance(0.4):
        swing = swing * np.clip(run.since(begin) / run.pick(0.05, 0.6), 0.0, 1.0)
    if not regular:
        # Nothing but a schedule or the order of the data swings like a clock, by the same height each time.
        crest = np.abs(phase) / np.pi
        sizes = run.rng.normal(scale=run.pick(0.0, 0.5), size=int(crest.max()) + 2)
        swing = swing * np.exp(np.interp(crest, np.arange(len(sizes)), sizes))
    run.trend = start - drop * (1.0 - 0.5 * p.log("height")) * settled - drop * left + 0.5 * height * swing * settled
    if run.positive and not run.log:
        run.trend = np.maximum(run.trend, 0.02 * abs(start))
    run.mark("oscillation", begin)


@recipe("shape", "shape")
def schedule_waves(run: Run, p: Draws) -> None:
    """A cyclic learning rate: the loss rises with it, sharply at a restart, each trough at or below the last."""
    starts = cycles(p.uni("cycles"), doubling=run.chance(0.1))
    turns = np.interp(run.t, starts, np.arange(len(starts)))
    restart = run.chance(0.8)
    run.rate = cyclic(turns, run.pick(0.0, 0.2), restart=restart)
    run.rate_explains = True
    phase = turns % 1.0
    first = 1.0 - np.exp(-turns * 1.5)
    height = p.log("height") * run.drop * (1.0 - run.t * run.pick(0.0, 0.8))
    if not restart:
        # Triangles: the loss rises and falls with the rate, or a little behind it.
        kick = np.sin(np.pi * phase ** run.pick(0.8, 1.4)) ** run.pick(0.8, 2.5)
    elif run.chance(0.5):
        kick = np.clip(phase / run.pick(0.01, 0.12), 0.0, 1.0) * np.exp(-phase / run.pick(0.15, 0.5))
    else:
        # What the high rate costs builds up, and goes as the rate goes down.
        kick = np.clip(phase / run.pick(0.02, 0.35), 0.0, 1.0) * 0.5 * (1.0 + np.cos(np.pi * phase))
    run.trend = run.trend + height * kick * first * (turns >= 1.0)
    run.mark("schedule_waves", *(float(start) for start in starts[1:] if start < 1.0))


@recipe("shape", "shape")
def epoch_staircase(run: Run, p: Draws) -> None:
    """Repeated data being memorised: a fall at each epoch's end, nearly level in between."""
    epochs = p.count("epochs")
    start = float(run.trend[0])
    epoch = np.minimum(run.t * epochs, epochs - 1e-9)
    done = np.floor(epoch)
    within = epoch - done
    drop = p.log("drop")
    size = abs(start) if not run.log else 1.0
    level = 0.8 * size
    first = run.pick(0.05, 0.6) * size * (1.0 - np.exp(-epoch / run.scale(0.03, 0.3)))
    # Each boundary brings a little less than the one before; what it brings arrives within a few points.
    steps_made = drop * np.cumsum(np.concatenate([[0.0], run.pick(0.75, 1.0) ** np.arange(epochs)]))
    before, now = steps_made[np.maximum(done.astype(int) - 1, 0)], steps_made[done.astype(int)]
    arrived = 1.0 - np.exp(-within / run.scale(0.005, 0.05))
    stairs = before + (now - before) * arrived
    run.trend = start - first - level * stairs - level * drop * p.uni("tilt") * epoch
    if run.positive and not run.log:
        run.trend = np.maximum(run.trend, 0.01 * size)
    run.spread = np.full(run.count, min(p.log("noise") * drop, 0.3) * size)
    run.mark("epoch_staircase", *(at / epochs for at in range(1, epochs)))


@recipe("shape", "shape")
def step_drops(run: Run, p: Draws) -> None:
    """Sudden lasting falls, from a flatter stretch to a flatter stretch, usually where the learning rate is cut."""
    cuts = np.sort(run.rng.uniform(*p.ranges["at"], size=p.count("count")))
    # Detectors are trained without heavy augmentation for the last few epochs; the rate knows nothing of it.
    closing = run.chance(0.2)
    if closing:
        cuts = np.array([p.uni("closing")])
    factor = float(run.rng.choice([0.1, 0.1, 0.2, 0.3, 0.5]))
    if run.chance(0.8) and not closing:
        run.rate = steps(run.t, cuts, factor)
    run.rate_explains = True
    for cut in cuts:
        here = run.index(cut)
        share = p.log("drop")
        depth = -np.log(1.0 - share) if run.log else share * run.local_level(here)
        width = p.log("width")
        gone = np.clip(run.since(cut) / width, 0.0, 1.0) if run.chance(0.6) else 1.0 - np.exp(-run.since(cut) / width)
        # What is left to fall shrinks too: the rest of the trend is slower at the lower rate.
        rest = run.trend[here] + (run.trend - run.trend[here]) * run.pick(0.1, 0.8)
        run.trend = np.where(run.t > cut, rest - depth * gone, run.trend)
        run.spread = np.where(run.t > cut, run.spread * run.pick(0.4, 1.0), run.spread)
        run.mark("step_drops", float(cut))
    if run.positive and not run.log:
        run.trend = np.maximum(run.trend, 0.002 * abs(float(run.trend[0])))
