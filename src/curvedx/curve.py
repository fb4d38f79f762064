"""`Curve`: what one run logged, channel by channel, validated at the border and immutable from then on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from curvedx.errors import CurveError

FloatArray = NDArray[np.float64]

Span = tuple[float, float]
"""First and last step of a stretch that a resume overwrote."""

TRAIN_LOSS = "train_loss"
VAL_LOSS = "val_loss"
LR = "lr"
GRAD_NORM = "grad_norm"
TASK_LOSS = "task_loss/"
CLASS_ACCURACY = "class_accuracy/"

CHANNELS = (TRAIN_LOSS, VAL_LOSS, LR, GRAD_NORM, f"{TASK_LOSS}<name>", f"{CLASS_ACCURACY}<name>")
"""The channels that are judged; any other name is kept and ignored."""


@dataclass(frozen=True, eq=False)
class Channel:
    """One logged quantity.

    Both arrays are float64, read-only and of equal length; `steps` is finite and strictly increasing.
    In `values`, NaN and infinity are what the run logged; a value that was never logged has no point.
    """

    steps: FloatArray
    values: FloatArray

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[FloatArray]:
        """Unpack as ``steps, values``."""
        return iter((self.steps, self.values))

    def finite(self) -> Channel:
        """Return the points whose values are neither NaN nor infinite; the channel itself where all are."""
        known = np.isfinite(self.values)
        return self if known.all() else Channel(self.steps[known], self.values[known])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Channel):
            return NotImplemented
        return np.array_equal(self.steps, other.steps) and np.array_equal(self.values, other.values, equal_nan=True)

    __hash__ = None  # type: ignore[assignment]  # arrays inside: equal by value, so not hashable


@dataclass(frozen=True)
class Curve:
    """All channels of one run.

    Parameters
    ----------
    channels
        Channel name to values, or to a pair ``(steps, values)``, or to a `Channel`. ``train_loss`` is required.
        Values without steps are numbered 0, 1, 2, ...; where a channel without steps has another length than the
        train loss, it is taken as evenly spaced over the run.
    name
        What the run is called in messages and reports.
    caveats
        Reasons to doubt what was read; those found here are added.

    Raises
    ------
    CurveError
        If there is no train loss, a channel is not one-dimensional, steps and values differ in length, a step is not
        finite, or a value is no number.

    Notes
    -----
    Steps that go back are a resume: the later branch replaces what it overwrites, as a tracker's own view does.
    Steps that go back to the very start are a counter that began again: the new stretch is appended. Points logged
    twice at one step (two ranks) are averaged. Each is noted as a caveat (a resume of the whole run once, for the train
    loss) and its step kept in `rewinds`.
    """

    channels: Mapping[str, Channel]
    name: str = ""
    caveats: tuple[str, ...] = ()
    rewinds: tuple[float, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        raw = dict(cast("Mapping[str, Any]", self.channels))
        label = self.name or "curve"
        if TRAIN_LOSS not in raw:
            found = ", ".join(map(repr, raw)) or "nothing"
            raise CurveError(f"{label}: no {TRAIN_LOSS!r} channel (found {found}); name the train loss {TRAIN_LOSS!r}")
        caveats = list(self.caveats)
        rewinds = list(self.rewinds)
        train, notes, resumes = _channel(label, TRAIN_LOSS, raw.pop(TRAIN_LOSS), None)
        caveats += notes
        rewinds += [back for back, _ in resumes]
        settled = {TRAIN_LOSS: train}
        for key, given in raw.items():
            try:
                settled[key], notes, _ = _channel(label, key, given, train, resumes)
            except CurveError:
                if _is_judged(key):
                    raise
                notes = [f"{key}: no series of numbers, left out"]
            caveats += notes
        object.__setattr__(self, "channels", MappingProxyType(settled))
        object.__setattr__(self, "caveats", tuple(dict.fromkeys(caveats)))
        object.__setattr__(self, "rewinds", tuple(dict.fromkeys(rewinds)))

    def __getitem__(self, channel: str) -> Channel:
        return self.channels[channel]

    def __contains__(self, channel: object) -> bool:
        return channel in self.channels

    def __len__(self) -> int:
        """Count the train points, finite or not."""
        return len(self.channels[TRAIN_LOSS])

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (dict(self.channels), self.name, self.caveats, self.rewinds)

    def get(self, channel: str) -> Channel | None:
        """Return the channel, or None where it was not logged or holds no point."""
        found = self.channels.get(channel)
        return found if found is not None and len(found) else None

    def family(self, prefix: str) -> dict[str, Channel]:
        """Return the channels under a prefix such as ``"task_loss/"``, by their bare names."""
        return {k.removeprefix(prefix): c for k, c in self.channels.items() if k.startswith(prefix) and len(c)}

    def has(self, need: str) -> bool:
        """Tell whether a needed channel was logged; ``"task_loss/"`` asks for two or more, as a family."""
        if need.endswith("/"):
            return len(self.family(need)) >= 2
        return self.get(need) is not None


def _is_judged(key: str) -> bool:
    return key in (VAL_LOSS, LR, GRAD_NORM) or key.startswith((TASK_LOSS, CLASS_ACCURACY))


def _rebuild(channels: Mapping[str, Channel], name: str, caveats: tuple[str, ...], rewinds: tuple[float, ...]) -> Curve:
    return Curve(channels, name, caveats, rewinds=rewinds)


def _channel(
    label: str, key: str, given: object, train: Channel | None, resumes: Sequence[Span] = ()
) -> tuple[Channel, list[str], list[Span]]:
    if isinstance(given, Channel):
        return given, [], []
    notes: list[str] = []
    if isinstance(given, tuple) and len(given) == 2 and not any(np.isscalar(part) for part in given):
        steps = numbers(label, f"{key} steps", given[0])
        values, logged = _logged(label, key, given[1])
        if len(steps) != len(logged):
            raise CurveError(
                f"{label}: {key} has {len(steps)} steps for {len(logged)} values; give one step for each value"
            )
        steps = steps[logged]
    else:
        values, logged = _logged(label, key, given)
        count = len(logged)
        if train is not None and len(train) and count != len(train) and count:
            span = train.steps[-1] - train.steps[0]
            steps = train.steps[0] + span * (np.arange(count) + 1.0) / count
            notes.append(f"{key}: {count} values without steps, taken as evenly spaced over the run")
        elif train is not None and count == len(train):
            steps = train.steps.copy()
        else:
            steps = np.arange(count, dtype=np.float64)
        steps = steps[logged]
    if not np.isfinite(steps).all():
        where = int(np.flatnonzero(~np.isfinite(steps))[0])
        raise CurveError(f"{label}: step {where} of {key} is {steps[where]}; every step must be a finite number")
    steps, values, more, back = _in_order(key, steps, values, resumes)
    steps.flags.writeable = values.flags.writeable = False
    return Channel(steps, values), notes + more, back


def numbers(label: str, what: str, given: object) -> FloatArray:
    """Turn any one-dimensional sequence of numbers into a new float64 array.

    Raises
    ------
    CurveError
        If it is not one-dimensional or an entry is no number; the message names the entry.
    """
    if isinstance(given, str | bytes) or not (hasattr(given, "__len__") or isinstance(given, Iterable)):
        raise CurveError(f"{label}: {what} is {given!r}; expected a sequence of numbers")
    items = given if hasattr(given, "__array__") else list(cast("Iterable[Any]", given))
    if isinstance(items, np.ndarray) and np.iscomplexobj(items):
        raise CurveError(f"{label}: {what} holds complex numbers; expected real ones")
    try:
        array = np.array(items, dtype=np.float64)
    except (TypeError, ValueError) as error:
        for index, item in enumerate(cast("Sequence[Any]", items)):
            try:
                float(item)
            except (TypeError, ValueError):
                raise CurveError(f"{label}: entry {index} of {what} is {item!r}; expected a number") from error
        raise CurveError(f"{label}: {what} is not a sequence of numbers ({error})") from error
    if array.ndim != 1:
        raise CurveError(
            f"{label}: {what} has {array.ndim} dimensions, shape {array.shape}; give one value for each step"
        )
    return array


def _logged(label: str, key: str, given: object) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the logged values and a mask of the entries that were logged; None means never logged, NaN was."""
    if isinstance(given, list | tuple) and any(item is None for item in given):
        logged = np.array([item is not None for item in given])
        return numbers(label, key, [item for item in given if item is not None]), logged
    values = numbers(label, key, given)
    return values, np.ones(len(values), dtype=bool)


