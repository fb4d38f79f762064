"""Causes are ranked by what the other channels show: each rule of the issue on a curve that shows it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from curvedx import classify_curve
from curvedx.catalogue import Cause, LookAlike, patterns
from curvedx.curve import Curve, FloatArray
from curvedx.diagnosis.advice import finding
from curvedx.diagnosis.facts.known import Facts
from curvedx.diagnosis.measures import Tracks
from curvedx.diagnosis.ranking import ranked
from curvedx.diagnosis.result import Finding
from curvedx.objectives import Expectations
from curvedx.rules import Condition, Rule
from helpers_drawn import diagnoses

N = 1000
STEPS = np.arange(N, dtype=np.float64)


def noise(size: float, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).normal(scale=size, size=N)


def fall(floor: float = 1.0) -> FloatArray:
    return floor + 3.0 * np.exp(-STEPS / 120.0) + noise(0.01)


def norms(seed: int = 1) -> FloatArray:
    return np.exp(noise(0.1, seed))


def judged(pattern: str, known: Expectations | None = None, **channels: Any) -> Finding:
    """Say what is said of a pattern in a run, whether or not the model finds it there."""
    run = Facts(Tracks(Curve(channels)), known or Expectations())
    return finding(run, patterns()[pattern], 0.9)


def flat(level: float = 2.3026) -> FloatArray:
    return level + noise(0.002)


def spiked(**surge: int) -> dict[str, Any]:
    """Draw one spike at step 600; the gradient surges so many steps before it, or with it."""
    train, norm = fall(), norms()
    train[600:604] += [3.0, 2.0, 1.0, 0.5]
    for when, steps in surge.items():
        norm[600 - steps if when == "before" else 600] = 25.0
    return {"train_loss": train, "grad_norm": norm}


def test_a_flat_line_without_gradient_is_a_detached_graph() -> None:
    first = judged("flat_line", train_loss=flat(), grad_norm=np.zeros(N), lr=np.full(N, 1e-3)).causes[0]
    assert "detached graph" in first.cause
    assert (first.moved, first.because) == ("up", "the gradient norm is 0 in the median")


def test_a_flat_line_with_a_gradient_and_a_rate_of_zero_is_the_schedule() -> None:
    found = judged("flat_line", train_loss=flat(), grad_norm=norms(), lr=np.zeros(N)).causes
    assert "The learning rate is zero" in found[0].cause
    assert (found[0].moved, found[0].because) == ("up", "the largest learning rate is 0")
    assert next(cause.moved for cause in found if "detached graph" in cause.cause) == "down"


def test_a_flat_line_with_a_gradient_and_a_rate_is_neither() -> None:
    found = judged("flat_line", train_loss=flat(), grad_norm=norms(), lr=np.full(N, 1e-3)).causes
    last = " ".join(cause.cause for cause in found[-2:])
    assert "The learning rate is zero" in last
    assert "detached graph" in last


def test_weights_that_stand_still_under_gradient_and_rate_were_never_stepped() -> None:
    same = np.full(N, 2.31)
    first = judged("flat_line", train_loss=same, grad_norm=np.full(N, 0.7), lr=np.full(N, 1e-3)).causes[0]
    assert "optimizer.step()" in first.cause


def test_a_flat_line_at_the_entropy_of_the_class_shares_is_the_prior() -> None:
    level = -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))
    plain = judged("flat_line", train_loss=flat(level))
    found = judged("flat_line", Expectations(prior=(0.9, 0.1)), train_loss=flat(level))
    assert "The data says nothing" in found.causes[0].cause
    assert found.causes[0].because == "the train loss is 0.999 x the entropy of the class shares"
    assert all(cause.moved == "" for cause in plain.causes)


def test_what_the_user_knows_reaches_the_causes() -> None:
    level = -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))
    dx = classify_curve(flat(level), prior=[0.9, 0.1])
    assert dx.label == "flat_line"
    assert "The data says nothing" in dx.findings[0].causes[0].cause


def test_a_plateau_at_the_entropy_of_the_class_shares_is_the_prior() -> None:
    level = -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))
    train = level + np.exp(-STEPS / 10) + noise(0.001)
    found = judged("plateau", Expectations(classes=2, prior=(0.9, 0.1)), train_loss=train)
    assert "outputs class or word frequencies" in found.causes[0].cause
    higher = judged("plateau", Expectations(prior=(0.5, 0.5)), train_loss=train)
    assert "outputs class or word frequencies" in higher.causes[-1].cause


def test_a_spike_after_a_surge_of_the_gradient_is_instability() -> None:
    found = judged("loss_spikes", **spiked(before=2)).causes
    assert "The step went too far" in found[0].cause
    assert found[0].because.startswith("just before the onset the gradient norm reaches")
    assert next(cause.moved for cause in found if "batch itself is bad" in cause.cause) == ""


@pytest.mark.parametrize("surge", [{}, {"at": 0}])
def test_a_spike_without_a_surge_before_it_is_a_bad_batch(surge: dict[str, int]) -> None:
    found = judged("loss_spikes", **spiked(**surge)).causes
    assert "The batch itself is bad" in found[0].cause
    assert "just before the onset the gradient norm reaches" in found[0].because
    assert next(cause.moved for cause in found if "learning rate is too high" in cause.cause) == "down"


def test_a_spike_of_a_run_without_gradient_norm_keeps_the_order_of_the_catalogue() -> None:
    found = judged("loss_spikes", train_loss=spiked()["train_loss"])
    assert found.causes == patterns()["loss_spikes"].causes
    assert found.look_alikes == patterns()["loss_spikes"].look_alikes


def stepped() -> FloatArray:
    return np.where(STEPS < 500, fall(2.0), fall(1.2))


def test_a_drop_at_a_cut_of_the_rate_is_the_schedule() -> None:
    found = judged("step_drops", train_loss=stepped(), lr=np.where(STEPS < 500, 1e-3, 1e-4))
    assert "Step decay" in found.causes[0].cause
    assert found.causes[0].because == "at the onset the learning rate goes to 0.1 x what it was"


def test_a_drop_without_a_cut_is_not_the_schedule() -> None:
    found = judged("step_drops", train_loss=stepped(), lr=np.full(N, 1e-3)).causes
    assert [cause.moved for cause in found[-2:]] == ["down", "down"]
    assert "Step decay" in found[-2].cause


def test_a_drop_that_the_validation_loss_does_not_share_is_the_data() -> None:
    seen = STEPS[19::20]
    val = 2.5 + 0.0 * seen
    found = judged("step_drops", train_loss=stepped(), lr=np.full(N, 1e-3), val_loss=(seen, val))
    assert "The data became easier" in found.causes[0].cause


def test_a_jump_that_the_validation_loss_does_not_share_is_the_data() -> None:
    seen = STEPS[19::20]
    jumped = np.where(STEPS < 500, fall(1.0), fall(2.0) + 0.5 * np.exp(-(STEPS - 500) / 200))
    calm = judged("level_jump", train_loss=jumped, val_loss=(seen, np.full(len(seen), 1.3)))
    assert "The data changed" in calm.causes[0].cause
    worse = judged("level_jump", train_loss=jumped, val_loss=(seen, np.where(seen < 500, 1.3, 2.3)))
    assert "Optimizer state" in worse.causes[0].cause
    assert "The data changed" in worse.causes[-1].cause


def test_a_jump_at_a_break_of_the_schedule_is_the_schedule() -> None:
    jumped = np.where(STEPS < 500, fall(1.0), fall(2.0))
    found = judged("level_jump", train_loss=jumped, lr=np.where(STEPS < 500, 1e-4, 1e-3))
    assert "The learning-rate schedule began anew" in found.causes[0].cause


def test_a_jump_at_a_resume_is_the_state() -> None:
    steps = np.concatenate([np.arange(500.0), np.arange(490.0, 1000.0)])
    values = np.concatenate([fall()[:500], fall(2.0)[490:]])
    found = judged("level_jump", train_loss=(steps, values))
    assert found.causes[0].moved == "up"
    assert "of a resume" in found.causes[0].because


def test_a_nan_that_comes_without_warning_is_not_the_rate() -> None:
    train = fall()
    train[700:] = np.nan
    found = judged("numerical_failure", train_loss=train, grad_norm=norms()).causes
    assert "The learning rate is too high" in found[-1].cause
    warned = fall()
    warned[690:700] *= np.linspace(1, 6, 10)
    warned[700:] = np.nan
    found = judged("numerical_failure", train_loss=warned, grad_norm=norms()).causes
    assert found[0].because.startswith("just before the onset the train loss reaches")


def test_a_nan_after_which_the_loss_goes_on_is_the_batch_or_the_formula() -> None:
    train = fall()
    train[[300, 650]] = np.nan
    found = judged("numerical_failure", train_loss=train).causes
    assert {cause.moved for cause in found[:2]} == {"up"}
    assert "One batch holds NaN" in found[1].cause
    assert "The learning rate is too high" in found[-1].cause


def test_overfitting_within_the_first_epoch_is_not_repetition() -> None:
    val = (STEPS[19::20], fall()[19::20] + np.maximum(STEPS[19::20] - 300, 0) / 300)
    once = judged("overfitting", train_loss=fall(), val_loss=val, epoch=STEPS / N)
    assert "different distributions" in once.causes[0].cause
    assert "too many times" in once.causes[-1].cause
    again = judged("overfitting", train_loss=fall(), val_loss=val, epoch=STEPS / 100)
    assert "too many times" in again.causes[0].cause
    assert again.causes[0].moved == "up"


def test_the_evidence_of_a_finder_is_a_fact_too() -> None:
    train = 1.0 + noise(0.002) + 0.5 * 0.8 ** np.floor(STEPS / 200)
    found = judged("epoch_staircase", train_loss=train)
    assert "spread of the distance" in {each.name for each in found.evidence}
    assert "The same examples come round again" in found.causes[0].cause
    assert found.causes[0].because.startswith("the distances of its repeats scatter by")


def test_swings_of_one_epoch_are_the_order_of_the_data() -> None:
    train = fall() + 0.8 * np.sin(2 * np.pi * STEPS / 125) * (STEPS > 250)
    found = judged("oscillation", train_loss=train, epoch=STEPS / 125)
    assert "not shuffled" in found.causes[0].cause
    assert found.causes[0].because.startswith("the distance of its repeats in epochs is")


def test_an_objective_whose_loss_is_flat_by_nature_leads_the_look_alikes() -> None:
    found = judged("flat_line", Expectations(objective="GRPO"), train_loss=noise(0.01))
    assert "policy-gradient" in found.look_alikes[0].name
    assert found.look_alikes[0].because == "the objective is policy gradient"


def test_a_preference_loss_stuck_at_ln_2_has_nothing_to_teach() -> None:
    found = judged("flat_line", Expectations(objective="dpo"), train_loss=0.6931 + noise(1e-5))
    assert "beta of 0" in found.causes[0].cause


def test_the_reason_is_in_the_text_the_page_and_the_data() -> None:
    dx = classify_curve({"train_loss": flat(), "grad_norm": norms(), "lr": np.zeros(N)})
    assert dx.label == "flat_line"
    told = dx.to_dict()["findings"][0]["causes"][0]
    assert (told["moved"], told["because"]) == ("up", "the largest learning rate is 0")
    assert "because      the largest learning rate is 0" in str(dx)
    assert "<dt>Because</dt><dd>the largest learning rate is 0</dd>" in dx._repr_html_()


CAUSES = tuple(
    Cause(
        cause=name,
        check="Look.",
        rules=tuple(Rule(more=more, conditions=(Condition(fact="epochs", at_least=1.0),)) for more in rules),
    )
    for name, rules in {"a": [False], "b": [], "c": [True], "d": [True, False], "e": [True]}.items()
)


def two_epochs(name: str) -> float | None:
    return 2.0 if name == "epochs" else None


def nothing(name: str) -> None:
    return None


def test_what_facts_speak_for_comes_first_and_against_last_and_the_rest_stays() -> None:
    found = ranked(CAUSES, two_epochs)
    assert [(row.cause, row.moved) for row in found] == [("c", "up"), ("e", "up"), ("b", ""), ("d", ""), ("a", "down")]
    assert found[0].because == found[-1].because == "the number of epochs is 2"


def test_what_is_unknown_moves_nothing() -> None:
    assert ranked(CAUSES, nothing) == CAUSES
    assert ranked((LookAlike(name="a", tell="A."),), nothing) == (LookAlike(name="a", tell="A."),)


def test_the_order_is_a_permutation_of_the_catalogue_and_says_why_where_it_differs() -> None:
    moved = 0
    for dx in diagnoses(200):
        for found in dx.findings:
            pattern = patterns()[found.pattern]
            assert sorted(c.cause for c in found.causes) == sorted(c.cause for c in pattern.causes)
            assert sorted(a.name for a in found.look_alikes) == sorted(a.name for a in pattern.look_alikes)
            assert all(bool(cause.because) == bool(cause.moved) for cause in found.causes)
            assert all(bool(alike.because) == bool(alike.moved) for alike in found.look_alikes)
            moved += any(cause.moved for cause in found.causes)
    assert moved >= 10
