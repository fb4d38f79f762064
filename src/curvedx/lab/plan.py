"""The plan of the campaign: which bench is trained under which condition at which strengths, and who keeps which half.

No training library is imported here, so that the plan can be read and checked where none is installed.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np

from curvedx.lab.logged import Logger, drawn

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

_HEALTHY = {
    "steady": (1, 1.5, 2),
    "cosine": (1, 2, 3),
    "stable_decay": (0.7, 0.85),
    "converged": (2, 3),
    "momentum": (0.5, 1),
    "gentle": (1, 2),
}
_FEWER = {"steady": (1, 2), "cosine": (1, 3), "stable_decay": (0.8,), "converged": (2,), "gentle": (1,)}

PLAN: Mapping[str, Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {
        # Calibration half.
        "digits-mlp": _HEALTHY
        | {
            "large_batch": (128, 512),
            "rate": (0, 0.003, 0.02, 30, 300),
            "sgd_rate": (30, 100),
            "ramp": (15, 40, 100),
            "no_warmup": (60, 150, 300),
            "tiny_batch": (1, 2, 4),
            "bad_batches": (2, 4, 6),
            "bad_clipped": (2, 4),
            "outliers": (5, 20),
            "broken": (0.3, 0.7),
            "hidden_nan": (0.4, 0.8),
            "leaked": (20, 40),
            "masked": (0.2, 0.6),
            "dropout": (0.1, 0.3, 0.5, 0.7),
            "augmented": (0.2, 0.5, 0.8),
            "unshuffled": (1, 2, 4),
            "few": (60, 100, 200),
            "mislabelled": (0.2, 0.4),
            "steps_down": (5, 10),
            "restarts": (4, 6),
            "cyclic": (4, 6),
            "frozen": (0.1, 0.2, 0.3),
            "detached": (1,),
            "redefined": (0.3, 0.6, 1),
            "stale_resume": (0.1, 0.2, 0.25),
            "rewound": (0.4, 0.5),
            "lost_state": (3,),
            "short": (0.08, 0.15, 0.3),
            "rare": (0, 1, 2, 2, 3, 4, 20, 60, 100),
            "climb": (100, 1000),
        },
        "digits-permuted-mlp": {"switched": (0.3, 0.4, 0.5, 0.6, 0.7, 0.5), "rehearsed": (0.4, 0.5, 0.6, 0.5)},
        "digits-deep-sigmoid": {
            "steady": (2, 3),
            "cosine": (5, 8),
            "full_batch": (0.1, 0.3, 1, 3, 10, 30),
            "rate": (0, 0.1, 100),
            "momentum": (1, 3),
        },
        "autoencoder-mlp": _FEWER
        | {
            "rate": (0, 0.005, 30, 100),
            "sgd_rate": (30, 300),
            "ramp": (100, 300),
            "no_warmup": (30, 100),
            "tiny_batch": (1, 2),
            "outliers": (3, 10),
            "broken": (0.5,),
            "hidden_nan": (0.6,),
            "dropout": (0.1, 0.3),
            "augmented": (0.1, 0.4),
            "few": (60, 150),
            "steps_down": (10,),
            "restarts": (4, 5),
            "frozen": (0.06, 0.12),
            "stale_resume": (0.06, 0.12, 0.2),
            "rewound": (0.4,),
            "lost_state": (3,),
            "short": (0.05, 0.1),
            "climb": (100, 1000),
            "redefined": (0.2, 0.5),
        },
        "manual-mlp": _FEWER
        | {
            "large_batch": (256,),
            "rate": (0, 0.005, 30, 100),
            "sgd_rate": (30, 100),
            "ramp": (30, 100),
            "no_warmup": (30, 100),
            "tiny_batch": (2, 8),
            "bad_batches": (2, 4),
            "bad_clipped": (3,),
            "broken": (0.6,),
            "hidden_nan": (0.5,),
            "masked": (0.3, 0.6),
            "dropout": (0.1, 0.3, 0.5),
            "unshuffled": (1, 2, 3),
            "few": (800, 2000),
            "mislabelled": (0.3,),
            "steps_down": (10, 5),
            "restarts": (3, 5),
            "cyclic": (5, 3),
            "frozen": (0.05, 0.1, 0.15),
            "detached": (20,),
            "redefined": (0.6, 0.45),
            "stale_resume": (0.06, 0.12),
            "rewound": (0.45,),
            "short": (0.1, 0.2),
            "climb": (30, 300),
        },
        "diabetes-mlp": {
            "steady": (0.5, 1),
            "cosine": (1, 2),
            "stable_decay": (0.7,),
            "gentle": (1, 3),
            "rate": (0, 0.01, 30, 300),
            "sgd_rate": (10, 100, 1000),
            "ramp": (30, 100),
            "no_warmup": (100, 300),
            "tiny_batch": (1, 4),
            "outliers": (5, 20),
            "dropout": (0.2, 0.5),
            "few": (40, 80, 160),
            "converged": (4, 8),
            "redefined": (1, 3),
            "broken": (0.4,),
            "frozen": (0.15,),
            "climb": (100,),
        },
        "addition-mlp": {
            "steady": (1, 1.5),
            "weight_decay": (0.3, 0.6, 1.5, 2),
            "rate": (0.3, 0.6),
            "momentum": (1, 2),
        },
        "rows-mlp": {"repeated": (3, 4, 5, 6, 8, 10), "steady": (1,), "cosine": (1, 3)},
        "wave-density": _FEWER
        | {
            "rate": (0, 0.01, 30),
            "sgd_rate": (10, 50),
            "no_warmup": (20, 50),
            "tiny_batch": (2, 4),
            "outliers": (3,),
            "steps_down": (10,),
            "frozen": (0.15, 0.3),
            "redefined": (0.5, 1),
            "few": (30, 60),
            "short": (0.1, 0.2),
            "climb": (30, 100),
            "stale_resume": (0.1, 0.2),
        },
        "chirp-mlp": {
            "steady": (1, 2),
            "cosine": (1, 2, 3),
            "converged": (2, 3),
            "gentle": (1, 3),
            "rate": (0, 0.003, 30),
            "redefined": (0.2, 1),
            "broken": (0.5,),
            "few": (8, 14),
            "stale_resume": (0.1,),
            "climb": (100,),
            "no_warmup": (30,),
        },
        "spectrum-linear": {"steady": (0.7, 1, 1, 1.5, 1.5, 2), "rate": (0.5, 2), "sgd_rate": (30,)},
        "cancer-boosting": {
            "steady": (0.7, 1, 2),
            "rate": (0.3, 3, 10),
            "few": (60, 120),
            "mislabelled": (0.1, 0.2),
            "deep": (2, 6),
            "short": (0.6, 1),
            "tiny_batch": (0.2,),
        },
        # Test half.
        "digits-cnn": _HEALTHY
        | {
            "large_batch": (128,),
            "rate": (0, 0.003, 0.02, 30, 100),
            "sgd_rate": (30, 100),
            "ramp": (15, 40, 100),
            "no_warmup": (50, 120, 250),
            "tiny_batch": (1, 2, 4),
            "bad_batches": (2, 4, 6),
            "bad_clipped": (3,),
            "outliers": (5, 20),
            "broken": (0.3, 0.7),
            "hidden_nan": (0.5,),
            "leaked": (20, 40),
            "masked": (0.25, 0.55),
            "dropout": (0.1, 0.3, 0.5),
            "augmented": (0.3, 0.6),
            "unshuffled": (1, 2, 4),
            "few": (60, 100, 200),
            "mislabelled": (0.3,),
            "steps_down": (5, 10),
            "restarts": (4, 6),
            "frozen": (0.1, 0.2),
            "detached": (1,),
            "redefined": (0.3, 0.6, 1),
            "stale_resume": (0.1, 0.2),
            "rewound": (0.4,),
            "lost_state": (3,),
            "short": (0.08, 0.15),
            "rare": (0, 1, 1, 2, 2, 3, 4, 20, 60),
            "climb": (100, 1000),
            "cyclic": (5,),
        },
        "digits-halves-cnn": {"switched": (0.3, 0.4, 0.5, 0.6, 0.7, 0.5), "rehearsed": (0.4, 0.5, 0.6, 0.5)},
        "cancer-deep-sigmoid": {
            "steady": (2, 3),
            "cosine": (3, 5),
            "full_batch": (0.1, 0.3, 1, 3, 10, 30),
            "rate": (0, 0.1, 30),
            "momentum": (1, 3),
        },
        "vae-mlp": _FEWER
        | {
            "rate": (0, 0.005, 30),
            "sgd_rate": (10, 100),
            "no_warmup": (10, 30),
            "tiny_batch": (2,),
            "outliers": (3, 10),
            "broken": (0.5,),
            "few": (60, 150),
            "steps_down": (10,),
            "restarts": (4,),
            "frozen": (0.15, 0.3),
            "stale_resume": (0.1, 0.2),
            "short": (0.1, 0.2),
            "climb": (30, 100),
        },
        "manual-transformer": _FEWER
        | {
            "rate": (0, 0.003, 30),
            "sgd_rate": (30, 100),
            "ramp": (30, 100),
            "no_warmup": (10, 20, 40),
            "tiny_batch": (1,),
            "bad_batches": (3,),
            "masked": (0.4,),
            "hidden_nan": (0.6,),
            "dropout": (0.2, 0.4),
            "few": (40, 100),
            "restarts": (3, 4),
            "cyclic": (4,),
            "frozen": (0.08, 0.15),
            "detached": (20, 50),
            "redefined": (0.6,),
            "stale_resume": (0.08, 0.15),
            "rewound": (0.4,),
            "short": (0.15, 0.3),
            "climb": (30, 300),
        },
        "manual-gru": _FEWER
        | {
            "rate": (0, 0.003, 30),
            "sgd_rate": (20, 60),
            "ramp": (30, 100),
            "no_warmup": (10, 20, 40),
            "bad_batches": (2, 4),
            "masked": (0.6,),
            "broken": (0.5,),
            "dropout": (0.3,),
            "few": (30, 80),
            "steps_down": (10,),
            "restarts": (3, 4),
            "frozen": (0.08, 0.15),
            "redefined": (0.6, 0.45),
            "stale_resume": (0.08, 0.15),
            "short": (0.15, 0.3),
            "climb": (30, 300),
        },
        "cancer-mlp": _FEWER
        | {
            "rate": (0, 0.01, 300),
            "tiny_batch": (1, 2),
            "sgd_rate": (100, 1000),
            "dropout": (0.3, 0.6),
            "augmented": (1, 2),
            "few": (30, 60),
            "mislabelled": (0.2,),
            "outliers": (20,),
            "hidden_nan": (0.3,),
            "leaked": (20, 40),
            "short": (0.2, 0.4),
            "unshuffled": (3, 6),
            "climb": (300,),
            "restarts": (4,),
            "masked": (0.4,),
            "no_warmup": (300,),
            "frozen": (0.15,),
        },
        "multiplication-summed": {
            "steady": (1, 1.5),
            "weight_decay": (0.3, 0.6, 1.5, 2),
            "rate": (0.3, 0.6),
            "momentum": (1, 2),
        },
        "recall-embedding": {"repeated": (3, 4, 5, 6, 8, 10), "steady": (1,), "cosine": (1, 3)},
        "denoising-mlp": _FEWER
        | {
            "rate": (0, 0.005, 100),
            "sgd_rate": (30,),
            "no_warmup": (20, 40),
            "tiny_batch": (2, 8),
            "outliers": (5,),
            "frozen": (0.15, 0.3),
            "stale_resume": (0.05, 0.1),
            "lost_state": (10,),
            "restarts": (5,),
            "short": (0.1, 0.3),
            "climb": (100,),
        },
        "oscillator-physics": {
            "steady": (1, 1.5),
            "cosine": (1, 2),
            "converged": (1.5,),
            "rate": (0, 0.01, 20),
            "sgd_rate": (30,),
            "stable_decay": (0.8,),
            "climb": (100,),
            "stale_resume": (0.1,),
            "no_warmup": (20,),
        },
        "pairs-siamese": _FEWER
        | {
            "rate": (0, 0.1, 10, 100),
            "few": (80, 200),
            "tiny_batch": (2, 4),
            "dropout": (0.4,),
            "stale_resume": (0.1,),
        },
        "spectrum-two-layers": {"steady": (0.7, 1, 1, 1.5, 1.5, 2), "rate": (0.5, 2), "sgd_rate": (30,)},
        "diabetes-boosting": {
            "steady": (0.7, 1, 2),
            "rate": (0.3, 10, 22),
            "few": (80,),
            "mislabelled": (0.3,),
            "deep": (2, 5),
            "short": (0.6, 1),
            "tiny_batch": (0.1, 0.3),
        },
    }
)
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
        "full_batch": frozenset({"grad_norm"}),
        "hidden_nan": frozenset({"grad_norm"}),
    }
)
"""What is logged in any case where the condition is about it."""

NEVER: Mapping[str, frozenset[str]] = MappingProxyType({"redefined": frozenset({"val_loss"})})
"""What is not logged: the validation does not know of the new names."""

LEAST: Mapping[str, int] = MappingProxyType(
    {
        "restarts": 60, "cyclic": 60, "unshuffled": 60, "repeated": 80, "no_warmup": 120, "tiny_batch": 40,
        "bad_batches": 30, "outliers": 40, "climb": 40, "frozen": 25, "steps_down": 40, "stale_resume": 25,
    }
)  # fmt: skip
"""Rows below which a condition could not be seen; the others are logged as short as any."""

_VALIDATED = ("addition-mlp", "multiplication-summed", "spectrum-linear", "spectrum-two-layers")


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
                    may_count=condition != "rewound",
                )
                found.append(
                    Run(
                        run_id=name, bench=bench, condition=condition, strength=strength, seed=seed % 1000,
                        logger=logger,
                    )
                )  # fmt: skip
    return tuple(found)
