"""What a run shows that its baseline did not: findings, where the curves part, who is there first."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from curvedx import Curve, CurvedxError, classify_curve, compare
from curvedx.cli.main import run as command
from curvedx.curve import Channel, FloatArray
from curvedx.diagnosis.beside import difference, rate_difference, reached
from curvedx.readers import read
from helpers_curves import HOSTILE, with_channels
from helpers_diagnosis import SPIKES, STEP, curve, diagnosis, finding, healthy_curve, unassessed

LOGS = Path(__file__).parents[1] / "data" / "logs"
HEALTHY, DIVERGED = (str(LOGS / f"hf/{name}/trainer_state.json") for name in ("healthy", "diverged"))


def falling(
    points: int = 1000, noise: float = 0.1, *, seed: int = 0, last: float = 1000.0, pace: float = 1.0
) -> Channel:
    """Return a loss that falls from 5 to 1, from step 1 to the last, at a pace."""
    steps = np.linspace(1.0, last, points)
    rest = np.random.default_rng(seed).normal(0.0, noise, points)
    return Channel(steps, 1.0 + 4.0 * np.exp(-pace * steps / 200.0) + rest)


def lifted(channel: Channel, by: float, since: float) -> Channel:
    return Channel(channel.steps, channel.values + by * (channel.steps >= since))


def both(**changes: Any) -> tuple[Any, Any]:
    """Return diagnoses of a run that overfits and spikes and of a baseline with spikes and a step."""
    known = {"overfitting": 0.97, "loss_spikes": 0.88, "step_drops": 0.1}
    run = diagnosis(
        curve=healthy_curve(name="new"), findings=(finding(), SPIKES), probabilities=known, label="overfitting"
    )
    before = {"overfitting": 0.02, "loss_spikes": 0.6, "step_drops": 0.9} | changes
    base = diagnosis(curve=healthy_curve(name="old", seed=1), findings=(SPIKES, STEP), probabilities=before)
    return run, base


def names(findings: Any) -> list[str]:
    return [each.pattern for each in findings]


def test_findings_are_new_gone_or_in_both() -> None:
    found = compare(*both())
    assert (names(found.new), names(found.gone), names(found.common)) == (
        ["overfitting"],
        ["step_drops"],
        ["loss_spikes"],
    )
    assert (found.severity, found.ok) == ("warning", False)
    turned = compare(*both()[::-1])
    assert (names(turned.new), names(turned.gone)) == (["step_drops"], ["overfitting"])
    assert (turned.severity, turned.ok) == ("info", True)


def test_a_finding_is_told_with_its_probability_in_either_run() -> None:
    told = compare(*both()).to_dict()
    assert [(f["run_probability"], f["baseline_probability"]) for f in told["new"]] == [(0.97, 0.02)]
    assert [(f["run_probability"], f["baseline_probability"]) for f in told["gone"]] == [(0.1, 0.9)]


def test_what_the_baseline_could_not_show_is_new_and_says_so() -> None:
    found = compare(*both(overfitting=None))
    assert names(found.new) == ["overfitting"]
    assert "in the baseline not assessed" in " ".join(str(found).split())


def test_what_the_run_could_not_show_is_not_gone() -> None:
    run, base = both()
    blind = diagnosis(curve=run.curve, probabilities={"step_drops": None, "loss_spikes": 0.1})
    found = compare(blind, base)
    assert names(found.gone) == ["loss_spikes"]
    assert any("unknown whether it is gone: learning-rate step" in caveat for caveat in found.caveats)


def test_a_baseline_that_is_ill_itself_and_a_run_too_short_are_doubts() -> None:
    assert any("not healthy itself: loss spikes" in each for each in compare(*both()).caveats)
    short = compare(unassessed(), diagnosis())
    assert short.ok is None
    assert any("the run could not be assessed: only 3 points" in each for each in short.caveats)


@pytest.mark.parametrize(("points", "base_points"), [(20, 20), (80, 40), (400, 400), (1000, 100), (10_000, 2_000)])
def test_two_runs_that_differ_by_chance_alone_do_not_part(points: int, base_points: int) -> None:
    parted = [
        difference("train_loss", falling(points, seed=seed), falling(base_points, seed=1000 + seed))
        for seed in range(60)
    ]
    assert sum(each is not None and each.since is not None for each in parted) <= 2


def test_noise_that_a_logger_averaged_over_a_window_is_chance_too() -> None:
    def averaged(seed: int) -> Channel:
        steps, values = falling(1009, 0.3, seed=seed, last=1009.0)
        return Channel(steps[9:], np.convolve(values, np.full(10, 0.1), mode="valid"))

    parted = [difference("train_loss", averaged(seed), averaged(1000 + seed)) for seed in range(60)]
    assert sum(each is not None and each.since is not None for each in parted) <= 2


@pytest.mark.parametrize(("points", "base_points"), [(60, 60), (1000, 100), (100, 1000), (10_000, 2_000)])
@pytest.mark.parametrize("since", [300.0, 600.0])
@pytest.mark.parametrize("by", [0.5, -0.5])
def test_runs_part_where_one_is_lifted_whatever_their_intervals(
    points: int, base_points: int, since: float, by: float
) -> None:
    for seed in range(5):
        run = lifted(falling(points, 0.05, seed=seed), by, since)
        found = difference("train_loss", run, falling(base_points, 0.05, seed=99 + seed))
        assert found is not None
        assert found.since == pytest.approx(since, abs=60)
        assert found.percent == pytest.approx(100 * by, abs=10)
        assert found.points == min(points, base_points)


def test_a_difference_that_goes_away_is_not_for_good() -> None:
    run = lifted(lifted(falling(seed=3), 1.0, 300.0), -1.0, 600.0)
    found = difference("train_loss", run, falling(seed=4))
    assert found is not None
    assert found.since is None


def test_a_longer_run_is_compared_on_the_steps_both_have() -> None:
    found = difference("train_loss", lifted(falling(2000, last=2000.0), 3.0, 1100.0), falling(seed=1))
    assert found is not None
    assert (found.since, found.first, found.last) == (None, 1.0, 1000.0)


def test_small_losses_are_compared_as_ratios() -> None:
    steps = np.arange(1.0, 401.0)
    low = np.geomspace(5.0, 1e-4, 400)
    rng = np.random.default_rng(0)
    noisy = [low * np.exp(rng.normal(0, 0.1, 400)) for _ in range(2)]
    noisy[0][300:] *= 2.0
    found = difference("train_loss", Channel(steps, noisy[0]), Channel(steps, noisy[1]))
    assert found is not None
    assert found.since == pytest.approx(301.0, abs=15)
    assert found.ratio == pytest.approx(2.0, rel=0.2)


def test_a_run_that_breaks_parts_where_it_breaks() -> None:
    run = falling()
    broken = Channel(run.steps, np.where(run.steps > 500, math.nan, run.values))
    found = difference("train_loss", broken, falling(seed=1))
    assert found is not None
    assert found.since == pytest.approx(501, abs=2)
    assert (found.run, found.percent, found.ratio) == (None, None, None)
    assert "the run's is not finite at step 1,000" in str(
        compare({"train_loss": broken}, {"train_loss": falling(seed=1)})
    )
    better = difference("train_loss", falling(seed=1), broken)
    assert better is not None
    assert (better.since, better.baseline) == (found.since, None)


def rates(values: FloatArray, every: int = 1) -> Channel:
    steps = np.arange(len(values), dtype=float)
    return Channel(steps[::every], values[::every])


def test_one_schedule_logged_at_two_intervals_is_the_same() -> None:
    cosine = 1e-3 * (1 + np.cos(np.linspace(0, np.pi, 1001)))
    cut = np.where(np.arange(1001) < 505, 1e-2, 1e-3)
    for schedule in (cosine, cut, np.zeros(1001)):
        for every in (1, 7):
            found = rate_difference("lr", rates(schedule, every), rates(schedule, 10))
            assert found is not None
            assert found.since is None


def test_a_missing_warm_up_differs_only_until_it_is_over() -> None:
    flat = np.full(1001, 1e-3)
    warm = flat * np.minimum(np.arange(1001) / 100, 1.0)
    found = rate_difference("lr", rates(flat), rates(warm))
    assert found is not None
    assert (found.since, found.until) == (0.0, 99.0)


def test_a_rate_ten_times_as_high_is_said_to_be() -> None:
    found = rate_difference("lr", rates(np.full(50, 0.1)), rates(np.full(80, 0.01)))
    assert found is not None
    assert (found.since, found.until) == (0.0, None)
    assert found.ratio == pytest.approx(10.0)


@pytest.mark.parametrize("pace", [0.5, 0.7, 1.4, 2.0])
def test_a_run_at_another_pace_is_there_so_much_later(pace: float) -> None:
    found = reached("train_loss", falling(2000, 0.01, pace=pace, last=2000.0), falling(1000, 0.01, seed=1))
    assert found is not None
    assert found.ratio == pytest.approx(1 / pace, rel=0.1)
    assert found.level == pytest.approx(1.03, abs=0.02)


def test_a_run_that_never_gets_there_is_told_from_one_that_is_not_there_yet() -> None:
    base = {"train_loss": falling(noise=0.01)}
    high = {"train_loss": lifted(falling(noise=0.01, seed=1), 1.0, 0.0)}
    young = {"train_loss": falling(300, 0.01, last=300.0, seed=2)}
    assert "never at 1.02" in str(compare(high, base))
    assert "not yet at 1.02" in str(compare(young, base))


def test_a_baseline_that_did_not_fall_sets_no_level() -> None:
    flat = Channel(np.arange(100.0), np.random.default_rng(0).normal(1, 0.1, 100))
    assert reached("train_loss", flat, flat) is None


def test_anything_that_can_be_classified_can_be_compared() -> None:
    losses = falling(60).values
    base = healthy_curve(60)
    ways: list[Any] = [
        losses.tolist(),
        losses,
        {"train_loss": losses},
        pd.DataFrame({"step": range(60), "train_loss": losses}),
        Curve({"train_loss": losses}),  # type: ignore[dict-item]  # raw values, as users give them
        classify_curve(losses),
    ]
    told = [compare(way, base).to_dict() for way in ways]
    for each in told:
        each["run"] = ""
    assert all(each == told[0] for each in told)
    assert compare(losses, losses).run.name == "run"


def test_two_diagnoses_are_compared_without_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "curvedx.diagnosis.classify", None)
    assert compare(*both()).new


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (
            range(5000, 5100),
            r"run 'a' has 100 points at steps 5,000 to 5,099 and baseline 'b' has 100 points at steps 0",
        ),
        (range(0, 10_000, 100), "either has to have 3 points or more; are both counted in the same unit"),
        ([], "run 'a' has no point"),
    ],
)
def test_runs_without_common_steps_are_a_clear_error(steps: Any, said: str) -> None:
    run = curve({"train_loss": (list(steps), [1.0] * len(steps))}, "a")
    with pytest.raises(CurvedxError, match=said):
        compare(run, curve({"train_loss": [1.0] * 100}, "b"))


def test_a_sliver_of_common_steps_another_start_and_a_channel_of_one_alone_are_doubts() -> None:
    run = curve({"train_loss": (np.arange(40.0), np.linspace(20, 10, 40)), "grad_norm": np.ones(40)}, "a")
    doubts = " ".join(compare(run, curve({"train_loss": np.linspace(3, 1, 1000)}, "b")).caveats)
    assert "only 3.9 % of the baseline's steps are compared" in doubts
    assert "begin at 20 and 3" in doubts
    assert "gradient norm was logged by the run alone" in doubts


@pytest.mark.parametrize("kind", [name for name in HOSTILE if len(HOSTILE[name]()) > 2])
def test_losses_nobody_wishes_to_log_are_compared_all_the_same(kind: str) -> None:
    usual, bad = with_channels(np.linspace(3.0, 1.0, 120)), with_channels(HOSTILE[kind]())
    for pair in ((usual, bad), (bad, usual), (bad, bad)):
        found = compare(*(diagnosis(curve=each) for each in pair))
        json.dumps(found.to_dict(), allow_nan=False)
        assert max(map(len, str(found).splitlines())) <= 100


def test_a_run_beside_itself_shows_nothing_new() -> None:
    found = compare(read(HEALTHY), read(HEALTHY))
    assert (found.new, found.gone, found.severity, found.ok) == ((), (), "none", True)
    assert {each.since for each in found.differences} == {None}
    assert [each.ratio for each in found.reached] == [1.0, 1.0]
    assert str(found).startswith("healthy beside healthy: nothing new found\ncompared at 80 steps, 10 to 800\n")


def test_a_loss_that_stayed_above_is_said_first_even_where_no_finding_has_a_name_for_it() -> None:
    base = diagnosis(curve=curve({"train_loss": falling(noise=0.01), "val_loss": falling(30, 0.01, seed=1)}, "good"))
    high, low = (
        diagnosis(curve=curve({"train_loss": lifted(falling(seed=2, noise=0.01), by, 400.0)}, "new"))
        for by in (1.0, -0.5)
    )
    first = "new beside good: nothing new found"
    assert str(compare(high, base)).splitlines()[0] == f"{first}; yet its train loss stayed above the baseline's"
    assert str(compare(low, base)).splitlines()[0] == first


def test_a_real_run_that_diverged_is_told_from_its_healthy_twin() -> None:
    found = compare(read(DIVERGED), read(HEALTHY))
    assert "divergence" in names(found.new)
    lr = next(each for each in found.differences if each.channel == "lr")
    assert (lr.ratio or 0) > 50
    text = str(found)
    assert "new problem" in text.splitlines()[0]
    assert "train loss       above from step" in text
    assert "\x1b" not in text


def test_nothing_of_a_comparison_can_be_changed() -> None:
    found = compare(*both())
    for result in (found, found.differences[0], found.reached[0]):
        with pytest.raises(FrozenInstanceError):
            result.caveats = ()  # type: ignore[misc, union-attr]  # what is tested


def test_comparing_and_the_light_tools_load_nothing_heavy() -> None:
    code = (
        "import sys, curvedx\n"
        "str(curvedx.compare([5.0, 4.0, 3.0] * 20, [5.0, 4.0, 3.0] * 30))\n"
        "curvedx.smooth([1.0]), curvedx.EarlyStop().step(1.0)\n"
        "str(curvedx.generalization_gap({'train_loss': [1.0] * 9, 'val_loss': [1.0] * 9}))\n"
        "print(sorted({'torch', 'pandas', 'sklearn', 'scipy', 'matplotlib', 'pyarrow', 'click'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("paths", "options", "code"),
    [
        ((HEALTHY, HEALTHY), [], 0),
        ((DIVERGED, HEALTHY), [], 1),
        ((DIVERGED, HEALTHY), ["--fail-on", "never"], 0),
        ((DIVERGED, DIVERGED), ["--fail-on", "info"], 0),
        ((DIVERGED, "gone.csv"), [], 2),
        (("-", "-"), [], 2),
    ],
)
def test_the_exit_code_tells_new_findings_at_or_above_the_threshold(
    paths: tuple[str, str], options: list[str], code: int
) -> None:
    assert command(["compare", *paths, *options]) == code


def test_the_command_prints_what_the_library_says(capsys: pytest.CaptureFixture[str]) -> None:
    command(["compare", DIVERGED, HEALTHY])
    found = compare(read(DIVERGED), read(HEALTHY))
    assert capsys.readouterr().out == f"{found}\n"
    command(["compare", DIVERGED, HEALTHY, "--json"])
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(found.to_dict()))


def test_of_several_runs_in_a_file_two_can_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sweep.csv"
    rows = [f"{name},{step},{2 / (1 + step) + add}" for name, add in (("a", 0), ("b", 1)) for step in range(40)]
    path.write_text("run,step,loss\n" + "\n".join(rows))
    assert command(["compare", str(path), str(path)]) == 2
    assert "holds 2 runs ('a', 'b'); choose one with --run" in capsys.readouterr().err
    assert command(["compare", str(path), str(path), "--run", "b", "--baseline-run", "a"]) == 0
    assert capsys.readouterr().out.startswith("b beside a: ")


def test_runs_without_common_steps_are_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, start in (("a", 0), ("b", 900)):
        (tmp_path / f"{name}.csv").write_text(
            "step,loss\n" + "".join(f"{start + i},{1 / (1 + i)}\n" for i in range(30))
        )
    assert command(["compare", str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("curvedx: error: run 'a' has 30 points at steps 0 to 29")
    assert error.count("\n") == 1
