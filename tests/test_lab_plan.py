"""The plan of the fault lab and what a logger does to a run, without training anything."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from curvedx.curve import TRAIN_LOSS
from curvedx.lab import labels, logged, plan
from curvedx.lab.logged import Logger

LOGGER = Logger(
    points=10,
    averaged=True,
    epochs=True,
    decimals=None,
    significant=None,
    evaluations=5,
    first=False,
    channels=("val_loss", "lr", "grad_norm"),
)


def dense(count: int = 100) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    steps = np.arange(float(count))
    at = steps[::10]
    return {
        "train_loss": (steps, 2.0 - steps / count),
        "lr": (steps, np.full(count, 0.1)),
        "grad_norm": (steps, np.ones(count)),
        "val_loss": (at, 3.0 - at / count),
    }


def test_the_plan_has_enough_runs_each_with_a_name_of_its_own() -> None:
    runs = plan.runs()
    assert len(runs) >= 400
    assert len({run.run_id for run in runs}) == len(runs)


def test_the_plan_is_the_same_in_every_process() -> None:
    """String hashes differ from process to process; seeds must not follow them."""
    code = "from curvedx.lab.plan import runs; print([(r.run_id, r.seed, str(r.logger)) for r in runs()])"
    said = [
        subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": salt}, capture_output=True, text=True, check=True
        ).stdout
        for salt in ("1", "2")
    ]
    assert said[0] == said[1]
    assert eval(said[0]) == [(r.run_id, r.seed, str(r.logger)) for r in plan.runs()]  # noqa: S307 - printed above


def test_reading_the_plan_needs_no_training_library() -> None:
    code = "import curvedx.lab.plan, sys; assert not {'torch', 'sklearn', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own code


def test_every_bench_of_the_plan_is_on_one_side_of_the_split() -> None:
    assert set(plan.PLAN) == set(plan.CLUSTERS)
    sides: dict[tuple[str, str], set[str]] = {}
    for cluster in plan.CLUSTERS.values():
        sides.setdefault((cluster.task, cluster.architecture), set()).add(cluster.half)
    assert all(len(halves) == 1 for halves in sides.values())


def test_half_of_the_runs_are_short_or_count_epochs() -> None:
    loggers = [run.logger for run in plan.runs()]
    share = np.mean([logger.points <= 30 or logger.epochs for logger in loggers])
    assert 0.4 <= share <= 0.75


def test_a_condition_is_logged_with_what_it_is_about() -> None:
    for run in plan.runs():
        assert plan.NEEDS.get(run.condition, frozenset()) <= set(run.logger.channels)
        assert not plan.NEVER.get(run.condition, frozenset()) & set(run.logger.channels)
        assert run.logger.points >= plan.LEAST.get(run.condition, 0)


def test_an_averaged_row_is_the_mean_of_the_steps_since_the_last() -> None:
    written = logged.written(dense(), LOGGER)
    steps, losses = written[TRAIN_LOSS]
    assert steps.tolist() == list(range(1, 11))
    assert losses == pytest.approx(2.0 - (np.arange(10) * 10 + 4.5) / 100)


def test_a_row_of_single_steps_stands_at_its_step() -> None:
    steps, losses = logged.written(dense(), replace(LOGGER, averaged=False, epochs=False))[TRAIN_LOSS]
    assert steps.tolist() == list(range(0, 100, 10))
    assert losses == pytest.approx(2.0 - steps / 100)


def test_an_evaluation_is_written_at_the_row_that_ends_after_it() -> None:
    steps, losses = logged.written(dense(), replace(LOGGER, evaluations=10))["val_loss"]
    assert steps.tolist() == list(range(1, 11))
    assert losses == pytest.approx(3.0 - np.arange(0, 100, 10) / 100)


def test_a_failure_within_an_averaged_row_fails_the_row() -> None:
    channels = dense()
    channels["train_loss"][1][37] = np.nan
    losses = logged.written(channels, LOGGER)[TRAIN_LOSS][1]
    assert np.flatnonzero(np.isnan(losses)).tolist() == [3]


def test_rounding_never_rounds_a_small_loss_away() -> None:
    steps = np.arange(50.0)
    losses = 1e-5 * np.exp(-steps / 10)
    written = logged.written({"train_loss": (steps, losses)}, replace(LOGGER, decimals=4, points=50))
    assert written[TRAIN_LOSS][1] == pytest.approx(losses, rel=1e-3)


def test_a_rewound_run_keeps_the_order_in_which_it_was_logged() -> None:
    steps = np.concatenate([np.arange(60.0), np.arange(40.0, 80.0)])
    channels = {"train_loss": (steps, np.linspace(2, 1, 100))}
    found = logged.written(channels, replace(LOGGER, epochs=False, averaged=False, points=20))[TRAIN_LOSS][0]
    assert (np.diff(found) < 0).sum() == 1


def test_healthy_is_worked_out_and_never_stands_beside_a_problem() -> None:
    assert labels.labelled([], []).present == {"healthy"}
    assert labels.labelled(["step_drops"], []).present == {"healthy", "step_drops"}
    assert labels.labelled(["overfitting"], ["plateau"]).present == {"overfitting"}
    doubtful = labels.labelled(["step_drops"], ["plateau"])
    assert doubtful.present == {"step_drops"}
    assert doubtful.grey == {"plateau", "healthy"}


def test_degrees_are_present_grey_or_absent() -> None:
    found = labels.decided({"overfitting": 0.9, "plateau": 0.5, "flat_line": 0.1, "dead_class": None})
    assert found.present == {"overfitting"}
    assert found.grey == {"plateau"}


def test_both_halves_have_every_condition_that_makes_a_label_of_its_own() -> None:
    halves = {
        half: Counter(run.condition for run in plan.runs() if run.cluster.half == half)
        for half in ("calibration", "test")
    }
    for condition in ("rare", "switched", "leaked", "masked", "repeated", "weight_decay", "full_batch", "unshuffled"):
        assert min(halves[half][condition] for half in halves) >= 2, condition
