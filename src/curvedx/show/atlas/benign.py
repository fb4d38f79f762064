"""Look-alikes that are no pattern, drawn: runs of the generator that show nothing, but look as the catalogue warns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from curvedx.catalogue import HEALTHY, patterns
from curvedx.curve import FloatArray
from curvedx.show.atlas.drawing import ABSENT, Story, generator

if TYPE_CHECKING:
    from curvedx.synth.draw import Drawn
    from curvedx.synth.truth import Truth

POINTS = (40, 400)
TRIES = 1500


@dataclass(frozen=True)
class Benign:
    """One way a run can look like a pattern without showing it."""

    shows: Callable[[Truth], bool]
    """Whether a draw looks like it."""
    recipe: str = HEALTHY
    """The pattern whose recipe draws it, short of its threshold; a healthy run is drawn without one."""
    fixed: Mapping[str, float] = field(default_factory=dict)


def _fallen(truth: Truth, at: float) -> float:
    """Return how much of the drop is done at a position."""
    level = float(np.interp(at, truth.t, truth.loss_trend))
    return (float(truth.loss_trend[0]) - level) / max(float(np.ptp(truth.loss_trend)), 1e-12)


def _bumps(truth: Truth) -> FloatArray:
    """Return the short events as shares of the trend's fall."""
    return np.asarray((truth.loss_clean - truth.loss_trend) / max(float(np.ptp(truth.loss_trend)), 1e-12))


def _quiet(truth: Truth) -> bool:
    return truth.noise < 0.04 * truth.drop_ and truth.drop_ > 0.3 * truth.unit and _fallen(truth, 0.03) < 0.6


def _plain(truth: Truth) -> bool:
    return _quiet(truth) and float(np.abs(_bumps(truth)).max()) < 0.03


def _starts_late(truth: Truth) -> bool:
    return _plain(truth) and _fallen(truth, 0.2) < 0.05


def _cools_down(truth: Truth) -> bool:
    before = _fallen(truth, 0.75) - _fallen(truth, 0.55)
    return _plain(truth) and truth.rate_explains and _fallen(truth, 1.0) - _fallen(truth, 0.8) > max(0.1, 3 * before)


def _first_batch_odd(truth: Truth) -> bool:
    bumps = np.abs(_bumps(truth))
    return _quiet(truth) and 0.1 < float(bumps[:3].max()) < 0.9 and float(bumps[3:].max()) < 0.05


def _towers(truth: Truth) -> bool:
    bumps = _bumps(truth)
    return _quiet(truth) and 1.5 < bumps[0] < 8.0 and float(np.abs(bumps[1:]).max()) < 0.03


def _odd_batches(truth: Truth) -> bool:
    odd = np.flatnonzero(np.abs(_bumps(truth)) > 0.15)
    return _quiet(truth) and 2 <= len(odd) <= 8 and odd[0] > 5 and bool((np.diff(odd) > 1).all())


def _heavy_tailed(truth: Truth) -> bool:
    scatter = (truth.y - truth.loss_clean) / max(truth.noise, 1e-12)
    high = float(scatter.max())
    return _quiet(truth) and truth.noise > 0.015 * truth.drop_ and high > 6.0 and high > 1.5 * float(-scatter.min())


def _gap(truth: Truth) -> FloatArray | None:
    """Return how far validation lies above train over the second half, in starts."""
    if truth.val_t is None or truth.val is None:
        return None
    late = truth.val_t > 0.5
    train = np.interp(truth.val_t, truth.t, truth.loss_trend)
    return np.asarray((truth.val - train)[late] / truth.unit)


def _scatter(truth: Truth) -> FloatArray | None:
    """Return how far each evaluation lies from its noise-free value, in starts."""
    if truth.val is None or truth.val_y is None or len(truth.val) < 15:
        return None
    return np.asarray((truth.val_y - truth.val) / truth.unit)


def _constant_gap(truth: Truth) -> bool:
    gap, scatter = _gap(truth), _scatter(truth)
    if gap is None or scatter is None or not _plain(truth):
        return False
    return float(gap.min()) > 0.1 and float(np.ptp(gap)) < 0.05 and float(np.abs(scatter).mean()) < 0.01


def _noisy_validation(truth: Truth) -> bool:
    scatter = _scatter(truth)
    return scatter is not None and _plain(truth) and 0.03 < float(np.abs(scatter).mean()) < 0.08


def _one_bad_evaluation(truth: Truth) -> bool:
    scatter = _scatter(truth)
    if scatter is None or not _plain(truth):
        return False
    largest = np.sort(np.abs(scatter))[::-1]
    return bool(0.06 < largest[0] < 1.5 and largest[1] < 0.4 * largest[0])


