"""The figures of a textbook on loss curves, drawn from its words and numbers with noise, and what each must be called.

Every figure is a pure function of a random generator: points, noise and places vary within the words. They are drawn
from the guides that people learn from, never with the generator that the model is trained on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from curvedx.curve import FloatArray

Rng = np.random.Generator
Channels = dict[str, tuple[FloatArray, FloatArray]]

START = 10.8
"""The loss of a uniform guess over 50257 tokens, at which most of the figures begin."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure and what must be said of it."""

    draw: Callable[[Rng], Channels]
    expected: frozenset[str]
    """Patterns of which one at least must be found; empty for a run without a problem."""
    beside: frozenset[str]
    """Problems that may be found too, because the words of the figure describe them as well."""

    @property
    def name(self) -> str:
        return self.draw.__name__


FIGURES: dict[str, Figure] = {}


def shows(
    *expected: str, beside: tuple[str, ...] = ()
) -> Callable[[Callable[[Rng], Channels]], Callable[[Rng], Channels]]:
    """Enter a figure into the list, with what it shows."""

    def enter(draw: Callable[[Rng], Channels]) -> Callable[[Rng], Channels]:
        figure = Figure(draw=draw, expected=frozenset(expected), beside=frozenset(beside))
        FIGURES[figure.name] = figure
        return draw

    return enter


def logged(rng: Rng, last: float = 30_000.0) -> tuple[FloatArray, FloatArray]:
    """Return 60 to 400 evenly logged steps, and the same as shares of the run."""
    share = np.linspace(0.0, 1.0, int(rng.integers(60, 401)))
    return np.round(share * last), share


def evaluated(rng: Rng, last: float) -> tuple[FloatArray, FloatArray]:
    """Return the steps of 20 to 80 evaluations, and the same as shares of the run."""
    count = int(rng.integers(20, 81))
    share = np.arange(1, count + 1) / count
    return np.round(share * last), share


def noisy(rng: Rng, clean: FloatArray, low: float = 0.005, high: float = 0.02) -> FloatArray:
    """Scatter a curve by some per cent of its level."""
    return np.asarray(clean * (1.0 + rng.uniform(low, high) * rng.normal(size=len(clean))))


def descent(rng: Rng, share: FloatArray, start: float = START, end: float = 3.0) -> FloatArray:
    """Fall fast and then ever more slowly: half way down at a seventh of the run, and never quite still."""
    slow = rng.uniform(0.02, 0.06)
    pace = rng.uniform(0.16, 0.22)
    return end + (start - end) * ((1.0 - slow) * np.exp(-share / pace) + slow * (1.0 - share))


def spike(share: FloatArray, at: float, factor: float, back: float) -> FloatArray:
    """Return the factors of a sudden jump at one logged point and of the recovery from it."""
    first = share[np.searchsorted(share, at)]
    return np.where(share >= first, 1.0 + (factor - 1.0) * np.exp(-np.maximum(share - first, 0.0) / back), 1.0)


def cosine(share: FloatArray, peak: float = 3e-4) -> FloatArray:
    """Return a learning rate that is warmed up over 2 % of the run and decays along a cosine to a tenth."""
    return peak * np.minimum(share / 0.02, 1.0) * (0.1 + 0.45 * (1.0 + np.cos(np.pi * share)))


@shows()
def the_good_curve(rng: Rng) -> Channels:
    """From 10.8 down to 3 in 30k steps: steep, then slowing, smooth."""
    steps, share = logged(rng)
    return {"train_loss": (steps, noisy(rng, descent(rng, share)))}


@shows()
def good_curve_with_cosine_schedule(rng: Rng) -> Channels:
    """Add to the good curve its warm-up and cosine decay, and a gradient norm that is steady around a few units."""
    steps, share = logged(rng)
    norm = rng.uniform(0.8, 4.0) * np.exp(rng.uniform(0.05, 0.15) * rng.normal(size=len(share)))
    return {
        "train_loss": (steps, noisy(rng, descent(rng, share))),
        "lr": (steps, cosine(share)),
        "grad_norm": (steps, norm),
    }


