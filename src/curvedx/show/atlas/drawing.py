"""The curves of the page: for each pattern one clear draw of the generator, and the whole grid of its sliders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from curvedx.catalogue import HEALTHY, Pattern
from curvedx.curve import CLASS_ACCURACY, GRAD_NORM, LR, TASK_LOSS, TRAIN_LOSS, VAL_LOSS, Channel, Curve
from curvedx.errors import CurvedxError, MissingExtraError
from curvedx.show.atlas.sliders import Slider, sliders

if TYPE_CHECKING:
    from curvedx.synth.draw import Drawn
    from curvedx.synth.truth import Truth

POINTS = (60, 120)
"""Train points of a run on the page: enough to show its shape, few enough to be drawn whole."""

CLEAR, ABSENT = 0.95, 0.15
"""Degree a pattern shows at least in its typical draw, and every other at most."""

TRIES = 4000
HEALTHY_RUNS = 9

_ABOUT_THE_RATE = {"schedule_waves", "step_drops"}
_LOG = {"grokking", "collapse_to_zero"}
_LOUDEST = {"sawtooth": 0.4, "flat_line": np.inf, "collapse_to_zero": np.inf, "grokking": np.inf}
_PASSING = {"loss_spikes", "warmup_spike"}
_LEVEL = {"flat_line", "vanishing_gradients", "collapse_to_zero", "catastrophic_forgetting"}


@dataclass(frozen=True, kw_only=True)
class Story:
    """One pattern as the page shows it."""

    pattern: Pattern
    sliders: tuple[Slider, ...]
    typical: tuple[int, ...]
    """Where the sliders stand at first."""
    frames: Mapping[tuple[int, ...], Drawn]
    """A draw for every combination of the sliders' places."""

    @property
    def first(self) -> Drawn:
        """The typical draw."""
        return self.frames[self.typical]


def generator() -> Callable[..., Drawn]:
    """Return the function that draws one run.

    Raises
    ------
    MissingExtraError
        If what the generator needs is not installed.
    """
    try:
        from curvedx.synth.draw import draw  # noqa: PLC0415 - it needs scipy
    except ImportError as error:
        raise MissingExtraError("train", "drawing the curves of the atlas") from error
    return draw


def beside(pattern: str, needs: tuple[str, ...], curve: Curve) -> dict[str, Channel]:
    """Return the channels that a pattern is about beyond the losses, by the names a reader knows; often none."""
    grad, rate = curve.get(GRAD_NORM), curve.get(LR)
    if GRAD_NORM in needs and grad is not None:
        return {"gradient norm": grad}
    if TASK_LOSS in needs:
        return {f"loss of the {name} task": task for name, task in curve.family(TASK_LOSS).items()}
    if CLASS_ACCURACY in needs:
        return {f"accuracy of class {name}": accuracy for name, accuracy in curve.family(CLASS_ACCURACY).items()}
    if pattern in _ABOUT_THE_RATE and rate is not None:
        return {"learning rate": rate}
    return {}


def story(pattern: Pattern, seed: int) -> Story:
    """Draw one pattern: search a typical run, then move each of its parameters.

    Raises
    ------
    CurvedxError
        If none of `TRIES` draws shows the pattern clearly and alone.
    MissingExtraError
        If what the generator needs is not installed.
    """
    draw = generator()
    if pattern.name == HEALTHY:
        return _healthy(pattern, seed, draw)
    own = sliders(pattern)

    def at(index: int, places: tuple[int, ...]) -> Drawn:
        fixed = {slider.name: slider.values[place] for slider, place in zip(own, places, strict=True)}
        return draw(seed, index, (pattern.name,), fixed=fixed)

    for index in range(TRIES):
        rng = np.random.default_rng([seed, index])
        places = tuple(int(rng.integers(len(slider.values))) for slider in own)
        if _is_typical(at(index, places), pattern) and _moves(lambda p, i=index: at(i, p), places, own, pattern):  # type: ignore[misc]  # the index of this turn
            grid = product(*(range(len(slider.values)) for slider in own))
            return Story(pattern=pattern, sliders=own, typical=places, frames={p: at(index, p) for p in grid})
    raise CurvedxError(f"{pattern.name}: none of {TRIES} draws shows it clearly and alone; choose another seed")


