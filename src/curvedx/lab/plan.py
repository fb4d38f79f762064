"""The plan of the campaign: which bench is trained under which condition at which strengths, and who keeps which half.

No training library is imported here, so that the plan can be read and checked where none is installed.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np

from curvedx.lab.logged import Logger, drawn
from curvedx.lab.plan_calibration import CALIBRATION
from curvedx.lab.plan_test import TEST

Half = Literal["calibration", "test"]


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A task with one architecture; all its runs are on one side of the split."""

    task: str
    architecture: str
    half: Half


def _half(half: Half, *rows: tuple[str, str, str]) -> dict[str, Cluster]:
    return {bench: Cluster(task=task, architecture=architecture, half=half) for bench, task, architecture in rows}


CLUSTERS: Mapping[str, Cluster] = MappingProxyType(
    _half(
        "calibration",
        ("digits-mlp", "digits", "MLP"),
        ("digits-linear", "digits, three labels in ten random", "linear"),
        ("digits-permuted-mlp", "digits, then permuted digits", "MLP"),
        ("digits-deep-sigmoid", "digits", "deep sigmoid MLP"),
        ("autoencoder-mlp", "digits, reconstruction", "autoencoder"),
        ("manual-mlp", "next byte of the manual", "MLP"),
        ("diabetes-mlp", "diabetes, regression", "MLP"),
        ("addition-mlp", "addition mod 47", "MLP on two embeddings"),
        ("rows-mlp", "random signs to random classes", "MLP"),
        ("wave-density", "density of a noisy wave", "MLP, mean and width"),
        ("chirp-mlp", "a smooth function", "tanh MLP"),
        ("spectrum-linear", "regression on loud and faint features", "linear"),
        ("cancer-boosting", "breast cancer", "histogram gradient boosting"),
    )
    | _half(
        "test",
        ("digits-cnn", "digits", "CNN"),
        ("digits-halves-cnn", "lower, then upper half of digits", "CNN"),
        ("cancer-deep-sigmoid", "breast cancer", "deep sigmoid MLP"),
        ("vae-mlp", "digits, density", "variational autoencoder"),
        ("manual-transformer", "next byte of the manual", "transformer"),
        ("manual-gru", "next byte of the manual", "GRU"),
        ("cancer-mlp", "breast cancer", "MLP"),
        ("multiplication-summed", "multiplication mod 47", "MLP on summed embeddings"),
        ("recall-embedding", "random names to random classes", "embedding and MLP"),
        ("denoising-mlp", "digits, denoising diffusion", "GELU MLP"),
        ("oscillator-physics", "equation of a damped oscillator", "physics-informed tanh MLP"),
        ("pairs-siamese", "same digit or not, fine-tuned", "siamese MLP"),
        ("spectrum-two-layers", "regression on loud and faint features", "two linear layers"),
        ("diabetes-boosting", "diabetes, regression", "gradient boosting"),
    )
)
"""Every bench, and on which side of the split it is."""

PLAN: Mapping[str, Mapping[str, tuple[float, ...]]] = MappingProxyType({**CALIBRATION, **TEST})
"""Bench to condition to strengths: one run each."""

NEEDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "dropout": frozenset({"val_loss"}),
        "augmented": frozenset({"val_loss"}),
        "few": frozenset({"val_loss"}),
        "repeated": frozenset({"val_loss"}),
        "weight_decay": frozenset({"val_loss"}),
        "ramp": frozenset({"grad_norm"}),
        "climb": frozenset({"grad_norm"}),
        "unnormalised": frozenset({"grad_norm"}),
        "full_batch": frozenset({"grad_norm"}),
        "hidden_nan": frozenset({"grad_norm"}),
    }
)
"""What is logged in any case where the condition is about it."""

NEVER: Mapping[str, frozenset[str]] = MappingProxyType(
    dict.fromkeys(("redefined", "unnormalised"), frozenset({"val_loss"}))
)
"""What is not logged: the validation does not know of the change of the data."""

LEAST: Mapping[str, int] = MappingProxyType(
    {
        "restarts": 60, "cyclic": 60, "unshuffled": 60, "repeated": 80, "no_warmup": 120, "tiny_batch": 40,
        "bad_batches": 30, "outliers": 40, "leaked": 60, "climb": 40, "frozen": 25, "steps_down": 40,
        "stale_resume": 25,
    }
)  # fmt: skip
"""Rows below which a condition could not be seen; the others are logged as short as any."""

_AVERAGED = ("steps_down", "restarts")
"""Conditions that noise would hide, logged as means."""

_VALIDATED = ("addition-mlp", "multiplication-summed", "spectrum-linear", "spectrum-two-layers")
"""Benches whose validation is the point: logged often, and from before the first step on."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the campaign."""

    run_id: str
    bench: str
    condition: str
    strength: float
    seed: int
    logger: Logger

    @property
    def cluster(self) -> Cluster:
        """Return its task, architecture and side of the split."""
        return CLUSTERS[self.bench]


@cache
def runs() -> tuple[Run, ...]:
    """Return every run of the plan, in its order; seeds follow from the names."""
    found = []
    for bench, conditions in PLAN.items():
        for condition, strengths in conditions.items():
            for number, strength in enumerate(strengths):
                name = f"{bench}.{condition}.{number}"
                seed = zlib.crc32(name.encode())
                needs = NEEDS.get(condition, frozenset()) | frozenset(["val_loss"] if bench in _VALIDATED else [])
                logger = drawn(
                    np.random.default_rng(seed),
                    needs=needs,
                    never=NEVER.get(condition, frozenset()),
                    least=LEAST.get(condition, 0),
                    may_count=condition != "rewound" and bench not in _VALIDATED,
                )
                if condition in _AVERAGED:
                    logger = replace(logger, averaged=True)
                if bench in _VALIDATED:
                    logger = replace(logger, evaluations=max(60, logger.evaluations), first=True)
                found.append(
                    Run(
                        run_id=name, bench=bench, condition=condition, strength=strength, seed=seed % 1000,
                        logger=logger,
                    )
                )  # fmt: skip
    return tuple(found)
