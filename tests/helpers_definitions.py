"""What each label asks of the latent curve, stated again in a few lines of numpy, apart from the library's measures.

Each function takes what is known of a drawn run and a factor on every threshold: below one the property is asked for
loosely, above one strictly.
"""

from collections.abc import Callable

import numpy as np

from curvedx.curve import FloatArray
from curvedx.synth.truth import Truth

Property = Callable[[Truth, float], bool]


def noise(run: Truth) -> float:
    return robust(run.y - run.loss_clean)


def robust(values: FloatArray) -> float:
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def size(run: Truth) -> float:
    """Return what per cent of the start refer to: the start, or the drop of a loss that can be negative."""
    start = start_of(run, run.loss_clean)
    return abs(start) if run.positive else start - float(run.loss_trend.min())


def start_of(run: Truth, values: FloatArray | None = None) -> float:
    """Return the lower of the levels that may count as the start: a towering first point may or may not."""
    clean = plotted(run, run.loss_clean) if values is None else values
    return min(float(clean[0]), float(np.median(clean[: max(1, len(clean) // 100)])))


def drop_of(run: Truth) -> float:
    """Return the fall on the axis of the plot, never zero."""
    return max(start_of(run) - float(plotted(run, run.loss_trend).min()), 1e-9)


def plotted(run: Truth, values: FloatArray) -> FloatArray:
    """Put losses on the axis on which a person would plot them."""
    after = run.loss_trend[max(1, round(0.02 * len(run.t))) :]
    log = run.positive and run.loss_clean.min() > 0 and after.min() > 0 and after.max() / after.min() > 50
    return np.asarray(np.log(values)) if log else values


def end_of(values: FloatArray) -> float:
    return float(np.median(values[-max(1, round(0.05 * len(values))) :]))


def flat_line(run: Truth, by: float) -> bool:
    """No 3 % of the run lies wholly below the start by noise or by 2 %."""
    limit = max(noise(run), 0.02 * size(run)) / by
    wide = max(1, round(0.03 * len(run.t)))
    low = start_of(run, run.loss_clean) - limit
    later = run.loss_trend[max(1, round(0.02 * len(run.t))) :]
    return not any(max(later[i : i + wide]) < low for i in range(len(later) - wide + 1))


def plateau(run: Truth, by: float) -> bool:
    trend = run.loss_trend
    drop = float(trend[0] - trend.min())
    half = float(np.median(trend[int(0.45 * len(trend)) : int(0.55 * len(trend)) + 1]))
    high = end_of(trend) > 0.2 * by * size(run) or not run.positive
    return drop > 0.1 * by * size(run) and half - end_of(trend) < 0.02 / by * drop and high


def divergence(run: Truth, by: float) -> bool:
    trend = plotted(run, run.loss_trend)
    drop = drop_of(run)
    spread = robust(plotted(run, run.y) - plotted(run, run.loss_clean))
    rise = end_of(trend) - float(trend.min())
    return rise > 0.5 * by * drop or (drop < 2.0 * spread and rise > 0.0)


def numerical_failure(run: Truth, by: float) -> bool:
    return run.failed > 0.0


def collapse_to_zero(run: Truth, by: float) -> bool:
    """Four decades at once below all that was, most of the decades of the run, and it stays there."""
    least = np.maximum(np.minimum.accumulate(run.loss_trend), 1e-12 * size(run))
    wide = max(1, round(0.1 * len(least)))
    falls = [float(np.log10(a / b)) for a, b in zip(least, least[wide:], strict=False)]
    most = max(falls) > min(0.45 * by, 1.0) * float(np.log10(least[0] / least[-1]))
    return run.positive and max(falls) > 4.0 * by and most and end_of(run.loss_trend) < 3e-4 / by * size(run)


def loss_spikes(run: Truth, by: float) -> bool:
    y, trend = plotted(run, run.y), plotted(run, run.loss_trend)
    spread = robust(y - plotted(run, run.loss_clean))
    return float((y - trend).max()) > by * max(6.0 * spread, 0.1 * drop_of(run))


def warmup_spike(run: Truth, by: float) -> bool:
    clean = plotted(run, run.loss_clean)
    early = max(3, int((run.t < 0.1).sum()), len(clean) // 10 + 1) + 2
    rise = max(float(b - clean[: i + 1].min()) for i, b in enumerate(clean[:early]))
    unit = size(run) if clean is run.loss_clean else float(clean[0] - clean.min())
    return rise > 0.1 * by * unit and end_of(run.loss_trend) < float(run.loss_clean[:early].max())


def sawtooth(run: Truth, by: float) -> bool:
    residual = np.array_split(plotted(run, run.y) - plotted(run, run.loss_clean), 4)
    drop = drop_of(run)
    noisy = [1.4826 * float(np.median(np.abs(part))) > 0.1 * by * drop for part in residual]
    return sum(noisy) >= 3


def oscillation(run: Truth, by: float) -> bool:
    trend = plotted(run, run.loss_trend)
    later = trend[len(trend) // 3 :]
    drop = drop_of(run)
    middle = later > (later.max() + later.min()) / 2.0
    return float(np.ptp(later)) > by * drop / 3.0 and int((middle[1:] != middle[:-1]).sum()) >= 2


def level_jump(run: Truth, by: float) -> bool:
    return steps_of(run, up=True, least=0.05 * by, noises=4.0 * by) >= 1


def step_drops(run: Truth, by: float) -> bool:
    return steps_of(run, up=False, least=0.05 * by, noises=4.0 * by) >= 1


def epoch_staircase(run: Truth, by: float) -> bool:
    return steps_of(run, up=False, least=0.015 * by, noises=4.0 * by) >= 3


def steps_of(run: Truth, *, up: bool, least: float, noises: float) -> int:
    """Count changes within 3 % of the run (or two points) that exceed a share of the local level and the noise."""
    trend = plotted(run, run.loss_trend)
    spread = robust(plotted(run, run.y) - plotted(run, run.loss_clean))
    wide = max(2, round(0.03 * len(trend)))
    count, at = 0, 0
    while at + 1 < len(trend):
        change = (trend[at + 1 : at + wide + 1] - trend[at]) * (1.0 if up else -1.0)
        level = 1.0 if trend is not run.loss_trend else abs(trend[at]) if run.positive else size(run)
        # On a log axis a fall by a share is that of the loss.
        grown = -np.expm1(-change.max()) if level == 1.0 and trend is not run.loss_trend and not up else change.max()
        if grown > least * level and change.max() > noises * spread:
            count, at = count + 1, at + wide
        at += 1
    return count


def undertrained(run: Truth, by: float) -> bool:
    trend = np.interp(np.linspace(0, 1, 200), np.linspace(0, 1, len(run.t)), run.loss_trend)
    drop = float(trend[0] - trend.min())
    return float(trend[158] - trend[-1]) > 0.1 * by * drop and not run.rate_explains


def schedule_waves(run: Truth, by: float) -> bool:
    trend = plotted(run, run.loss_trend)
    drop = min(drop_of(run), float(np.ptp(trend[min(len(trend) // 50 + 1, len(trend) - 1) :])))
    rises = []
    for begin, end in zip(run.restarts, (*run.restarts[1:], 1.0), strict=True):
        inside = trend[(run.t >= begin) & (run.t <= end)]
        before = trend[run.t < begin]
        if len(inside) and len(before):
            rises.append(float(inside.max() - before[-2:].min()))
    return len(rises) >= 2 and max(rises) > 0.06 * by * drop


def overfitting(run: Truth, by: float) -> bool:
    assert run.val is not None and run.val_y is not None and run.val_t is not None
    val = run.val
    lowest = int(val.argmin())
    rise = end_of(val) - float(val.min())
    unit = float(val.min()) if run.positive else float(val[0] - val.min())
    lasting = len(val) - 1 - lowest >= 3 or run.val_t[-1] - run.val_t[lowest] > 0.2 * by
    train_rise = end_of(run.loss_trend) - float(np.interp(run.val_t[lowest], run.t, run.loss_trend))
    return (
        rise > 0.05 * by * unit
        and rise > 0.03 * by * float(val[0] - val.min())
        and rise > 3.0 * by * 1.4826 * float(np.median(np.abs(run.val_y - val)))
        and lasting
        and (by < 1.0 or train_rise < 0.0)
    )


def val_below_train(run: Truth, by: float) -> bool:
    assert run.val_y is not None and run.val_t is not None
    later = run.val_t >= run.val_t[0] + 0.1 * (run.val_t[-1] - run.val_t[0])
    around = max(5, round(0.1 * len(run.t))) // 2
    rest = run.y - run.loss_clean
    mean = [rest[max(0, i - around) : i + around + 1].mean() for i in range(len(rest))]
    train = np.interp(run.val_t[later], run.t, run.loss_clean + np.array(mean))
    unit = np.abs(train) if run.positive else np.full(len(train), size(run))
    return float(((train - run.val_y[later]) / unit > 0.05 * by).mean()) >= min(0.7 * by, 1.0)


def grokking(run: Truth, by: float) -> bool:
    assert run.val is not None and run.val_t is not None
    early = float(run.t[int(np.argmax(run.loss_trend < 0.3 * run.loss_trend[0]))])
    high = run.val > 0.7 * run.val[0]
    late = float(run.val_t[np.flatnonzero(high)[-1]])
    return late > 3.0 * by * min(early, late) and float(run.val.max() / run.val[-3:].min()) > 2.0 * by


def double_descent(run: Truth, by: float) -> bool:
    assert run.val is not None
    val = run.val
    peak = int(np.argmax(val - np.minimum.accumulate(val)))
    low = float(val[: peak + 1].min())
    unit = abs(low) if run.positive else float(val[0]) - low
    rise = float(val[peak]) - low
    return rise > 0.1 * by * unit and float(val[peak] - val[peak:].min()) > min(0.7 * by, 1.0) * rise


def catastrophic_forgetting(run: Truth, by: float) -> bool:
    for loss in run.tasks.values():
        lowest = int(loss.argmin())
        fall = float(loss[: lowest + 1].max() - loss[lowest])
        if fall > 0.05 * by * size(run) and end_of(loss) - loss[lowest] > 0.5 * by * fall:
            return True
    return False


def exploding_gradients(run: Truth, by: float) -> bool:
    assert run.grad is not None
    later = run.grad[run.t >= 0.1]
    fell = float(run.loss_trend[run.t >= 0.1][int(later.argmin())]) - end_of(run.loss_trend)
    # Of few norms the last three count.
    end = float(np.median(later[-max(3, round(0.05 * len(later))) :]))
    # A norm that had decayed and only comes back to where it began is no explosion beyond doubt.
    beyond = end > float(np.median(later[: max(1, len(later) // 10)]))
    return end - float(later.min()) > 1.0 * by and (by < 1.0 or (beyond and fell < 0.05 * size(run)))


def vanishing_gradients(run: Truth, by: float) -> bool:
    assert run.grad is not None
    gone = float(run.grad.max()) - end_of(run.grad) > 2.0 * by or end_of(run.grad) < -5.0 * by
    return gone and (not run.positive or end_of(run.loss_trend) > 0.5 * by * size(run))


def dead_class(run: Truth, by: float) -> bool:
    half = {name: accuracy[len(accuracy) // 2 :] for name, accuracy in run.classes.items()}
    worst = min(half, key=lambda name: float(half[name].max()))
    others = np.mean([half[name][-max(1, len(half[name]) // 2) :] for name in half if name != worst])
    return float(half[worst].max()) < 0.05 / by and bool(others > 0.5 * by)


PROPERTIES: dict[str, Property] = {
    f.__name__: f
    for f in (
        flat_line,
        plateau,
        divergence,
        numerical_failure,
        collapse_to_zero,
        loss_spikes,
        warmup_spike,
        sawtooth,
        oscillation,
        level_jump,
        step_drops,
        epoch_staircase,
        undertrained,
        schedule_waves,
        overfitting,
        val_below_train,
        grokking,
        double_descent,
        catastrophic_forgetting,
        exploding_gradients,
        vanishing_gradients,
        dead_class,
    )
}
