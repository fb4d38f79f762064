"""Facts: what is measured on a run and around an onset, and what a user may say of it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import naive_facts as naive
from curvedx import CurvedxError, classify_curve, classify_curves
from curvedx.curve import FloatArray
from curvedx.diagnosis.evidence import Sighting
from curvedx.diagnosis.facts.known import GUESSED, ONSET, RUN, Facts
from curvedx.diagnosis.measures import Tracks
from curvedx.objectives import NOTHING, Expectations, objectives
from curvedx.rules import Value, facts
from helpers_diagnosis import curve
from helpers_drawn import curves, diagnoses

COUNT = 120
N = 600
STEPS = np.arange(N, dtype=np.float64)


def noise(size: float, seed: int = 0, n: int = N) -> FloatArray:
    return np.random.default_rng(seed).normal(scale=size, size=n)


def fall(floor: float = 0.5) -> FloatArray:
    return floor + 2.0 * np.exp(-STEPS / 100.0) + noise(0.01)


def known(expected: Expectations = NOTHING, **channels: Any) -> Facts:
    return Facts(Tracks(curve({"train_loss": fall()} | channels)), expected)


def number(value: Value | None) -> float:
    assert isinstance(value, float | int)
    return float(value)


def around(found: Facts, onset: float, name: str) -> Value | None:
    return found.around(Sighting(onset=onset, evidence=(), sentence=""))(name)


def test_every_fact_of_the_registry_is_measured_and_no_other() -> None:
    assert set(RUN) | {"objective"} == {fact.name for fact in facts().values() if fact.of == "run"}
    assert set(ONSET) == {fact.name for fact in facts().values() if fact.of == "onset"}


def test_whatever_was_logged_a_fact_is_finite_or_unknown_and_says_its_value() -> None:
    seen: set[str] = set()
    for dx in diagnoses(COUNT):
        for fact in dx.facts:
            seen.add(fact.name)
            assert fact.value is None or isinstance(fact.value, str) or math.isfinite(fact.value), fact
            assert fact.sentence
            assert "{" not in fact.sentence
            assert fact.unit == facts()[fact.name].unit
    assert len(seen) >= 25


def test_facts_are_json() -> None:
    for dx in diagnoses(COUNT):
        told = json.loads(json.dumps(dx.to_dict(), allow_nan=False))
        assert [fact["name"] for fact in told["facts"]] == [fact.name for fact in dx.facts]


@pytest.mark.parametrize("values", [[1.0] * 9, [math.nan] * 20, [math.inf, 1.0] * 9, [0.0] * 30, [1e300, -1e300] * 9])
def test_a_run_of_anything_has_facts(values: list[float]) -> None:
    dx = classify_curve({"train_loss": values, "val_loss": values, "lr": values, "grad_norm": values, "epoch": values})
    json.dumps(dx.to_dict(), allow_nan=False)


def test_what_overflows_is_unknown() -> None:
    steps = np.linspace(-1.0, 1.0, N) * 1.7e308
    assert Facts(Tracks(curve({"train_loss": (steps, fall())})), NOTHING).of("length of the run") is None


def test_a_run_without_a_point_has_no_facts() -> None:
    dx = classify_curve([])
    assert (dx.facts, dx.normal) == ((), ())


def test_the_logging_interval_is_the_median_distance() -> None:
    steps = np.cumsum(np.random.default_rng(0).choice([5.0, 10.0, 10.0, 50.0], size=N))
    found = Facts(Tracks(curve({"train_loss": (steps, fall())})), NOTHING)
    points = list(zip(steps.tolist(), fall().tolist(), strict=True))
    assert found.of("logging interval") == naive.interval(points) == 10.0


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.9])
def test_norms_that_stand_at_a_ceiling_were_clipped(share: float) -> None:
    norms = np.exp(noise(0.5, seed=1))
    limit = float(np.quantile(norms, 1.0 - share))
    logged = np.minimum(norms, limit) * (1 - 1e-6 * np.random.default_rng(2).random(N))
    found = known(grad_norm=logged)
    assert found.of("clipped steps") == pytest.approx(naive.clipped(logged.tolist()))
    if share:
        assert number(found.of("clipped steps")) == pytest.approx(100 * share, abs=1.0)
        assert found.of("clipping limit") == pytest.approx(limit, rel=1e-3)


@pytest.mark.parametrize("norms", [1.0 + np.random.default_rng(0).random(20 * N), np.exp(noise(1.0)), np.ones(N)])
def test_without_a_ceiling_it_is_unknown_how_many_steps_were_clipped(norms: FloatArray) -> None:
    assert known(grad_norm=norms).of("clipped steps") is None
    assert naive.clipped(norms.tolist()) is None
    told = {fact.name: fact for fact in classify_curve({"train_loss": fall(), "grad_norm": norms}).facts}
    assert told["clipped steps"].value is None
    assert "clip=" in told["clipped steps"].sentence


def test_the_users_limit_tells_how_many_norms_logged_before_clipping_were_clipped() -> None:
    norms = np.exp(noise(0.5))
    share = known(Expectations(clip=1.5), grad_norm=norms).of("clipped steps")
    assert share == pytest.approx(naive.clipped(norms.tolist(), 1.5))


def test_norms_that_are_not_finite_are_counted_in_rows() -> None:
    norms = np.exp(noise(0.1))
    norms[[5, 6, 7, 100, 300, 301]] = [np.nan, np.inf, np.nan, np.inf, np.nan, np.nan]
    found = known(grad_norm=norms)
    assert found.of("gradient norms not finite in a row") == naive.longest_break(norms.tolist()) == 3
    assert found.of("gradient norms not finite") == pytest.approx(naive.share(norms.tolist(), 6))


def test_losses_that_repeat_are_counted() -> None:
    values = np.round(fall(), 2)
    assert known(train_loss=values).of("losses that repeat") == pytest.approx(naive.repeats(values.tolist()))


CONSTANT = np.full(N, 1e-3)
LINEAR = 1e-3 * (1 - STEPS / N)
COSINE = 0.5e-3 * (1 + np.cos(np.pi * STEPS / N))
STEP = np.where(STEPS < 300, 1e-3, 1e-4)
WAVES = 0.5e-3 * (1 + np.cos(np.pi * (STEPS % 150) / 150))
WARM = np.minimum(STEPS / 60, 1.0) * COSINE


@pytest.mark.parametrize(
    ("rate", "cuts", "restarts"),
    [(CONSTANT, 0, 0), (LINEAR, 0, 0), (COSINE, 0, 0), (STEP, 1, 0), (WAVES, 0, 3), (WARM, 0, 0)],
)
def test_a_cut_and_a_restart_are_told_from_a_smooth_schedule(rate: FloatArray, cuts: int, restarts: int) -> None:
    found = known(lr=rate)
    assert (found.of("learning rate, cuts"), found.of("learning rate, restarts")) == (cuts, restarts)
    assert naive.restarts(rate.tolist()) == restarts


@pytest.mark.parametrize(
    ("rate", "at", "low", "high"),
    [(STEP, 300, 0.09, 0.11), (STEP, 150, 0.99, 1.01), (COSINE, 300, 0.99, 1.01), (COSINE, 580, 0.8, 1.2),
     (LINEAR, 585, 0.8, 1.2), (WAVES, 300, 100, 1e7)],
)  # fmt: skip
def test_a_change_of_the_rate_at_an_onset_is_told_from_a_smooth_schedule(
    rate: FloatArray, at: float, low: float, high: float
) -> None:
    assert low <= number(around(known(lr=rate), at, "learning rate across the onset")) <= high


def test_a_rate_that_still_climbs_stands_at_its_peak_so_far() -> None:
    found = known(lr=1e-6 * (1 + STEPS))
    assert around(found, 300, "learning rate at the onset, of its peak") == 1.0
    assert number(around(found, 300, "rise of the learning rate before the onset")) == pytest.approx(1.25, abs=0.01)
    assert around(known(lr=LINEAR), 300, "learning rate at the onset, of its peak") == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("onset", [30.0, 200.0, 400.5, 599.0])
def test_a_surge_is_measured_before_the_onset_and_against_what_is_ordinary(onset: float) -> None:
    norms = np.exp(noise(0.2, seed=3))
    norms[198] = 20.0
    points = list(zip(STEPS.tolist(), norms.tolist(), strict=True))
    wanted = naive.surge_before(points, onset, N - 1.0, 1.0)
    assert around(known(grad_norm=norms), onset, "gradient norm just before the onset") == pytest.approx(wanted)


def test_what_stands_at_the_onset_did_not_come_before_it() -> None:
    norms = np.exp(noise(0.05, seed=3))
    norms[300] = 20.0
    found = known(grad_norm=norms)
    assert number(around(found, 300, "gradient norm just before the onset")) < 1.3
    assert number(around(found, 300, "gradient norm at the onset")) > 10


@pytest.mark.parametrize("whole", [False, True])
def test_epochs_are_read_with_fractions_or_whole(whole: bool) -> None:
    epoch = STEPS / 120
    found = known(epoch=np.floor(epoch) if whole else epoch)
    assert number(found.of("steps of an epoch")) == pytest.approx(120, rel=0.01)
    assert number(around(found, 242, "onset, from an epoch's beginning")) == pytest.approx(100 * 2 / 120, abs=0.1)


def test_one_point_an_epoch_knows_no_length_of_an_epoch() -> None:
    assert known(epoch=STEPS).of("steps of an epoch") is None


def test_a_standing_loss_is_held_against_what_the_user_knows() -> None:
    shares = (0.9, 0.1)
    flat = naive.entropy(shares) + noise(0.001)
    found = known(Expectations(classes=2, prior=shares), train_loss=flat)
    assert found.of("standing level, of the prior's entropy") == pytest.approx(1.0, abs=0.01)
    assert found.of("standing level, of chance") == pytest.approx(naive.entropy(shares) / math.log(2), abs=0.01)
    assert known(Expectations(prior=shares), train_loss=flat - STEPS / N / 5).of("standing level") is None


def test_a_level_is_named_only_where_little_was_learned() -> None:
    assert "chance among 10 classes" in str(known(train_loss=math.log(10) + noise(0.002)).of("standing level, by name"))
    fallen = np.where(STEPS < 100, 9.0, 0.25) + noise(1e-4)
    assert known(train_loss=fallen).of("standing level, by name") is None


def test_the_vocabulary_is_chance_for_a_language_model() -> None:
    assert Expectations(vocabulary=50257, classes=2).chance == pytest.approx(10.8249, abs=1e-4)
    assert Expectations().chance is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"objective": "gpro"}, "objective is 'gpro'.*did you mean 'grpo'"),
        ({"objective": 3}, "objective is 3.*expected one of preference"),
        ({"classes": 1}, "classes is 1; expected a whole number of 2 or more"),
        ({"classes": True}, "classes is True"),
        ({"vocabulary": 2.5}, r"vocabulary is 2\.5"),
        ({"prior": [0.9, 0.2]}, r"prior is \[0\.9, 0\.2\], which sums to 1\.1"),
        ({"prior": [1.0]}, "prior is .*two or more numbers"),
        ({"prior": 0.9}, r"prior is 0\.9"),
        ({"prior": ["a", "b"]}, "prior is"),
        ({"prior": [1.5, -0.5]}, "prior is"),
        ({"clip": 0}, "clip is 0; expected a number above zero"),
        ({"clip": math.nan}, "clip is nan"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_value(given: dict[str, Any], said: str) -> None:
    with pytest.raises(CurvedxError, match=said):
        classify_curve(fall(), **given)


def test_numpy_numbers_and_other_names_are_understood() -> None:
    expected = Expectations(objective=" GRPO ", classes=np.int64(10), prior=np.array([0.5, 0.5]))  # type: ignore[arg-type]
    assert (expected.objective, expected.classes, expected.prior) == ("policy gradient", 10, (0.5, 0.5))


@pytest.mark.parametrize(
    ("names", "objective"),
    [
        (["rewards/margins", "rewards/chosen"], "preference"),
        (["train/rewards/margins"], "preference"),
        (["kl", "reward", "completion_length"], "policy gradient"),
        (["completions/mean_length"], "policy gradient"),
        (["kl"], None),
        (["reward"], None),
        (["train/box_loss", "train/dfl_loss"], "detection"),
        (["loss_simple"], "diffusion"),
        (["v_loss"], "diffusion"),
        (["d_loss"], "GAN"),
        (["accuracy"], "classification"),
        (["val_accuracy"], "classification"),
        (["mean_token_accuracy"], "fine-tuning"),
        (["epoch", "eval_runtime", "eval_samples_per_second"], None),
    ],
)
def test_the_names_of_the_metrics_give_the_objective_away(names: list[str], objective: str | None) -> None:
    logged: dict[str, Any] = {name: fall() for name in names}
    found = known(**logged)
    assert found.of("objective") == objective
    assert (found.of(GUESSED) in names) == (objective is not None)


def test_a_guess_is_said_to_be_one_and_the_user_overrules_it() -> None:
    run = {"train_loss": fall(), "accuracy": fall()}
    guess = {fact.name: fact for fact in classify_curve(run).facts}["objective"]
    assert guess.sentence.startswith("the objective is classification, guessed from the metric 'accuracy': its loss")
    given = {fact.name: fact for fact in classify_curve(run, objective="regression").facts}["objective"]
    assert given.sentence.startswith("the objective is regression: its loss has the units of the target")


def test_every_objective_can_be_asked_for_by_each_of_its_names() -> None:
    for objective in objectives():
        for name in (objective.name, *objective.also):
            assert Expectations(objective=name.upper()).objective == objective.name


def test_what_the_user_knows_changes_no_probability_and_no_label() -> None:
    some = curves(40)
    knowing = classify_curves(some, objective="GRPO", classes=10, vocabulary=50257, prior=[0.5, 0.5], clip=1.0)
    for plain, told in zip(classify_curves(some), knowing, strict=True):
        assert (plain.label, plain.confidence) == (told.label, told.confidence)
        assert plain.probabilities == told.probabilities
        assert [f.onset for f in plain.findings] == [f.onset for f in told.findings]