@shows()
def good_curve_smoothed(rng: Rng) -> Channels:
    """Show a noisy loss of single batches as trackers do: an exponential mean with 0.9 of the past."""
    steps, share = logged(rng)
    values = noisy(rng, descent(rng, share), 0.03, 0.08)
    for at in range(1, len(values)):
        values[at] = 0.9 * values[at - 1] + 0.1 * values[at]
    return {"train_loss": (steps, values)}


@shows("flat_line")
def the_flat_line(rng: Rng) -> Channels:
    """Stay at 10.8 forever."""
    steps, share = logged(rng)
    return {"train_loss": (steps, noisy(rng, np.full(len(share), START), 0.001, 0.02))}


@shows("flat_line")
def plateau_from_step_one(rng: Rng) -> Channels:
    """Never decrease in a way that matters: by half a per cent at most."""
    steps, share = logged(rng)
    level = float(rng.choice([0.693, 2.303, 4.605, 6.908, START]))
    return {"train_loss": (steps, noisy(rng, level * (1.0 - rng.uniform(0.0, 0.005) * share), 0.005, 0.03))}


@shows("loss_spikes")
def one_loss_spike(rng: Rng) -> Channels:
    """Decreasing nicely, then up by a factor of two or three, and back."""
    steps, share = logged(rng)
    jump = spike(share, rng.uniform(0.2, 0.85), rng.uniform(2.0, 3.0), rng.uniform(0.003, 0.015))
    return {"train_loss": (steps, noisy(rng, descent(rng, share) * jump))}


@shows("loss_spikes")
def repeated_loss_spikes(rng: Rng) -> Channels:
    """Several jumps by a factor of two or three, each with its recovery."""
    steps, share = logged(rng)
    values = noisy(rng, descent(rng, share))
    for at in np.linspace(0.2, 0.9, int(rng.integers(2, 7))):
        values *= spike(share, at + rng.uniform(-0.04, 0.04), rng.uniform(2.0, 3.0), rng.uniform(0.003, 0.01))
    return {"train_loss": (steps, values)}


@shows("plateau")
def the_plateau(rng: Rng) -> Channels:
    """Down to about 6.5 by step 5k of 30k, and not a bit lower however long it trains."""
    steps, share = logged(rng)
    floor, knee, bend = rng.uniform(6.3, 6.7), rng.uniform(4_000, 6_000) / 30_000, rng.uniform(1.0, 2.0)
    return {"train_loss": (steps, noisy(rng, floor + (START - floor) * np.maximum(1.0 - share / knee, 0.0) ** bend))}


@shows("numerical_failure", beside=("collapse_to_zero",))
def to_zero_then_nan(rng: Rng) -> Channels:
    """Decreasing from 10.8 to 3, then zero, then NaN."""
    steps, share = logged(rng)
    zero = rng.uniform(0.35, 0.6)
    gone = zero + rng.uniform(0.05, 0.2)
    values = noisy(rng, descent(rng, np.minimum(share / zero, 1.0)))
    values[share >= zero] = 0.0
    values[share >= gone] = np.nan
    return {"train_loss": (steps, values)}


@shows("numerical_failure")
def goes_negative(rng: Rng) -> Channels:
    """Let a cross entropy fall from 10.8 to 3 and all at once below zero, where it can never be."""
    steps, share = logged(rng)
    broken = rng.uniform(0.4, 0.7)
    values = noisy(rng, descent(rng, np.minimum(share / broken, 1.0)))
    depth = rng.uniform(1.0, 6.0) * (1.0 - np.exp(-(share - broken) / rng.uniform(0.005, 0.05)))
    return {"train_loss": (steps, np.where(share >= broken, -depth - 0.1 * rng.random(len(share)), values))}


@shows("numerical_failure", beside=("loss_spikes", "divergence"))
def spike_then_nan(rng: Rng) -> Channels:
    """End a good curve with one spike, and NaN from there on."""
    steps, share = logged(rng)
    at = rng.uniform(0.3, 0.8)
    values = noisy(rng, descent(rng, share)) * spike(share, at, rng.uniform(2.0, 3.0), 0.05)
    values[share >= at + 0.02] = np.nan
    return {"train_loss": (steps, values)}


