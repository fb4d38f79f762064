"""The figures that need more than the train loss: validation, gradient norm, losses by task, accuracies by class."""

from __future__ import annotations

import numpy as np

from curvedx.curve import FloatArray
from figures import START, Channels, Rng, descent, evaluated, logged, noisy, shows

VAL_NOISE = (0.002, 0.01)


def pair(rng: Rng, last: float, train: tuple[FloatArray, FloatArray], val: FloatArray, at: FloatArray) -> Channels:
    """Put noise on a train loss and on a validation loss, each at its own steps."""
    steps, loss = train
    return {"train_loss": (steps, noisy(rng, loss)), "val_loss": (np.round(at * last), noisy(rng, val, *VAL_NOISE))}


@shows()
def healthy_train_and_validation(rng: Rng) -> Channels:
    """Let validation track train for a while and come to lie a bit above; both flatten near the end."""
    steps, share = logged(rng)
    _, seen = evaluated(rng, 30_000)
    end = rng.uniform(2.8, 3.2)
    state = rng.bit_generator.state
    train = descent(rng, share, end=end)
    rng.bit_generator.state = state
    val = descent(rng, seen, end=end) * (1.0 + rng.uniform(0.02, 0.1) * seen)
    return pair(rng, 30_000, (steps, train), val, seen)


@shows()
def stable_gap(rng: Rng) -> Channels:
    """Keep validation above train by the same amount from early on, and let both decrease."""
    steps, share = logged(rng)
    _, seen = evaluated(rng, 30_000)
    pace, floor, gap = rng.uniform(0.12, 0.2), rng.uniform(0.4, 0.8), rng.uniform(0.1, 0.4)
    train = floor + 1.9 * np.exp(-share / pace)
    val = floor + 1.9 * np.exp(-seen / pace) + gap * (1.0 - np.exp(-seen / 0.1))
    return pair(rng, 30_000, (steps, train), val, seen)


@shows()
def closing_gap(rng: Rng) -> Channels:
    """Bring validation, which lies above train, down to it at the end of a well regularised run."""
    steps, share = logged(rng)
    _, seen = evaluated(rng, 30_000)
    pace, floor = rng.uniform(0.12, 0.2), rng.uniform(0.4, 0.8)
    gap = rng.uniform(0.15, 0.35) * (1.0 - np.exp(-seen / 0.1)) * (1.05 - seen)
    return pair(
        rng, 30_000, (steps, floor + 1.9 * np.exp(-share / pace)), floor + 1.9 * np.exp(-seen / pace) + gap, seen
    )


@shows("overfitting")
def widening_gap(rng: Rng) -> Channels:
    """Train goes on down, validation turns and creeps up by a tenth to a third: the gap widens to the end."""
    steps, share = logged(rng)
    _, seen = evaluated(rng, 30_000)
    pace, turn = rng.uniform(0.2, 0.3), rng.uniform(0.35, 0.55)
    lowest = 0.75 + 1.55 * np.exp(-np.minimum(seen, turn) / (0.35 * turn))
    creep = rng.uniform(0.12, 0.35) * np.maximum(seen - turn, 0.0) / (1.0 - turn)
    return pair(rng, 30_000, (steps, 0.2 + 2.1 * np.exp(-share / pace)), lowest * (1.0 + creep), seen)


@shows("overfitting")
def train_down_validation_up(rng: Rng) -> Channels:
    """Over 40k steps train falls from 10.8 to 1; validation falls to about 3 until step 20k or so, and then rises."""
    steps, share = logged(rng, 40_000)
    _, seen = evaluated(rng, 40_000)
    turn, lowest = rng.uniform(17_000, 23_000) / 40_000, rng.uniform(2.7, 3.3)
    train = 1.0 + (START - 1.0) * np.exp(-share / rng.uniform(0.18, 0.25))
    val = lowest + (START - lowest) * np.exp(-np.minimum(seen, turn) / 0.13)
    val += rng.uniform(0.5, 1.5) * (np.maximum(seen - turn, 0.0) / (1.0 - turn)) ** rng.uniform(1.0, 1.6)
    return pair(rng, 40_000, (steps, train), val, seen)


@shows("overfitting")
def train_far_below_validation(rng: Rng) -> Channels:
    """Train goes on to nearly nothing, validation turns early and ends far above it."""
    steps, share = logged(rng)
    _, seen = evaluated(rng, 30_000)
    turn = rng.uniform(0.15, 0.4)
    train = 0.03 + 2.27 * np.exp(-share / rng.uniform(0.12, 0.2))
    val = 0.9 + 1.4 * np.exp(-np.minimum(seen, turn) / (0.3 * turn))
    val += rng.uniform(0.3, 1.5) * np.maximum(seen - turn, 0.0) / (1.0 - turn)
    return pair(rng, 30_000, (steps, train), val, seen)


@shows("val_below_train")
def train_above_validation(rng: Rng) -> Channels:
    """Train lies above validation all along, by a tenth to a third."""
    steps, share = logged(rng)
    _, seen = evaluated(rng, 30_000)
    pace, floor = rng.uniform(0.12, 0.2), rng.uniform(0.5, 1.0)
    below = rng.uniform(0.67, 0.9)
    return pair(
        rng, 30_000, (steps, floor + 1.8 * np.exp(-share / pace)), below * (floor + 1.8 * np.exp(-seen / pace)), seen
    )