def _in_order(
    key: str, steps: FloatArray, values: FloatArray, resumes: Sequence[Span]
) -> tuple[FloatArray, FloatArray, list[str], list[Span]]:
    """Make steps strictly increasing: resumes overwrite, restarted counters continue, twins are averaged.

    `resumes` are those the train loss showed and its caveat names: other channels follow it without one of their own.
    A sparse channel with a single point on the lost branch has no step that goes back, only one that stands twice.
    """
    steps, restarted, restarts = _continued(key, steps)
    steps, values, resumed, rewinds = _without_lost(key, steps, values, resumes)
    steps, values, averaged = _averaged(key, steps, values)
    return steps, values, restarted + resumed + averaged, restarts + rewinds


def _continued(key: str, steps: FloatArray) -> tuple[FloatArray, list[str], list[Span]]:
    """Let a counter that starts again at its first step, or before it, go on at its usual pace."""
    begins = np.flatnonzero(np.diff(steps) < 0) + 1
    again = begins[steps[begins] <= steps[:1]]
    if not len(again):
        return steps, [], []
    paces = np.diff(steps[: again[0]])
    pace = float(np.median(paces[paces > 0])) if (paces > 0).any() else 1.0
    steps = steps.copy()
    notes, found = [], []
    for at in again:
        notes.append(f"{key}: the step counter starts again after step {steps[at - 1]:g}; taken as continuing")
        steps[at:] += steps[at - 1] + pace - steps[at]
        found.append((float(steps[at]), float(steps[at])))
    return steps, notes, found


