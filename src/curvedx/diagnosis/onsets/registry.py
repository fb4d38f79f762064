"""Which finder finds what."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from curvedx.curve import TRAIN_LOSS
from curvedx.diagnosis.evidence import Sighting, count
from curvedx.diagnosis.measures import Tracks
from curvedx.diagnosis.onsets import bursts, endings, gradients, groups, levels, steps, swings, validation

Finder = Callable[[Tracks], Sighting | None]
"""Returns None where a channel it needs holds too few finite points."""

FINDERS: Mapping[str, Finder] = MappingProxyType(
    {
        "numerical_failure": endings.numerical_failure,
        "divergence": endings.divergence,
        "collapse_to_zero": endings.collapse_to_zero,
        "flat_line": levels.flat_line,
        "exploding_gradients": gradients.exploding_gradients,
        "vanishing_gradients": gradients.vanishing_gradients,
        "catastrophic_forgetting": groups.catastrophic_forgetting,
        "overfitting": validation.overfitting,
        "oscillation": swings.oscillation,
        "plateau": levels.plateau,
        "dead_class": groups.dead_class,
        "level_jump": steps.level_jump,
        "loss_spikes": bursts.loss_spikes,
        "val_below_train": validation.val_below_train,
        "warmup_spike": bursts.warmup_spike,
        "sawtooth": swings.sawtooth,
        "undertrained": levels.undertrained,
        "grokking": validation.grokking,
        "double_descent": validation.double_descent,
        "schedule_waves": swings.schedule_waves,
        "epoch_staircase": steps.epoch_staircase,
        "step_drops": steps.step_drops,
    }
)


def sight(run: Tracks, pattern: str) -> Sighting:
    """Find where a pattern is in a run; never raises on a valid curve with a known pattern.

    Where the channels hold too few finite points, the sighting has no onset and says so.
    """
    with np.errstate(all="ignore"):
        found = FINDERS[pattern](run)
    if found is None:
        finite = int(np.isfinite(run.curve[TRAIN_LOSS].values).sum())
        return Sighting(
            onset=None,
            evidence=(count("finite train points", finite),),
            sentence="too few finite points to say where it begins",
        )
    return replace(found, evidence=tuple(e for e in found.evidence if math.isfinite(e.value)))
