"""The runs and labels of `data/lab` hold together, and its datasheet says what they are."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from curvedx.catalogue import HEALTHY, patterns
from curvedx.lab import votes
from curvedx.lab.plan import CLUSTERS, runs
from curvedx.lab.sheet import BEGIN, END, FEW
from curvedx.lab.tables import COLUMNS
from curvedx.readers.labelled import LabelledRun, load

LAB = Path(__file__).parents[1] / "data" / "lab"
HALVES = ("calibration", "test")


@pytest.fixture(scope="module")
def labelled() -> list[LabelledRun]:
    return load(LAB / "runs.parquet", LAB / "labels.csv")


def table() -> list[dict[str, str]]:
    with (LAB / "labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_has_a_row_for_every_run_of_the_plan_in_its_order() -> None:
    assert [row["run_id"] for row in table()] == [run.run_id for run in runs()]
    assert tuple(table()[0]) == COLUMNS
    assert len(table()) >= 400


def test_no_task_and_architecture_is_on_both_sides_of_the_split() -> None:
    sides: dict[tuple[str, str], set[str]] = {}
    for row in table():
        assert row["half"] in HALVES
        assert row["half"] == CLUSTERS[row["owner_repo"]].half
        sides.setdefault((row["task"], row["architecture"]), set()).add(row["half"])
    assert all(len(halves) == 1 for halves in sides.values())


def test_no_label_is_both_present_and_grey_and_healthy_has_no_problem_beside_it(labelled: list[LabelledRun]) -> None:
    problems = {name for name, pattern in patterns().items() if pattern.kind == "problem"}
    for run in labelled:
        assert not run.present & run.grey, run.curve.name
        assert run.present or run.grey, run.curve.name
        assert HEALTHY not in run.present or not run.present & problems, run.curve.name


def test_every_label_is_seen_in_both_halves_or_listed_as_scarce() -> None:
    datasheet = (LAB / "README.md").read_text(encoding="utf-8")
    scarce = next(line for line in datasheet.splitlines() if line.startswith(f"Fewer than {FEW} runs:"))
    for half in HALVES:
        seen = Counter(name for row in table() if row["half"] == half for name in row["present"].split(";"))
        for name in patterns():
            assert (seen[name] < FEW) == (f"`{name}` ({half})" in scarce), (name, half, seen[name])


def test_a_label_needs_the_channels_that_were_logged(labelled: list[LabelledRun]) -> None:
    for run in labelled:
        for name in run.present - {HEALTHY}:
            assert all(run.curve.has(need) for need in patterns()[name].needs), (run.curve.name, name)


def test_onsets_lie_within_the_run_and_belong_to_labels_that_are_present(labelled: list[LabelledRun]) -> None:
    for run in labelled:
        steps = run.curve["train_loss"].steps
        assert set(run.onsets) <= run.present
        for at in run.onsets.values():
            assert steps[0] <= min(at) and max(at) <= steps[-1], run.curve.name


def test_clusters_are_the_benches_of_the_plan(labelled: list[LabelledRun]) -> None:
    assert {run.cluster for run in labelled} == set(CLUSTERS)


def test_lengths_are_those_people_have(labelled: list[LabelledRun]) -> None:
    counts = np.array([len(run.curve) for run in labelled])
    assert counts.min() >= 8
    assert np.mean(counts <= 30) > 0.3
    assert np.mean(counts > 300) > 0.1


def test_a_third_of_the_runs_or_more_have_no_problem(labelled: list[LabelledRun]) -> None:
    assert np.mean([HEALTHY in run.present for run in labelled]) > 0.33


def test_the_files_are_small() -> None:
    assert (LAB / "runs.parquet").stat().st_size < 3_000_000


def test_every_run_of_the_plan_was_voted_on_and_its_labels_are_what_the_votes_say() -> None:
    found = votes.read(LAB / "votes.csv")
    assert set(found) == {run.run_id for run in runs()}
    for row in table():
        label, why = found[row["run_id"]]
        assert set(filter(None, row["present"].split(";"))) == label.present, row["run_id"]
        assert set(filter(None, row["grey"].split(";"))) == label.grey, row["run_id"]
        assert row["note"] == why


def test_the_counted_part_of_the_datasheet_is_that_of_the_table() -> None:
    text = (LAB / "README.md").read_text(encoding="utf-8")
    counted = text.partition(BEGIN)[2].partition(END)[0]
    assert f"**Runs**: {len(table())}," in counted
    for half, column in (("calibration", 1), ("test", 3)):
        seen = Counter(name for row in table() if row["half"] == half for name in row["present"].split(";"))
        for name in patterns():
            (line,) = [line for line in counted.splitlines() if line.startswith(f"| `{name}` |")]
            assert line.split("|")[column + 1].strip() == str(seen[name]), name
