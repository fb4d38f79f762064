"""What needs no model: always healthy, the commonest headline, one obvious rule a label, the definitions themselves.

A rule is the line that somebody would write in a minute. None is tuned; they are there to be beaten. The definitions
are those by which the generator labels what it draws, here on what `synth.estimated` makes of the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from curvedx.catalogue import HEALTHY, UNASSESSED, assessable
from curvedx.curve import CLASS_ACCURACY, GRAD_NORM, LR, TASK_LOSS, TRAIN_LOSS, VAL_LOSS, Curve, FloatArray
from curvedx.evaluate.predictions import Prediction, headline
from curvedx.measures import spread
from curvedx.models.headline import PRESENT
from curvedx.readers.labelled import LabelledRun
from curvedx.synth.estimated import degrees

Rule = Callable[[Curve], bool]

FEWEST = 8  # below this many train points nothing is assessed, as for the model


def predictions(runs: Sequence[LabelledRun]) -> dict[str, list[Prediction]]:
    """Return every baseline's predictions by its name, the strongest first, one a run in the order given."""
    common = Counter(headline(run.present) for run in runs if run.present and not run.not_a_loss)
    usual = common.most_common(1)[0][0] if common else HEALTHY
    return {
        "definitions as rules": [defined(run.curve) for run in runs],
        "one rule a label": [ruled(run.curve) for run in runs],
        "majority headline": [constant(run.curve, usual) for run in runs],
        "always healthy": [constant(run.curve, HEALTHY) for run in runs],
    }


def constant(curve: Curve, label: str) -> Prediction:
    """Say the same of every run."""
    return _prediction(curve, frozenset() if label == HEALTHY else frozenset({label}))


def ruled(curve: Curve) -> Prediction:
    """Say what the rules say, leaving out patterns whose channels were not logged."""
    if len(curve) < FEWEST:
        return Prediction(labels=frozenset(), unassessed=frozenset(p.name for p in assessable()), headline=UNASSESSED)
    possible = (p.name for p in assessable() if all(map(curve.has, p.needs)))
    with np.errstate(all="ignore"):
        return _prediction(curve, frozenset(name for name in possible if RULES[name](curve)))


def defined(curve: Curve) -> Prediction:
    """Say which definitions hold more than not on what the log tells."""
    found = degrees(curve)
    labels = frozenset(name for name, degree in found.items() if degree is not None and degree > PRESENT)
    return Prediction(
        labels=labels,
        unassessed=frozenset(name for name, degree in found.items() if degree is None),
        headline=headline(labels) if len(curve) >= FEWEST else UNASSESSED,
        probabilities={name: degree for name, degree in found.items() if degree is not None},
    )


def _prediction(curve: Curve, labels: frozenset[str]) -> Prediction:
    missing = frozenset(p.name for p in assessable() if not all(map(curve.has, p.needs)))
    return Prediction(labels=labels, unassessed=missing - labels, headline=headline(labels))


def _finite(curve: Curve, name: str = TRAIN_LOSS) -> FloatArray:
    """Return the finite values of a channel; one zero where there is none, so that a rule need not ask."""
    values = curve[name].values
    values = values[np.isfinite(values)]
    return values if len(values) else np.zeros(1)


def _fall(v: FloatArray) -> float:
    return float(v[0] - v.min())


def _jumps(v: FloatArray) -> FloatArray:
    """Return first differences in robust standard deviations."""
    steps = np.diff(v, prepend=v[0])
    noise = spread(steps)
    return steps / noise if noise > 0 else np.zeros_like(steps)


def _middle(v: FloatArray, low: float, high: float) -> float:
    """Return the median of the values between two shares of the run."""
    at = int(low * len(v))
    return float(np.median(v[at : max(at + 1, int(high * len(v)))]))


def numerical_failure(curve: Curve) -> bool:
    """Tell whether NaN or infinity is anywhere."""
    return not bool(np.isfinite(curve[TRAIN_LOSS].values).all())


def divergence(curve: Curve) -> bool:
    """Tell whether the end is above the start."""
    v = _finite(curve)
    return bool(v[-1] > v[0])


def collapse_to_zero(curve: Curve) -> bool:
    """Tell whether the end is below a ten-thousandth of the start."""
    v = _finite(curve)
    return bool(abs(v[-1]) < 1e-4 * v[0])


def flat_line(curve: Curve) -> bool:
    """Tell whether the loss fell by less than 2 % in all."""
    v = _finite(curve)
    return bool(_fall(v) < 0.02 * abs(v[0]))


def exploding_gradients(curve: Curve) -> bool:
    """Tell whether the gradient norm ends at 10 times its median."""
    v = _finite(curve, GRAD_NORM)
    return bool(v[-1] > 10 * np.median(v))


def vanishing_gradients(curve: Curve) -> bool:
    """Tell whether the gradient norm ends at a hundredth of its start."""
    v = _finite(curve, GRAD_NORM)
    return bool(v[-1] < 0.01 * v[0])