@shows("double_descent")
def double_descent(rng: Rng) -> Channels:
    """Let validation fall, rise by a fifth to a half, and fall again to below where it had been; train only falls."""
    steps, share = logged(rng)
    _, seen = evaluated(rng, 30_000)
    first, peak = rng.uniform(0.1, 0.2), rng.uniform(0.35, 0.5)
    pace, hump = rng.uniform(0.05, 0.1), rng.uniform(0.25, 0.5)
    val = 1.0 + 1.3 * np.exp(-seen / (first / 3.0)) - 0.3 * seen
    val += hump * np.exp(-0.5 * ((seen - peak) / (0.4 * (peak - first))) ** 2)
    return pair(rng, 30_000, (steps, 0.02 + 2.3 * np.exp(-share / (2.0 * pace))), val, seen)


@shows("grokking")
def grokking(rng: Rng) -> Channels:
    """Train is near zero early; validation stays up for a hundred times as long, and then falls off a cliff."""
    steps, share = logged(rng)
    _, seen = evaluated(rng, 30_000)
    learned = rng.uniform(0.005, 0.0085)
    guess, floor = np.log(97.0), rng.uniform(0.005, 0.03)
    cliff = 1.0 / (1.0 + np.exp((seen - 100.0 * learned) / rng.uniform(0.01, 0.03)))
    train = floor + (guess - floor) * np.exp(-3.0 * share / learned)
    return pair(rng, 30_000, (steps, train), floor * 2.0 + guess * rng.uniform(1.0, 1.4) * cliff, seen)


@shows("catastrophic_forgetting")
def forgetting(rng: Rng) -> Channels:
    """Tasks are trained one after the other; the loss of the first, which had fallen, rises when the next begins."""
    steps, share = logged(rng)
    tasks = int(rng.integers(2, 4))
    edges = np.linspace(0.0, 1.0, tasks + 1)
    train = np.empty(len(share))
    found: Channels = {}
    for task in range(tasks):
        low, high = edges[task], edges[task + 1]
        start, end = rng.uniform(2.0, 2.6), rng.uniform(0.2, 0.5)
        learned = end + (start - end) * np.exp(-np.clip(share - low, 0.0, high - low) / (0.12 * (high - low)))
        lost = rng.uniform(0.7, 1.2) * (start - end) * (1.0 - np.exp(-np.maximum(share - high, 0.0) / 0.05))
        loss = noisy(rng, learned + lost)
        train = np.where((share >= low) & (share <= high), loss, train)
        found[f"task_loss/{'abc'[task]}"] = (steps, loss)
    return {"train_loss": (steps, train), **found}


@shows("exploding_gradients", beside=("divergence", "plateau"))
def gradient_norm_grows_exponentially(rng: Rng) -> Channels:
    """Steady around a few units, then growing by the same factor every step; the loss falls no more, and rises."""
    steps, share = logged(rng)
    onset = rng.uniform(0.3, 0.6)
    after = np.maximum(share - onset, 0.0) / (1.0 - onset)
    norm = rng.uniform(1.0, 4.0) * rng.uniform(100.0, 1e5) ** after * np.exp(0.1 * rng.normal(size=len(share)))
    calm = descent(rng, np.minimum(share, onset))
    return {
        "train_loss": (steps, noisy(rng, calm * (1.0 + rng.uniform(0.05, 0.6) * after**2))),
        "grad_norm": (steps, norm),
    }


@shows("vanishing_gradients", beside=("flat_line", "plateau"))
def gradient_norm_decays_to_nothing(rng: Rng) -> Channels:
    """Let the norm decay toward zero while the loss is stuck: where it began, or a tenth to a quarter below."""
    steps, share = logged(rng)
    norm = rng.uniform(0.5, 3.0) * 10.0 ** (-rng.uniform(4.0, 8.0) * (1.0 - np.exp(-share / rng.uniform(0.1, 0.4))))
    below = rng.uniform(0.1, 0.25) if rng.random() < 0.5 else 0.0
    stuck = START * (1.0 - below * (1.0 - np.exp(-share / 0.05)))
    return {
        "train_loss": (steps, noisy(rng, stuck, 0.002, 0.008)),
        "grad_norm": (steps, norm * np.exp(0.1 * rng.normal(size=len(share)))),
    }


@shows("dead_class")
def one_class_at_zero(rng: Rng) -> Channels:
    """Great on average, awful on class 7: it is always near zero while the nine others are learned."""
    found = healthy_train_and_validation(rng)
    steps = found["val_loss"][0]
    share = steps / steps[-1]
    for name in range(10):
        best = rng.uniform(0.7, 0.95) if name != 7 else rng.uniform(0.0, 0.015)
        accuracy = best * (1.0 - 0.9 * np.exp(-share / 0.15)) + rng.normal(0.0, 0.02 * best**0.5, len(share))
        found[f"class_accuracy/{name}"] = (steps, np.clip(accuracy, 0.0, 1.0))
    return found