def _without_lost(
    key: str, steps: FloatArray, values: FloatArray, resumes: Sequence[Span]
) -> tuple[FloatArray, FloatArray, list[str], list[Span]]:
    """Leave out what a resume overwrote; only resumes that the train loss did not show are noted."""
    notes: list[str] = []
    begins = np.flatnonzero(np.diff(steps) < 0) + 1
    found = [(float(steps[at]), float(steps[at - 1])) for at in begins]
    if found:
        stretch = np.searchsorted(begins, np.arange(len(steps)), side="right")
        later = np.minimum.accumulate(steps[begins][::-1])[::-1]
        keep = steps < np.append(later, np.inf)[stretch]
        own = [to for to, left in found if not any(back <= left and to <= end for back, end in resumes)]
        if own:
            first = ", ".join(f"{to:g}" for to in own[:3]) + (", ..." if len(own) > 3 else "")
            notes.append(
                f"{key}: steps go back {len(own)} time(s), to {first}; "
                f"the later branch was kept and {int((~keep).sum())} overwritten points left out"
            )
        steps, values = steps[keep], values[keep]
    same = np.diff(steps) == 0
    if same.any() and resumes:
        within = np.any([(back <= steps[:-1]) & (steps[:-1] <= end) for back, end in resumes], axis=0)
        keep = np.append(~(same & within), True)
        steps, values = steps[keep], values[keep]
    return steps, values, notes, found


def _averaged(key: str, steps: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray, list[str]]:
    """Average points logged twice at one step."""
    if not (np.diff(steps) == 0).any():
        return steps, values, []
    unique, inverse, counts = np.unique(steps, return_inverse=True, return_counts=True)
    with np.errstate(invalid="ignore", over="ignore"):
        values = np.bincount(inverse, weights=values) / counts
    return unique, values, [f"{key}: {len(steps) - len(unique)} points logged twice at one step were averaged"]
