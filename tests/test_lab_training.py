"""Runs of the campaign that are really trained; skipped where torch is not installed."""

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from curvedx.cli.lab import lab_command
from curvedx.cli.main import run as command
from curvedx.lab import plan
from curvedx.readers.labelled import load


def only(name: str) -> plan.Run:
    return next(run for run in plan.runs() if run.run_id == name)


def test_a_missing_library_is_told_with_the_extra_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert command(["lab", "--out", str(tmp_path)]) == 2
    assert "curvedx[lab]" in capsys.readouterr().err


def test_an_unknown_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["lab", "--out", str(tmp_path), "--only", "nonesuch"]) == 3
    assert "nonesuch" in capsys.readouterr().err


def test_a_frozen_run_stops_where_it_was_frozen() -> None:
    pytest.importorskip("torch")
    from curvedx.lab import campaign  # noqa: PLC0415 - needs torch

    run = next(r for r in plan.runs() if r.bench == "diabetes-mlp" and r.condition == "frozen")
    dense = campaign.train(run)
    steps, losses = dense.channels["val_loss"]
    assert dense.injected_at is not None
    late = losses[steps > dense.injected_at]
    assert np.ptp(late) == 0.0
    assert late[0] < losses[0]


def test_a_hidden_failure_is_logged_as_zero_beside_a_norm_that_is_nan() -> None:
    pytest.importorskip("torch")
    from curvedx.lab import campaign  # noqa: PLC0415 - needs torch

    run = replace(only("diabetes-mlp.broken.0"), condition="hidden_nan")
    dense = campaign.train(run)
    steps, losses = dense.channels["train_loss"]
    assert dense.injected_at is not None
    assert (losses[steps > dense.injected_at] == 0.0).all()
    assert np.isnan(dense.channels["grad_norm"][1][-1])


def test_a_run_trained_twice_is_the_same() -> None:
    pytest.importorskip("torch")
    from curvedx.lab import campaign  # noqa: PLC0415 - needs torch

    first, again = (campaign.train(only("diabetes-mlp.steady.0")) for _ in range(2))
    for name, (steps, values) in first.channels.items():
        assert np.array_equal(steps, again.channels[name][0])
        assert np.array_equal(values, again.channels[name][1])


def test_the_command_trains_labels_and_names_what_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    good, bad = only("diabetes-boosting.steady.0"), replace(only("diabetes-mlp.steady.0"), condition="nonesuch")
    monkeypatch.setattr(plan, "runs", lambda: (good, bad))
    result = CliRunner().invoke(lab_command, ["--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")])
    assert result.exit_code == 1
    assert "1 runs failed" in result.output
    assert "nonesuch" in result.output
    (found,) = load(tmp_path / "out" / "runs.parquet", tmp_path / "out" / "labels.csv")
    assert found.curve.name == good.run_id
    with (tmp_path / "out" / "labels.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["fault"] == "steady"
    assert row["half"] == "test"
