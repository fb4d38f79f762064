"""What is normal is said, and never of what a finding contradicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from curvedx import classify_curve
from curvedx.catalogue import Benign, assessable, benign
from curvedx.curve import Curve, FloatArray
from curvedx.diagnosis.facts.known import Facts
from curvedx.diagnosis.measures import Tracks
from curvedx.diagnosis.normal import contradicted, normal
from curvedx.diagnosis.result import Finding
from curvedx.objectives import Expectations
from helpers_diagnosis import finding
from helpers_drawn import diagnoses

N = 1000
STEPS = np.arange(N, dtype=np.float64)


def noise(size: float, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).normal(scale=size, size=N)


def fall(floor: float = 1.0, scatter: float = 0.01) -> FloatArray:
    return floor + 3.0 * np.exp(-STEPS / 120.0) + noise(scatter)


def titles(*present: str, known: Expectations | None = None, **channels: Any) -> list[str]:
    run = Facts(Tracks(Curve(channels)), known or Expectations())
    return [row.title for row in normal([shown(name) for name in present], run.of)]


def shown(name: str) -> Finding:
    pattern = next(pattern for pattern in assessable() if pattern.name == name)
    return finding(pattern=name, kind=pattern.kind, severity=pattern.severity)


def overflown(*at: int) -> FloatArray:
    norm = np.exp(noise(0.1, 1))
    norm[list(at)] = np.inf
    return norm


EARLY = np.exp(noise(0.1, 1)) * (1 + 20 * np.exp(-STEPS / 10))
COOL = np.minimum(1.0, (N - STEPS) / 300) * 1e-3
COOLED = 2.0 - 0.3 * STEPS / N - 0.4 * np.maximum(STEPS / N - 0.7, 0) + noise(0.002)
SEEN = STEPS[19::20]
WAVES = 0.5e-3 * (1 + np.cos(np.pi * (STEPS % 250) / 250))
CUT = np.where(STEPS < 500, 1e-3, 1e-4)

CASES: dict[str, dict[str, Any]] = {
    "Stairs at the epochs": {"train_loss": fall(), "present": ["epoch_staircase"]},
    "A faster fall at the end": {"train_loss": COOLED, "lr": COOL},
    "Single gradient norms that are NaN or infinite": {"train_loss": fall(), "grad_norm": overflown(50, 300, 301, 800)},
    "Validation a little below train": {"train_loss": fall(), "val_loss": (SEEN, 0.95 * fall()[19::20])},
    "A policy-gradient loss near zero or below it": {
        "train_loss": noise(0.01), "known": Expectations(objective="GRPO"),
    },
    "A diffusion loss that hardly falls": {
        "train_loss": 0.1 + noise(0.02) ** 2, "known": Expectations(objective="diffusion"),
    },
    "A first loss above chance": {
        "train_loss": fall() + 12 * np.exp(-STEPS / 8), "known": Expectations(vocabulary=50257),
    },
    "A start at chance": {"train_loss": fall(floor=10.8249 - 3), "known": Expectations(vocabulary=50257)},
    "A preference loss that starts at ln 2": {
        "train_loss": 0.4 + 0.2931 * np.exp(-STEPS / 120), "rewards/margins": STEPS,
    },
    "Loss that scatters from batch to batch": {"train_loss": fall(scatter=0.2)},
    "Waves of a cyclic schedule": {"train_loss": fall(), "lr": WAVES, "present": ["schedule_waves"]},
    "A drop at a cut of the learning rate": {"train_loss": fall(), "lr": CUT, "present": ["step_drops"]},
    "A steady generalisation gap": {"train_loss": fall(), "val_loss": (SEEN, fall()[19::20] + 0.2)},
    "Large gradients in the first steps": {"train_loss": fall(), "grad_norm": EARLY},
    "Losses below zero": {"train_loss": fall(floor=-2.0), "known": Expectations(objective="density")},
}  # fmt: skip


def said(case: dict[str, Any], *more: str) -> list[str]:
    return titles(*case.get("present", []), *more, **{key: each for key, each in case.items() if key != "present"})


def test_every_entry_has_a_run_that_shows_it() -> None:
    assert set(CASES) == {entry.title for entry in benign()}


@pytest.mark.parametrize("title", CASES)
def test_what_is_normal_is_said_of_a_run_that_shows_it(title: str) -> None:
    assert title in said(CASES[title])


@pytest.mark.parametrize("entry", benign(), ids=lambda entry: entry.title)
def test_nothing_is_normal_that_a_finding_contradicts(entry: Benign) -> None:
    for pattern in entry.not_with:
        assert entry.title not in said(CASES[entry.title], pattern)


@pytest.mark.parametrize("entry", benign(), ids=lambda entry: entry.title)
def test_beside_a_grave_finding_nothing_is_called_normal_whatever_the_entry_forgot(entry: Benign) -> None:
    forgetful = replace(entry, not_with=())
    for pattern in assessable():
        assert contradicted(forgetful, [shown(pattern.name)]) == (pattern.severity == "error")


@pytest.mark.parametrize(
    ("title", "changed"),
    [
        ("Stairs at the epochs", {"present": []}),
        ("A faster fall at the end", {"lr": np.full(N, 1e-3)}),
        ("A faster fall at the end", {"train_loss": 2.0 - 0.3 * STEPS / N + noise(0.002)}),
        ("Single gradient norms that are NaN or infinite", {"grad_norm": overflown(*range(50, 60))}),
        ("Single gradient norms that are NaN or infinite", {"train_loss": np.where(STEPS == 301, np.nan, fall())}),
        ("Single gradient norms that are NaN or infinite", {"grad_norm": overflown(*range(0, N, 5))}),
        ("Validation a little below train", {"val_loss": (SEEN, 0.4 * fall()[19::20])}),
        ("A policy-gradient loss near zero or below it", {"known": Expectations()}),
        ("A diffusion loss that hardly falls", {"known": Expectations(objective="classification")}),
        ("A first loss above chance", {"known": Expectations(vocabulary=10**7)}),
        ("A first loss above chance", {"train_loss": fall(floor=12.0)}),
        ("A start at chance", {"known": Expectations()}),
        ("A preference loss that starts at ln 2", {"train_loss": np.full(N, 0.6931)}),
        ("Loss that scatters from batch to batch", {"train_loss": fall()}),
        ("Waves of a cyclic schedule", {"lr": COOL}),
        ("A drop at a cut of the learning rate", {"lr": COOL}),
        ("A steady generalisation gap", {"val_loss": (SEEN, fall()[19::20] + 0.2 + SEEN / N)}),
        ("Large gradients in the first steps", {"grad_norm": overflown()}),
        ("Losses below zero", {"known": Expectations()}),
    ],
)
def test_what_is_normal_is_not_said_where_its_reason_is_missing(title: str, changed: dict[str, Any]) -> None:
    assert title not in said(CASES[title] | changed)


def test_on_drawn_runs_no_finding_is_contradicted() -> None:
    entries = {entry.title: entry for entry in benign()}
    seen = 0
    for dx in diagnoses(200):
        for row in dx.normal:
            seen += 1
            entry = entries[row.title]
            assert not {found.pattern for found in dx.findings} & set(entry.not_with)
            assert not [f for f in dx.findings if f.severity == "error"]
    assert seen >= 20


def test_a_healthy_grpo_run_hears_why_its_loss_is_about_zero() -> None:
    rng = np.random.default_rng(0)
    loss = 0.02 * STEPS / N + rng.normal(scale=0.01, size=N)
    channels = {"train_loss": loss, "reward": STEPS / N, "kl": 0.01 * STEPS / N, "completion_length": 100 + STEPS}
    dx = classify_curve(channels)
    objective = next(fact for fact in dx.facts if fact.name == "objective")
    assert (objective.value, objective.told) == ("policy gradient", True)
    flat = [found for found in dx.findings if found.pattern == "flat_line"]
    told = "A policy-gradient loss near zero or below it" in [row.title for row in dx.normal]
    # Where the model takes it for a flat line nothing is called normal; the finding itself says what it may be instead.
    assert told != bool(flat)
    assert all("policy-gradient" in found.look_alikes[0].name for found in flat)


def test_what_is_normal_is_in_the_text_the_page_and_the_data() -> None:
    channels = {"train_loss": fall(), "val_loss": (SEEN, fall()[19::20] + 0.2), "grad_norm": overflown(50, 300)}
    dx = classify_curve(channels, name="run")
    assert dx.ok
    wanted = "Single gradient norms that are NaN or infinite"
    assert wanted in [row["title"] for row in dx.to_dict()["normal"]]
    text = " ".join(str(dx).split())
    assert "Normal here:" in text
    assert f"{wanted} (the share of gradient norms that are NaN or infinite is 0.2 %): this is normal because" in text
    assert "It would not be if they came in a row" in text
    assert f"<li>{wanted}" in dx._repr_html_()
    assert "Measured: validation loss minus train loss is 0.2" in text