def _ends_a_little_higher(truth: Truth) -> bool:
    scatter = _scatter(truth)
    gap = _gap(truth)
    if scatter is None or gap is None or not _plain(truth):
        return False
    return float(np.abs(scatter).mean()) < 0.005 and float(gap.max()) < 0.3


def _norm_calm(truth: Truth) -> bool:
    if truth.grad is None or not _plain(truth) or not np.isfinite(truth.grad).all():
        return False
    return float(np.abs(np.diff(truth.grad)).max()) < 0.2


def _two_tasks(truth: Truth) -> bool:
    return len(truth.tasks) == 2


def _class_comes_late(truth: Truth) -> bool:
    scatter = _scatter(truth)
    if truth.val_t is None or scatter is None or not 2 < len(truth.classes) <= 8 or not _plain(truth):
        return False
    if float(np.abs(scatter).mean()) > 0.02:
        return False
    early = truth.val_t < 0.3
    return any(float(a[early].max()) < 0.05 and float(a[-1]) > 0.5 for a in truth.classes.values() if early.any())


_LATE_START = Benign(_starts_late)

BENIGN: dict[tuple[str, str], Benign] = {
    ("flat_line", "a late start"): _LATE_START,
    ("flat_line", "a long warm-up"): _LATE_START,
    ("step_drops", "the end of a plateau"): _LATE_START,
    ("undertrained", "the decay phase of a schedule"): Benign(_cools_down),
    ("warmup_spike", "one low or high first batch"): Benign(_first_batch_odd),
    ("warmup_spike", "a large first loss"): Benign(_towers),
    ("loss_spikes", "single hard or odd batches"): Benign(_odd_batches),
    ("loss_spikes", "heavy-tailed noise"): Benign(_heavy_tailed),
    ("overfitting", "a constant gap"): Benign(_constant_gap),
    ("overfitting", "noise of a small validation set"): Benign(_noisy_validation),
    ("double_descent", "a single noisy evaluation"): Benign(_one_bad_evaluation),
    ("overfitting", "a small rise that stays flat"): Benign(
        _ends_a_little_higher, "overfitting", {"turn": 0.5, "rise": 0.035}
    ),
    ("exploding_gradients", "a slow rise of the norm"): Benign(
        _norm_calm, "exploding_gradients", {"at": 0.2, "rise": 0.4, "growth": 3.5}
    ),
    ("catastrophic_forgetting", "the short bump at a switch"): Benign(
        _two_tasks, "catastrophic_forgetting", {"switch": 0.45, "rise": 0.9}
    ),
    ("dead_class", "a late class"): Benign(_class_comes_late, "dead_class", {"others": 0.9, "dead": 0.005}),
}
"""How the look-alikes that are no pattern are drawn, by pattern and name; the others are told in words alone."""


def look_alikes(seed: int) -> dict[tuple[str, str], Story]:
    """Draw the look-alikes that are no pattern.

    Returns
    -------
    dict
        By pattern and name of the look-alike; one for which no draw looks so is left out.
    """
    draws = _Draws(seed)
    stories: dict[tuple[str, str], Story] = {}
    for key, benign in BENIGN.items():
        one = next((one for one in draws.of(benign) if benign.shows(one.truth)), None)
        if one is not None:
            stories[key] = Story(pattern=patterns()[benign.recipe], sliders=(), typical=(), frames={(): one})
    return stories


class _Draws:
    """Draws that show no pattern, kept: many look-alikes are sought among the same healthy runs."""

    def __init__(self, seed: int) -> None:
        self.seed, self.draw = seed, generator()
        self.kept: list[Drawn] = []
        self.tried = 0

    def of(self, benign: Benign) -> Iterator[Drawn]:
        if benign.recipe == HEALTHY:
            yield from self.kept
            while self.tried < TRIES:
                one = self.draw(self.seed, self.tried, (), fixed={})
                self.tried += 1
                if _shows_nothing(one):
                    self.kept.append(one)
                    yield one
            return
        for index in range(TRIES):
            one = self.draw(self.seed, index, (benign.recipe,), fixed=benign.fixed)
            if _shows_nothing(one):
                yield one


def _shows_nothing(one: Drawn) -> bool:
    if not POINTS[0] <= len(one.curve) <= POINTS[1] or one.curve.caveats:
        return False
    return (
        one.truth.positive
        and not one.truth.log
        and not one.truth.failed
        and all((degree or 0.0) <= ABSENT for degree in one.degrees.values())
    )