def _healthy(pattern: Pattern, seed: int, draw: Callable[..., Drawn]) -> Story:
    """Show several healthy runs: nothing is there to be moved, and no two look alike."""

    def found() -> Iterator[Drawn]:
        for index in range(TRIES):
            one = draw(seed, index, (), fixed={})
            if _is_typical(one, pattern) and VAL_LOSS in one.curve:
                yield one

    runs = dict(zip(range(HEALTHY_RUNS), found(), strict=False))
    if not runs:
        raise CurvedxError(f"{pattern.name}: none of {TRIES} draws is healthy; choose another seed")
    places = tuple(map(float, runs))
    texts = tuple(f"run {number + 1} of {len(runs)}" for number in runs)
    choice = Slider(name="run", words="Another healthy run", values=places, texts=texts)
    return Story(pattern=pattern, sliders=(choice,), typical=(0,), frames={(n,): one for n, one in runs.items()})


def _is_typical(one: Drawn, pattern: Pattern) -> bool:
    """Tell whether a newcomer would see this pattern in a draw, and nothing else."""
    curve, name = one.curve, pattern.name
    if not POINTS[0] <= len(curve) <= POINTS[1] or curve.caveats:
        return False
    if name != HEALTHY and (one.degrees.get(name) or 0.0) < CLEAR:
        return False
    if any((degree or 0.0) > ABSENT for other, degree in one.degrees.items() if other != name):
        return False
    return _is_told_by(one, pattern) and _is_plain(one.truth, pattern)


def _is_told_by(one: Drawn, pattern: Pattern) -> bool:
    """Tell whether the channels beside the losses tell the story: logged, finite, and few enough to follow."""
    values = one.curve[TRAIN_LOSS].values
    if pattern.name == "numerical_failure":
        broken = ~np.isfinite(values)
        return bool(0.2 < broken.mean() < 0.8 and broken[-1] and np.isnan(values[broken]).all())
    extra = beside(pattern.name, pattern.needs, one.curve)
    if TASK_LOSS in pattern.needs:
        return len(extra) == 2
    if CLASS_ACCURACY in pattern.needs or pattern.name in _ABOUT_THE_RATE:
        return 0 < len(extra) <= 8
    return all(np.isfinite(channel.values).all() for channel in extra.values())


def _is_plain(truth: Truth, pattern: Pattern) -> bool:
    """Tell whether the losses are free of what would distract: other events, loud noise, an unusual axis."""
    name = pattern.name
    passing = float(np.max(np.abs(truth.clean - truth.trend)))
    level = name in _LEVEL
    return (
        truth.positive
        and (not truth.log or name in _LOG)
        and truth.noise <= _LOUDEST.get(name, 0.04) * truth.drop_
        and (passing <= 0.02 * truth.unit or name in _PASSING)
        and (truth.noise < 0.02 * truth.unit if level else truth.drop_ > 0.3 * truth.unit)
        and _follows(truth, pattern)
    )


def _follows(truth: Truth, pattern: Pattern) -> bool:
    """Tell whether the validation loss is calm, and stays near the train loss where the story is not about it."""
    if truth.val_t is None or truth.val is None or truth.val_y is None:
        return True
    scatter = float(np.abs(truth.val_y - truth.val).mean())
    if scatter > min(0.01 * truth.unit, _LOUDEST.get(pattern.name, 0.06) * truth.drop_):
        return False
    gap = float(np.abs(truth.val - np.interp(truth.val_t, truth.t, truth.loss_trend)).mean())
    return VAL_LOSS in pattern.needs or gap < 0.15 * truth.unit


def _moves(
    at: Callable[[tuple[int, ...]], Drawn], places: tuple[int, ...], own: tuple[Slider, ...], pattern: Pattern
) -> bool:
    """Tell whether each slider changes what is drawn: some recipes toss a coin whether a parameter counts."""
    shown = [_shown(at(places).curve, pattern)]
    for number, slider in enumerate(own):
        ends = (0, len(slider.values) - 1)
        moved = [_shown(at((*places[:number], end, *places[number + 1 :])).curve, pattern) for end in ends]
        if moved[0] == moved[1] or any(one.keys() != shown[0].keys() for one in moved):
            return False
    return True


def _shown(curve: Curve, pattern: Pattern) -> dict[str, Channel]:
    losses = {name: channel for name in (TRAIN_LOSS, VAL_LOSS) if (channel := curve.get(name)) is not None}
    return losses | beside(pattern.name, pattern.needs, curve)