@shows("step_drops", "epoch_staircase")
def step_function(rng: Rng) -> Channels:
    """Level after level from 10.8 to 3, each fall sudden and at a cut of the learning rate, at regular intervals."""
    steps, share = logged(rng)
    levels = int(rng.integers(5, 8))
    stair = np.minimum((share * levels).astype(int), levels - 1)
    sag = 0.15 * (share * levels - stair)
    values = noisy(rng, 9.0 - (stair + sag) * 6.0 / (levels - 1), 0.003, 0.012)
    values += (START - 9.0) * np.exp(-share / 0.01)
    rate = {"lr": (steps, 0.1 * 10.0**-stair)} if rng.random() < 0.5 else {}
    return {"train_loss": (steps, values), **rate}


@shows("sawtooth", beside=("undertrained",))
def the_sawtooth(rng: Rng) -> Channels:
    """Up and down every few points, while the trend goes down from about 9 to 4."""
    steps, share = logged(rng)
    trend = 4.0 + 5.0 * np.exp(-share / rng.uniform(0.25, 0.5))
    bounce = rng.normal(size=len(share))
    if rng.random() < 0.5:
        bounce = 0.3 * bounce + 1.3 * np.resize([1.0, -1.0, 1.0, 0.0, -1.0], len(share))
    return {"train_loss": (steps, trend + rng.uniform(0.15, 0.22) * 5.0 * np.clip(bounce, -2.5, 2.5))}


@shows("divergence")
def divergent(rng: Rng) -> Channels:
    """Rise rapidly, at once or after a first descent, above the start, and stay there."""
    steps, share = logged(rng)
    onset = rng.uniform(0.1, 0.5) if rng.random() < 0.75 else 0.0
    rise = 1.0 - np.exp(-np.maximum(share - onset, 0.0) / rng.uniform(0.03, 0.1))
    top = START * rng.uniform(1.2, 4.0)
    calm = descent(rng, np.minimum(share, onset))
    return {"train_loss": (steps, noisy(rng, calm + (top - calm) * rise, 0.01, 0.04))}


@shows("numerical_failure", beside=("divergence",))
def divergent_then_nan(rng: Rng) -> Channels:
    """Rise rapidly, then NaN."""
    steps, loss = divergent(rng)["train_loss"]
    loss[-int(rng.uniform(0.1, 0.4) * len(loss)) :] = np.nan
    return {"train_loss": (steps, loss)}


@shows("oscillation", beside=("sawtooth",))
def oscillates(rng: Rng) -> Channels:
    """After a first descent it swings up and down without converging."""
    steps, share = logged(rng)
    swings = rng.uniform(4.0, min(14.0, len(share) / 10.0))
    fallen = 1.0 - np.exp(-share / rng.uniform(0.02, 0.05))
    size = rng.uniform(0.35, 0.6)
    phase = 2.0 * np.pi * swings * (share + 0.02 * np.sin(rng.uniform(5.0, 20.0) * share))
    wave = size * np.sin(phase + rng.uniform(0.0, 6.3)) * rng.uniform(0.85, 1.15, len(share))
    return {"train_loss": (steps, START - fallen * 5.0 * (1.0 + wave))}


@shows("step_drops")
def schedule_kick(rng: Rng) -> Channels:
    """Break a smooth curve by one sudden drop, at the step at which the learning rate was cut."""
    steps, share = logged(rng)
    at = rng.uniform(0.35, 0.75)
    before = 1.2 + 1.1 * np.exp(-share / rng.uniform(0.05, 0.12))
    kicked = np.where(share >= at, rng.uniform(0.5, 0.75), 1.0)
    rate = {"lr": (steps, np.where(share >= at, 0.01, 0.1))} if rng.random() < 0.5 else {}
    return {"train_loss": (steps, noisy(rng, before * kicked)), **rate}


@shows("warmup_spike", beside=("loss_spikes",))
def warmup_missing(rng: Rng) -> Channels:
    """Spike briefly in the first hundreds of steps, over several logged points; the rest overcomes it."""
    steps, share = logged(rng)
    top = max(3.0 * share[1], rng.uniform(0.015, 0.035))
    bump = rng.uniform(0.25, 0.8) * (share / top) * np.exp(1.0 - share / top)
    fall = descent(rng, np.maximum(share - top, 0.0))
    return {"train_loss": (steps, noisy(rng, fall * (1.0 + bump)))}
