"""A model's confidence follows the labelled runs it is shown: far where there are many, hardly where there are few."""

from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.linear_model import LogisticRegression

from curvedx.cli.main import run
from curvedx.diagnosis.classify import classify_curves
from curvedx.errors import ModelError
from curvedx.models.artefact import Artefact, load
from curvedx.models.calibration import AS_IT_IS, _line, adapted, with_patterns, with_sets
from curvedx.models.dataset import of_labelled
from curvedx.models.recalibrate import crossed, recalibrate
from curvedx.readers.labelled import LabelledRun
from curvedx.synth.draw import draw
from helpers_curves import drawn


@cache
def labelled(count: int = 300) -> tuple[LabelledRun, ...]:
    """Return drawn runs labelled by what is latent in them, five to a cluster."""
    return tuple(_labelled(number) for number in range(count))


def _labelled(number: int) -> LabelledRun:
    one = drawn()[number]
    grey = frozenset(name for name, degree in one.degrees.items() if degree is not None and 0.25 < degree < 0.75)
    return LabelledRun(
        curve=one.curve,
        present=one.present() or frozenset({"healthy"}),
        grey=grey,
        cluster=f"repository {number // 5}",
        not_a_loss=False,
        onsets={},
    )


def stretched(by: float) -> Artefact:
    """Return the released model, its log odds stretched: as sure as it has no reason to be."""
    released = load()
    passport = released.passport | {key: [by * v for v in released.passport[key]] for key in ("slope", "intercept")}
    return Artefact(trees=released.trees, passport=passport)


def test_a_line_without_a_prior_is_a_logistic_regression() -> None:
    rng = np.random.default_rng(0)
    odds = rng.normal(0.0, 2.0, 400)
    true = (rng.random(400) < 1.0 / (1.0 + np.exp(-(0.6 * odds - 0.5)))).astype(float)
    plain = LogisticRegression(C=1e9).fit(odds[:, None], true)
    assert _line(odds, true, AS_IT_IS, 1e-9) == pytest.approx((plain.coef_[0, 0], plain.intercept_[0]), abs=1e-3)


def test_what_is_not_known_and_few_runs_leave_the_line_as_it_is() -> None:
    odds = np.array([2.0, -1.0, 0.5])
    assert _line(odds, np.full(3, np.nan), (1.2, 0.1), 4.0) == (1.2, 0.1)
    slope, intercept = _line(odds, np.array([1.0, 0.0, np.nan]), AS_IT_IS, 4.0)
    assert abs(slope - 1.0) < 0.2
    assert abs(intercept) < 0.2


def test_a_model_that_is_too_sure_learns_to_be_less_so() -> None:
    sure = stretched(4.0)
    before, after = crossed(sure, labelled())
    assert after < 0.8 * before
    slopes = np.array(adapted(sure, labelled()).passport["slope"]) / np.array(sure.passport["slope"])
    assert np.median(slopes[:-1]) < 0.7
    assert slopes[-1] == 1.0


def test_a_pattern_that_no_run_shows_follows_the_line_common_to_all() -> None:
    """What sets real logs apart is learned of the other patterns too; what is no loss is left alone."""
    sure, rows = stretched(4.0), of_labelled(labelled())
    rows.patterns[:, 3] = np.nan
    slopes = np.array(with_patterns(sure, rows).passport["slope"]) / np.array(sure.passport["slope"])
    assert slopes[3] < 0.7
    assert slopes[-1] == 1.0


def test_adapting_leaves_the_trees_and_forgets_what_was_measured_before() -> None:
    made = adapted(load(), labelled()[:60])
    assert made.trees == load().trees
    assert made.passport["made"]["adapted_to"] == 60
    assert "measured" not in made.passport


def test_sets_grow_where_the_true_headline_is_often_thought_unlikely() -> None:
    """Runs whose labels are those of other runs: little that the model says of them is right."""
    runs = labelled()
    wrong = [
        LabelledRun(**{**vars(one), "present": other.present, "grey": other.grey})
        for one, other in zip(runs, (*runs[7:], *runs[:7]), strict=True)
    ]
    at = int(0.9 * len(load().passport["conformal"]))
    scores = adapted(load(), wrong).passport["conformal"]
    assert scores[at] > load().passport["conformal"][at] + 0.05
    assert scores == sorted(scores)


def test_runs_move_the_sets_as_far_as_they_weigh_against_drawn_curves() -> None:
    """A hundred runs against no, as many, and a million drawn ones: at once, halfway, and hardly."""
    runs = labelled()[:100]
    rows = of_labelled(runs)
    before = np.array(load().passport["conformal"])
    alone, half, hardly = (
        np.array(with_sets(load(), runs, rows, weight).passport["conformal"]) for weight in (1e-6, 100.0, 1e6)
    )
    assert hardly == pytest.approx(before, abs=0.02)
    assert (half >= np.minimum(alone, before) - 0.02).all()
    assert (half <= np.maximum(alone, before) + 0.02).all()
    moved = np.abs(alone - before) > 0.05
    assert moved.any()
    assert (np.abs(half - before)[moved] > 0.005).mean() > 0.8


def test_the_command_writes_a_model_that_judges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs, labels = written(tmp_path, 40)
    assert run(["recalibrate", str(runs), "--labels", str(labels), "--out", str(tmp_path / "ours")]) == 0
    assert "log loss of the labels of runs left out:" in capsys.readouterr().out
    curve = draw(5, 1).curve
    ours, theirs = (classify_curves([curve], model=where)[0] for where in (tmp_path / "ours", None))
    assert ours.probabilities != theirs.probabilities
    assert ours.unassessed == theirs.unassessed


def test_too_few_runs_are_an_error_that_says_how_many_are_needed(tmp_path: Path) -> None:
    runs, labels = written(tmp_path, 9)
    with pytest.raises(ModelError, match=r"labels\.csv: 9 runs of 2 repositories; 10 runs of two or more are needed"):
        recalibrate(runs, labels, out=tmp_path / "ours")


def written(folder: Path, count: int) -> tuple[Path, Path]:
    """Write labelled runs as files."""
    rows: dict[str, list[object]] = {name: [] for name in ("run_id", "channel", "step", "value")}
    lines = ["run_id,present,grey,owner_repo"]
    for number, one in enumerate(labelled()[:count]):
        lines.append(f"r{number},{';'.join(one.present)},{';'.join(one.grey)},{one.cluster}")
        for channel, points in one.curve.channels.items():
            for step, value in zip(points.steps.tolist(), points.values.tolist(), strict=True):
                for name, cell in zip(rows, (f"r{number}", channel, step, value), strict=True):
                    rows[name].append(cell)
    pq.write_table(pa.table(rows), folder / "runs.parquet")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder / "runs.parquet", folder / "labels.csv"
