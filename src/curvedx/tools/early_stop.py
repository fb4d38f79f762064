"""When to give up: no improvement for so many evaluations."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from typing import Any, Literal

from curvedx.errors import CurvedxError
from curvedx.tools.scalar import scalar

_STATE = ("patience", "min_delta", "mode", "best", "best_step", "wait", "evaluations", "stopped")


class EarlyStop:
    """Say when a run should stop: after `patience` evaluations in a row without an improvement.

    Parameters
    ----------
    patience
        Evaluations in a row without improvement after which to stop; 1 or more.
    min_delta
        An improvement is only what betters the best value by more than this. Since it is measured from the best
        value, not from the last one, many small steps that add up to more do count.
    mode
        ``"min"`` for a loss, ``"max"`` for an accuracy.

    Attributes
    ----------
    best : float or None
        The best value that counted as an improvement; None before the first.
    best_step : int or float or None
        Where it was seen: the place to take the checkpoint from.
    wait : int
        Evaluations in a row without an improvement so far.
    stopped : bool
        True from the evaluation on at which the patience ran out, whatever comes later.

    Raises
    ------
    CurvedxError
        If a setting makes no sense.

    Notes
    -----
    NaN and infinity, of either sign, are never an improvement: a run that breaks runs out of patience.
    """

    def __init__(self, patience: int = 5, min_delta: float = 0.0, mode: Literal["min", "max"] = "min") -> None:
        self.patience = _whole("patience", patience, 1)
        self.min_delta = scalar("EarlyStop: min_delta", min_delta)
        if not (math.isfinite(self.min_delta) and self.min_delta >= 0.0):
            raise CurvedxError(f"EarlyStop: min_delta is {min_delta!r}; expected 0 or a finite number above it")
        if mode not in ("min", "max"):
            raise CurvedxError(f"EarlyStop: mode is {mode!r}; expected 'min' for a loss or 'max' for an accuracy")
        self.mode = mode
        self.best: float | None = None
        self.best_step: float | None = None
        self.wait = 0
        self.evaluations = 0
        self.stopped = False

    def __repr__(self) -> str:
        return (
            f"EarlyStop(patience={self.patience}, min_delta={self.min_delta:g}, mode={self.mode!r}, "
            f"best={self.best}, best_step={self.best_step}, wait={self.wait}, stopped={self.stopped})"
        )

    def step(self, value: object, step: float | None = None) -> bool:
        """Take in one evaluation and say whether to stop.

        Parameters
        ----------
        value
            The validation loss, or whatever is watched: a number or a tensor of one element.
        step
            Training step or epoch of this evaluation, for `best_step`; evaluations are counted from 0 without it.

        Returns
        -------
        bool
            True once patience has run out.

        Raises
        ------
        CurvedxError
            If the value is no number, or the step is not finite.
        """
        seen = scalar("EarlyStop: the value", value)
        if step is not None and not math.isfinite(step):
            raise CurvedxError(
                f"EarlyStop: the step is {step!r}; expected a finite number, or None to count evaluations"
            )
        if self._improves(seen):
            self.best, self.best_step, self.wait = seen, self.evaluations if step is None else step, 0
        else:
            self.wait += 1
        self.evaluations += 1
        self.stopped = self.stopped or self.wait >= self.patience
        return self.stopped

    def _improves(self, value: float) -> bool:
        if not math.isfinite(value):
            return False
        if self.best is None:
            return True
        return value < self.best - self.min_delta if self.mode == "min" else value > self.best + self.min_delta

    def state_dict(self) -> dict[str, Any]:
        """Return settings and progress as JSON-able data, to be kept in the checkpoint."""
        return {name: getattr(self, name) for name in _STATE}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on exactly where `state_dict` was taken; settings are those of the state, as in torch's schedulers.

        Raises
        ------
        CurvedxError
            If the state is not one that `state_dict` returned; nothing is changed then.
        """
        if not isinstance(state, Mapping) or set(state) != set(_STATE):
            held = ", ".join(map(repr, state)) if isinstance(state, Mapping) else repr(state)
            raise CurvedxError(f"EarlyStop: the state holds {held}; expected what state_dict() returned")
        fresh = EarlyStop(state["patience"], state["min_delta"], state["mode"])
        for name in ("best", "best_step"):
            kept = state[name]
            if kept is not None and not math.isfinite(scalar(f"EarlyStop: {name} of the state", kept)):
                raise CurvedxError(f"EarlyStop: {name} of the state is {kept!r}; expected a finite number or None")
            setattr(fresh, name, kept)
        fresh.wait = _whole("wait of the state", state["wait"], 0)
        fresh.evaluations = _whole("evaluations of the state", state["evaluations"], 0)
        fresh.stopped = bool(state["stopped"])
        self.__dict__.update(fresh.__dict__)


def _whole(what: str, given: object, least: int) -> int:
    try:
        number = operator.index(given)  # type: ignore[arg-type]  # refused just below where it is none
    except TypeError:
        number = least - 1
    if number < least:
        raise CurvedxError(f"EarlyStop: {what} is {given!r}; expected a whole number of evaluations, {least} or more")
    return number