def catastrophic_forgetting(curve: Curve) -> bool:
    """Tell whether a task's loss ends above its minimum by half of its fall."""
    tasks = [_finite(curve, TASK_LOSS + name) for name in curve.family(TASK_LOSS)]
    return any(bool(v[-1] - v.min() > 0.5 * _fall(v)) for v in tasks)


def overfitting(curve: Curve) -> bool:
    """Tell whether the last 5 % of the validation loss is 3.8 % above its minimum."""
    v = _finite(curve, VAL_LOSS)
    return bool(v[-max(1, len(v) // 20) :].mean() > 1.038 * v.min())


def oscillation(curve: Curve) -> bool:
    """Tell whether the last half spreads over a third of the whole range."""
    v = _finite(curve)
    return bool(np.ptp(v[len(v) // 2 :]) > np.ptp(v) / 3)


def plateau(curve: Curve) -> bool:
    """Tell whether the last quarter brings less than 2 % of the fall, at more than a fifth of the start."""
    v = _finite(curve)
    return bool(_middle(v, 0.5, 0.75) - _middle(v, 0.75, 1) < 0.02 * _fall(v) and v[-1] > 0.2 * v[0])


def dead_class(curve: Curve) -> bool:
    """Tell whether a class stays below 5 % accuracy over the last half."""
    classes = [_finite(curve, CLASS_ACCURACY + name) for name in curve.family(CLASS_ACCURACY)]
    return any(bool(v[len(v) // 2 :].max() < 0.05) for v in classes)


def level_jump(curve: Curve) -> bool:
    """Tell whether the median of ten points is 5 % higher after the largest rise than before it."""
    v = _finite(curve)
    at = int(np.argmax(np.diff(v, prepend=v[0])))
    return bool(at and np.median(v[at : at + 10]) > 1.05 * np.median(v[max(0, at - 10) : at]))


def loss_spikes(curve: Curve) -> bool:
    """Tell whether a first difference is above 6 robust standard deviations."""
    return bool(_jumps(_finite(curve)).max() > 6)


def val_below_train(curve: Curve) -> bool:
    """Tell whether the median validation loss is 5 % below the median train loss."""
    return bool(np.median(_finite(curve, VAL_LOSS)) < 0.95 * np.median(_finite(curve)))


def warmup_spike(curve: Curve) -> bool:
    """Tell whether the first tenth rises 10 % above the first point."""
    v = _finite(curve)
    return bool(v[: max(2, len(v) // 10)].max() > 1.1 * v[0])


def sawtooth(curve: Curve) -> bool:
    """Tell whether first differences spread over more than 10 % of the fall."""
    v = _finite(curve)
    return bool(np.std(np.diff(v, prepend=v[0])) > 0.1 * _fall(v) > 0)


def undertrained(curve: Curve) -> bool:
    """Tell whether the last fifth brings more than 10 % of the fall."""
    v = _finite(curve)
    return bool(v[int(0.8 * len(v))] - v[-1] > 0.1 * _fall(v) > 0)


def grokking(curve: Curve) -> bool:
    """Tell whether the validation loss ends below half of what it was in the middle of the run."""
    v = _finite(curve, VAL_LOSS)
    return bool(v[-1] < 0.5 * _middle(v, 0.4, 0.6))


def double_descent(curve: Curve) -> bool:
    """Tell whether the validation loss rose 10 % above the minimum so far, and ends within 2 % of its minimum."""
    v = _finite(curve, VAL_LOSS)
    return bool((v > 1.1 * np.minimum.accumulate(v)).any() and v[-1] < 1.02 * v.min())


def schedule_waves(curve: Curve) -> bool:
    """Tell whether the learning rate rises again after the first tenth."""
    v = _finite(curve, LR) if LR in curve else np.zeros(1)
    return bool((np.diff(v[len(v) // 10 :]) > 0.1 * v.max()).any())


def epoch_staircase(curve: Curve) -> bool:
    """Tell whether three or more first differences are below minus 6 robust standard deviations."""
    return bool((_jumps(_finite(curve)) < -6).sum() >= 3)


def step_drops(curve: Curve) -> bool:
    """Tell whether after the first tenth a first difference is below minus 6 robust standard deviations."""
    v = _finite(curve)
    return bool((_jumps(v[len(v) // 10 :]) < -6).any())


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.__name__: rule
        for rule in (
            numerical_failure,
            divergence,
            collapse_to_zero,
            flat_line,
            exploding_gradients,
            vanishing_gradients,
            catastrophic_forgetting,
            overfitting,
            oscillation,
            plateau,
            dead_class,
            level_jump,
            loss_spikes,
            val_below_train,
            warmup_spike,
            sawtooth,
            undertrained,
            grokking,
            double_descent,
            schedule_waves,
            epoch_staircase,
            step_drops,
        )
    }
)
"""One rule a label, by the label's name."""
