"""Metrics against numbers worked out by hand, and labelled runs read back from files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

from curvedx.catalogue import assessable, patterns
from curvedx.curve import Curve
from curvedx.diagnosis.result import Diagnosis, Finding
from curvedx.errors import ReadError
from curvedx.evaluate import baselines, evaluate, load, metrics
from curvedx.evaluate.misjudged import misjudged
from curvedx.evaluate.predictions import Prediction, from_diagnosis, headline
from curvedx.evaluate.report import summarise
from curvedx.evaluate.scored import Scored
from curvedx.readers.labelled import LabelledRun
from curvedx.show.evaluation import markdown

STEPS = np.arange(101.0)


def curve(name: str = "run", **channels: Any) -> Curve:
    given: dict[str, Any] = {"train_loss": (STEPS, np.exp(-STEPS / 30) + 0.1)} | channels
    return Curve(given, name)


def labelled(
    present: str, grey: str = "", *, cluster: str = "a", not_a_loss: bool = False, **onsets: Any
) -> LabelledRun:
    return LabelledRun(
        curve=curve(),
        present=frozenset(present.split()),
        grey=frozenset(grey.split()),
        cluster=cluster,
        not_a_loss=not_a_loss,
        onsets=onsets,
    )


def said(labels: str = "", unassessed: str = "", **more: Any) -> Prediction:
    names = frozenset(labels.split())
    return Prediction(labels=names, unassessed=frozenset(unassessed.split()), headline=headline(names), **more)


def score(*pairs: tuple[LabelledRun, Prediction]) -> dict[str, Any]:
    return summarise([run for run, _ in pairs], [p for _, p in pairs])


def test_grey_and_unassessed_labels_count_neither_for_nor_against() -> None:
    result = score(
        (labelled("overfitting"), said("overfitting")),
        (labelled("overfitting"), said("")),
        (labelled("healthy"), said("overfitting")),
        (labelled("healthy", grey="overfitting"), said("overfitting")),
        (labelled("overfitting"), said("", unassessed="overfitting")),
    )
    row = result["labels"]["overfitting"]
    assert (row["support"], row["scored"], row["predicted"]) == (2, 3, 2)
    assert (row["precision"], row["recall"], row["f1"]["value"]) == (0.5, 0.5, 0.5)
    assert result["unassessed"]["present_but_unassessed"] == 1
    assert result["unassessed"]["labels"]["value"] == pytest.approx(1 / (5 * len(assessable())))


def test_macro_f1_averages_labels_and_micro_f1_averages_cells() -> None:
    pairs = [(labelled("overfitting"), said("overfitting"))] * 5  # F1 = 1, seen five times
    pairs += [(labelled("sawtooth"), said("sawtooth")), (labelled("sawtooth"), said("plateau"))]  # F1 = 2/3 and 0
    result = score(*pairs)
    assert result["macro_f1"]["value"] == 1.0
    assert result["macro_f1"]["labels"] == 1
    assert result["macro_f1_all"]["value"] == pytest.approx((1 + 2 / 3) / 2)
    assert result["micro_f1"]["value"] == pytest.approx(12 / 14)


def test_the_true_headline_is_the_gravest_present_label() -> None:
    result = score(
        (labelled("sawtooth overfitting"), said("overfitting")),
        (labelled("sawtooth overfitting"), said("sawtooth")),
        (labelled("healthy step_drops"), said("step_drops")),
        (labelled("healthy"), said("")),
    )
    assert result["headline"]["accuracy"]["value"] == 0.75
    assert result["headline"]["scored"] == 4


def test_runs_whose_true_or_predicted_headline_is_grey_are_left_out_of_headline_accuracy() -> None:
    result = score(
        (labelled("", grey="healthy overfitting"), said("sawtooth")),
        (labelled("healthy", grey="sawtooth"), said("sawtooth")),
        (labelled("healthy"), said("sawtooth")),
    )
    assert result["headline"]["scored"] == 1
    assert result["headline"]["accuracy"]["value"] == 0.0


def test_false_alarms_are_problems_named_in_runs_without_one() -> None:
    result = score(
        (labelled("healthy"), said("sawtooth")),
        (labelled("healthy", grey="sawtooth"), said("sawtooth")),
        (labelled("step_drops"), said("epoch_staircase")),  # a wrong note is no false alarm
        (labelled("healthy"), said("")),
        (labelled("", grey="healthy"), said("sawtooth")),  # nobody knows
        (labelled("overfitting"), said("sawtooth")),
    )
    assert result["false_alarms"]["scored"] == 4
    assert result["false_alarms"]["value"] == 0.25


def test_signals_that_are_no_loss_are_scored_by_their_caveat_alone() -> None:
    result = score(
        (labelled("healthy", not_a_loss=True), said("sawtooth", strangeness=0.2)),
        (labelled("healthy", not_a_loss=True), said("", strangeness=0.5)),
        (labelled("healthy"), said("", strangeness=0.2)),
    )
    assert {key: result["not_a_loss"][key] for key in ("runs", "warned", "flagged", "losses", "losses_warned")} == {
        "runs": 2,
        "warned": 1,
        "flagged": 1,
        "losses": 1,
        "losses_warned": 0,
    }
    assert result["false_alarms"]["scored"] == 1
    assert result["not_a_loss"]["auroc"]["value"] == pytest.approx((1.0 + 0.5) / 2)


def test_onset_error_is_the_distance_to_the_nearest_given_step_as_a_share_of_the_run() -> None:
    result = score(
        (labelled("loss_spikes", loss_spikes=(20.0, 80.0)), said("loss_spikes", onsets={"loss_spikes": 84.0})),
        (labelled("overfitting", overfitting=(50.0,)), said("overfitting", onsets={"overfitting": 60.0})),
        (labelled("overfitting", overfitting=(50.0,)), said("overfitting")),
    )
    assert result["onsets"]["scored"] == 2
    assert result["onsets"]["median_error"]["value"] == pytest.approx(0.07)
    assert result["onsets"]["p90_error"]["value"] == pytest.approx(0.10)
    assert result["onsets"]["labels"]["loss_spikes"]["median_error"]["value"] == pytest.approx(0.04)


def test_conformal_sets_are_judged_on_runs_whose_headline_is_sure() -> None:
    result = score(
        (labelled("healthy"), said("", possible=frozenset({"healthy", "sawtooth"}))),
        (labelled("sawtooth"), said("", possible=frozenset({"healthy"}))),
        (labelled("", grey="healthy"), said("", possible=frozenset({"healthy"}))),
    )
    conformal = result["headline"]["conformal"]
    assert (conformal["scored"], conformal["coverage"]["value"], conformal["mean_size"]["value"]) == (2, 0.5, 1.5)


ONCE = np.ones(20)


def test_calibration_error_weighs_the_gap_of_each_bin_by_its_runs() -> None:
    """Two bins of ten: probabilities .2 with 3 of 10 true, .8 with 7 of 10 true: both gaps are .1."""
    probability = np.repeat([0.2, 0.8], 10)
    outcome = np.array([True] * 3 + [False] * 7 + [True] * 7 + [False] * 3)
    assert metrics.calibration_error(probability, outcome, ONCE) == pytest.approx(0.1)
    assert metrics.brier(probability, outcome, ONCE) == pytest.approx((3 * 0.64 + 7 * 0.04) * 2 / 20)


def test_calibration_bins_grow_with_the_runs_up_to_fifteen() -> None:
    """One bin hides opposite errors, many bins show them."""
    few = metrics.calibration_error(np.array([0.0, 1.0]), np.array([True, False]), np.ones(2))
    many = metrics.calibration_error(np.repeat([0.0, 1.0], 200), np.repeat([True, False], 200), np.ones(400))
    assert few == pytest.approx(0.0)
    assert many > 0.9


def test_probabilities_that_come_true_show_the_calibration_error_of_their_few_runs() -> None:
    """Ten tosses of a coin miss five by 1.23 on average (10!/(5! 5!) 5/1024), and certainty misses nothing."""
    coins = metrics.calibration_error_by_chance(np.full(10, 0.5), 4000, 0)
    assert coins[0] == pytest.approx(0.123, abs=0.004)
    assert coins[0] == coins[1:].mean()
    assert metrics.calibration_error_by_chance(np.full(1000, 0.5), 400, 0)[0] < 0.7 * coins[0]
    assert not metrics.calibration_error_by_chance(np.repeat([0.0, 1.0], 20), 100, 0).any()
    assert np.isnan(metrics.calibration_error_by_chance(np.array([]), 3, 0)).all()


def test_a_weight_counts_a_run_as_often_as_it_says() -> None:
    rng = np.random.default_rng(8)
    times = rng.integers(0, 4, size=(5, 20))
    value, outcome = rng.random(20), rng.random(20) < 0.4
    for row, weights in enumerate(times.astype(float)):
        values, outcomes = np.repeat(value, times[row]), np.repeat(outcome, times[row])
        assert metrics.brier(value, outcome, weights) == pytest.approx(np.mean((values - outcomes) ** 2))
        assert metrics.auroc(value, outcome, weights) == pytest.approx(roc_auc_score(outcomes, values))
        for q in (0.5, 0.9):
            naive = np.quantile(values, q, method="averaged_inverted_cdf")
            assert metrics.quantile(value, q, weights) == pytest.approx(naive)
        order = np.argsort(value)
        gaps = [abs(float(weights[part] @ (value - outcome)[part])) for part in (order[:10], order[10:])]
        assert metrics.calibration_error(value, outcome, weights) == pytest.approx(sum(gaps) / len(values))
    together = metrics.quantile(value, 0.5, times.astype(float))
    assert together.tolist() == [float(metrics.quantile(value, 0.5, w)) for w in times.astype(float)]


def test_every_headline_figure_has_an_interval_around_it() -> None:
    pairs = [
        (
            labelled("sawtooth" if i % 3 else "healthy", cluster=str(i), sawtooth=(50.0,)),
            said(
                "sawtooth" if i % 4 else "",
                confidence=0.5 + 0.01 * i,
                probabilities={"sawtooth": 0.04 * i},
                possible=frozenset({"sawtooth"}),
                onsets={"sawtooth": 50.0 + i},
            ),
        )
        for i in range(24)
    ]
    result = score(*pairs)
    found = [
        result["macro_f1"],
        result["micro_f1"],
        result["false_alarms"],
        result["headline"]["accuracy"],
        result["headline"]["calibration_error"],
        result["headline"]["by_chance"],
        result["headline"]["brier"],
        result["headline"]["conformal"]["coverage"],
        result["calibration"]["brier"],
        result["onsets"]["median_error"],
        result["onsets"]["p90_error"],
    ]
    for one in found:
        assert one["low"] < one["high"]
        assert one["low"] <= one["value"] <= one["high"]


def test_reliability_bins_hold_every_case_once_with_what_was_said_and_what_came_true() -> None:
    result = score(
        *[(labelled("sawtooth"), said("sawtooth", confidence=1.0, probabilities={"sawtooth": 0.81}))] * 3,
        (labelled("healthy"), said("sawtooth", confidence=0.05, probabilities={"sawtooth": 0.89})),
    )
    bins = {(one["low"], one["high"]): one for one in result["headline"]["reliability"]}
    assert {edges: one["count"] for edges, one in bins.items()} == {(0.0, 0.1): 1, (0.9, 1.0): 3}
    (pooled,) = result["calibration"]["reliability"]
    assert pooled["count"] == 4
    assert (pooled["said"], pooled["true"]) == (pytest.approx(0.83), 0.75)


def test_the_confusion_counts_scored_headlines_by_what_is_true_and_what_is_said() -> None:
    result = score(
        (labelled("overfitting sawtooth"), said("sawtooth")),
        (labelled("overfitting"), said("overfitting")),
        (labelled("healthy"), said("overfitting")),
        (labelled("healthy", grey="overfitting"), said("overfitting")),
    )
    confusion = result["headline"]["confusion"]
    assert confusion["labels"] == ["overfitting", "sawtooth", "healthy"]
    assert confusion["runs"] == [[1, 1, 0], [0, 0, 0], [1, 0, 0]]


def test_misjudged_runs_come_with_what_was_missed_and_what_was_wrongly_named_the_surest_first() -> None:
    pairs = [
        (labelled("overfitting", cluster="a"), said("", probabilities={"overfitting": 0.4})),
        (labelled("healthy", cluster="b"), said("sawtooth", confidence=0.9, probabilities={"sawtooth": 0.95})),
        (labelled("healthy", grey="sawtooth"), said("sawtooth", probabilities={"sawtooth": 0.99})),
        (labelled("overfitting"), said("", unassessed="overfitting")),
        (labelled("overfitting"), said("overfitting")),
    ]
    found = misjudged(Scored.of([run for run, _ in pairs], [p for _, p in pairs], seed=0))
    assert [one["cluster"] for one in found] == ["b", "a"]
    assert found[0]["errors"] == [{"label": "sawtooth", "kind": "false", "probability": 0.95}]
    assert (found[0]["true_headline"], found[0]["said_headline"], found[0]["confidence"]) == (
        "healthy",
        "sawtooth",
        0.9,
    )
    assert found[1]["errors"] == [{"label": "overfitting", "kind": "missed", "probability": 0.4}]


def test_what_cannot_be_said_is_nan_and_becomes_none() -> None:
    nothing = np.zeros(0, dtype=bool)
    for measure in (metrics.calibration_error, metrics.brier, metrics.auroc):
        assert np.isnan(measure(np.zeros(0), nothing, np.zeros((3, 0)))).all()
    assert np.isnan(metrics.quantile(np.zeros(0), 0.5, np.zeros((3, 0)))).all()
    result = score((labelled("healthy"), said("")))
    assert result["macro_f1"]["value"] is None
    assert result["headline"]["brier"]["value"] is None
    json.dumps(result, allow_nan=False)
    json.dumps(summarise([], []), allow_nan=False)


def test_resamples_draw_whole_clusters_and_repeat_with_the_seed() -> None:
    weights = metrics.resamples(["a", "b", "a", "c"], draws=200, seed=3)
    assert np.array_equal(weights[:, 0], weights[:, 2])
    assert np.array_equal(weights[:, 0] + weights[:, 1] + weights[:, 3], np.full(200, 3.0))
    assert np.array_equal(weights, metrics.resamples(["a", "b", "a", "c"], draws=200, seed=3))
    assert not np.array_equal(weights, metrics.resamples(["a", "b", "a", "c"], draws=200, seed=4))


def test_runs_of_one_cluster_widen_the_interval() -> None:
    def width(clusters: Sequence[str]) -> float:
        pairs = [(labelled("healthy", cluster=c), said("sawtooth" if i < 10 else "")) for i, c in enumerate(clusters)]
        alarms = score(*pairs)["false_alarms"]
        assert alarms["low"] <= alarms["value"] == 0.5 <= alarms["high"]
        return float(alarms["high"] - alarms["low"])

    apart, together = [str(i) for i in range(20)], [str(i // 5) for i in range(20)]
    assert width(together) > 1.5 * width(apart)


def test_predictions_and_runs_must_match_in_number() -> None:
    with pytest.raises(ValueError, match="0 predictions for 1 runs"):
        summarise([labelled("healthy")], [])


def diagnosis(probabilities: Mapping[str, float | None], label: str = "healthy", **more: Any) -> Diagnosis:
    found = [patterns()[name] for name, p in probabilities.items() if p is not None and p > 0.5]
    given: dict[str, Any] = {
        "name": "run",
        "label": label,
        "confidence": 0.8,
        "probabilities": probabilities,
        "unassessed": {name: "needs it" for name, p in probabilities.items() if p is None},
        "findings": tuple(
            Finding(
                pattern=p.name,
                title=p.title,
                kind=p.kind,
                severity=p.severity,
                probability=0.9,
                onset=7.0,
                end=None,
                channel="train_loss",
                evidence=(),
                sentence="",
                causes=(),
                fixes=(),
                look_alikes=(),
            )
            for p in found
        ),
        "best_step": None,
        "caveats": (),
        "headline": {label: 0.8, "plateau": 0.2},
        "points": 101,
        "span": (0.0, 100.0),
        "model": "test",
        "curve": curve(),
    }
    return Diagnosis(**given | more)


def test_a_diagnosis_is_read_off_with_its_unassessed_patterns_and_onsets() -> None:
    p = from_diagnosis(diagnosis({"sawtooth": 0.9, "overfitting": None}, "sawtooth", conformal=(0.1, 0.2)))
    assert p.labels == {"sawtooth"}
    assert p.unassessed == {"overfitting"}
    assert p.probabilities == {"sawtooth": 0.9}
    assert p.onsets == {"sawtooth": 7.0}
    assert p.possible == frozenset({"sawtooth", "plateau"})
    assert not p.warned


def test_only_doubt_that_it_is_a_loss_counts_as_a_warning() -> None:
    assert from_diagnosis(diagnosis({}, strangeness=0.5)).warned
    assert not from_diagnosis(diagnosis({}, strangeness=0.4, caveats=("only 9 train points",))).warned
    assert not from_diagnosis(diagnosis({}, "unassessed", strangeness=None)).warned


def test_a_short_run_leaves_every_label_unassessed() -> None:
    p = from_diagnosis(diagnosis({}, "unassessed", confidence=None, headline={}))
    assert p.unassessed >= {q.name for q in assessable()}
    assert p.possible is None


def test_evaluate_puts_the_model_beside_every_baseline_and_renders() -> None:
    runs = [labelled("sawtooth"), labelled("healthy", cluster="b")]
    result = evaluate(runs, [diagnosis({"sawtooth": 0.9}, "sawtooth"), diagnosis({"sawtooth": 0.2})])
    assert list(result["systems"]) == [
        "model",
        "definitions as rules",
        "one rule a label",
        "majority headline",
        "always healthy",
    ]
    assert result["systems"]["model"]["headline"]["accuracy"]["value"] == 1.0
    assert result["systems"]["model"]["headline"]["brier"]["value"] == pytest.approx(0.04)
    assert result["systems"]["model"]["labels"]["sawtooth"]["brier"]["value"] == pytest.approx((0.01 + 0.04) / 2)
    assert result["systems"]["always healthy"]["headline"]["accuracy"]["value"] == 0.5
    assert result["ahead"]["always healthy"]["headline"] == {"value": 0.5, "low": 0.0, "high": 1.0}
    json.dumps(result, allow_nan=False)
    text = markdown(result)
    assert "| headline accuracy | 1.00 [1.00, 1.00] (n = 2) | " in text
    assert "| `sawtooth` | 1 | 1.00 |" in text


def test_every_label_has_a_rule() -> None:
    assert set(baselines.RULES) == {p.name for p in assessable()}


FALL = np.exp(-STEPS / 30) + 0.1
WOBBLE = 0.01 * np.where(STEPS % 2, 1, -1)
RISES_LATE = np.concatenate([FALL[:60], FALL[60] + 0.02 * np.arange(41)])


@pytest.mark.parametrize(
    ("label", "channels"),
    [
        ("numerical_failure", {"train_loss": np.where(STEPS > 80, np.nan, FALL)}),
        ("divergence", {"train_loss": np.where(STEPS > 60, 5.0, FALL)}),
        ("collapse_to_zero", {"train_loss": np.where(STEPS > 20, 1e-9, FALL)}),
        ("flat_line", {"train_loss": 0.6931 + WOBBLE / 10}),
        ("exploding_gradients", {"grad_norm": np.where(STEPS > 80, 100.0, 1.0)}),
        ("vanishing_gradients", {"grad_norm": np.where(STEPS > 80, 1e-6, 1.0)}),
        ("catastrophic_forgetting", {"task_loss/a": np.where(STEPS > 50, 0.9, FALL), "task_loss/b": FALL}),
        ("overfitting", {"val_loss": RISES_LATE}),
        ("oscillation", {"train_loss": FALL + 0.5 * np.sin(STEPS)}),
        ("plateau", {"train_loss": np.maximum(FALL, 0.6)}),
        ("dead_class", {"class_accuracy/a": np.zeros(101), "class_accuracy/b": 1 - FALL / 2}),
        ("level_jump", {"train_loss": FALL + np.where(STEPS > 50, 0.2, 0)}),
        ("loss_spikes", {"train_loss": FALL + WOBBLE + np.where(STEPS == 50, 1, 0)}),
        ("val_below_train", {"val_loss": 0.8 * FALL}),
        ("warmup_spike", {"train_loss": FALL + np.where(STEPS == 4, 1, 0)}),
        ("sawtooth", {"train_loss": FALL + 30 * WOBBLE}),
        ("undertrained", {"train_loss": 2 - STEPS / 100}),
        ("grokking", {"val_loss": np.where(STEPS > 70, 0.1, 2.0)}),
        ("double_descent", {"val_loss": FALL + np.where((STEPS > 40) & (STEPS < 60), 0.3, 0)}),
        ("schedule_waves", {"lr": 1 - (STEPS % 25) / 25}),
        ("epoch_staircase", {"train_loss": 2 - 0.3 * (STEPS // 20) + WOBBLE / 10}),
        ("step_drops", {"train_loss": FALL + WOBBLE + np.where(STEPS > 60, 0, 0.5)}),
    ],
)
def test_each_rule_fires_on_its_plainest_case_and_not_on_a_healthy_run(label: str, channels: dict[str, Any]) -> None:
    fine = curve(val_loss=FALL + 0.4, grad_norm=FALL + 1, lr=np.linspace(1, 0, 101))
    assert label in baselines.ruled(curve(**channels)).labels
    assert baselines.ruled(fine).labels == frozenset()


def test_rules_leave_out_what_was_not_logged_and_survive_what_is_not_finite() -> None:
    assert "overfitting" in baselines.ruled(curve()).unassessed
    assert baselines.ruled(curve(train_loss=np.full(101, np.nan))).headline == "numerical_failure"
    assert baselines.ruled(curve(train_loss=np.arange(5.0))).headline == "unassessed"


def test_the_definitions_as_rules_name_what_holds_more_than_not_and_say_how_much() -> None:
    p = baselines.defined(curve(train_loss=np.where(STEPS < 60, 1.0 / (1.0 + STEPS), np.nan)))
    assert p.headline == "numerical_failure"
    assert p.labels == {name for name, degree in p.probabilities.items() if degree > 0.5}
    assert "overfitting" in p.unassessed
    short = baselines.defined(curve(train_loss=np.arange(5.0)))
    assert (short.headline, short.labels) == ("unassessed", frozenset())
    assert short.unassessed == {q.name for q in assessable()}


def test_the_majority_headline_is_counted_on_the_runs_themselves() -> None:
    runs = [labelled("overfitting"), labelled("overfitting sawtooth"), labelled("healthy")]
    assert {p.headline for p in baselines.predictions(runs)["majority headline"]} == {"overfitting"}


def write(
    folder: Path, labels: str, rows: Sequence[tuple[Any, ...]], columns: str = "run_id channel step value"
) -> list[LabelledRun]:
    names = columns.split()
    table = pa.table({name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})
    pq.write_table(table, folder / "runs.parquet", row_group_size=2)
    (folder / "labels.csv").write_text(labels, encoding="utf-8")
    return load(folder / "runs.parquet", folder / "labels.csv")


ROWS = [
    ("r1", "train_loss", 0.0, 2.0),
    ("r2", "train_loss", 0.0, 5.0),
    ("r1", "train_loss", 1.0, float("nan")),
    ("r1", "train_acc", 0.0, 0.5),
    ("r2", "train_loss", 1.0, 4.0),
    ("extra", "train_loss", 0.0, 4.0),
]


def test_runs_are_gathered_from_rows_in_any_order_and_come_in_the_order_of_their_labels(tmp_path: Path) -> None:
    labels = (
        "run_id,present,grey,onsets,owner_repo,not_a_loss\n"
        "r2,overfitting;sawtooth,,overfitting@4;loss_spikes@1|7,org/repo,True\n"
        "r1,,healthy,,,\n"
    )
    second, first = write(tmp_path, labels, ROWS)
    assert (second.curve.name, first.curve.name) == ("r2", "r1")
    assert second.present == {"overfitting", "sawtooth"}
    assert second.onsets == {"overfitting": (4.0,), "loss_spikes": (1.0, 7.0)}
    assert (second.cluster, first.cluster) == ("org/repo", "r1")
    assert (second.not_a_loss, first.not_a_loss) == (True, False)
    assert first.grey == {"healthy"}
    np.testing.assert_array_equal(first.curve["train_loss"].values, [2.0, np.nan])
    np.testing.assert_array_equal(first.curve["train_acc"].values, [0.5])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("run_id,present\nr9,healthy\n", "no rows of run 'r9'.*labels.csv labels"),
        ("run_id,present\nr1,overfit\n", "line 2: unknown label 'overfit'; known are numerical_failure"),
        ("run_id,present\nr1,healthy\nr1,healthy\n", "line 3: run 'r1' is labelled twice"),
        ("run_id,present,onsets\nr1,healthy,plateau@x\n", "onset 'plateau@x' cannot be read"),
        ("run_id,present,onsets\nr1,healthy,@4\n", "onset '@4' cannot be read"),
        ("run_id,present,not_a_loss\nr1,healthy,maybe\n", "not_a_loss is 'maybe'; expected true or false"),
        ("id,present\nr1,healthy\n", r"no column 'run_id' \(found id, present\)"),
    ],
)
def test_label_files_that_cannot_be_read_say_where_and_why(tmp_path: Path, labels: str, message: str) -> None:
    with pytest.raises(ReadError, match=message):
        write(tmp_path, labels, ROWS)


def test_run_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    labels = "run_id,present\nr1,healthy\n"
    with pytest.raises(ReadError, match=r"no column 'value' \(found run_id, channel, step, loss\)"):
        write(tmp_path, labels, ROWS, "run_id channel step loss")
    with pytest.raises(ReadError, match="column 'step' holds no numbers"):
        write(tmp_path, labels, [("r1", "train_loss", "one", 1.0)])
    (tmp_path / "runs.parquet").write_text("step,loss", encoding="utf-8")
    with pytest.raises(ReadError, match="not a Parquet file"):
        load(tmp_path / "runs.parquet", tmp_path / "labels.csv")
    with pytest.raises(ReadError, match=r"none\.parquet: no such file"):
        load(tmp_path / "none.parquet", tmp_path / "labels.csv")
    with pytest.raises(ReadError, match=r"none\.csv: cannot be read"):
        load(tmp_path / "runs.parquet", tmp_path / "none.csv")


def test_a_half_of_labelled_runs_is_loaded_by_itself(tmp_path: Path) -> None:
    rows = {"run_id": ["a", "b"], "channel": ["train_loss"] * 2, "step": [0.0, 0.0], "value": [1.0, 2.0]}
    pq.write_table(pa.table(rows), tmp_path / "runs.parquet")
    labels = tmp_path / "labels.csv"
    labels.write_text("run_id,present,half\na,healthy,test\nb,healthy,calibration\n")
    assert [run.curve.name for run in load(tmp_path / "runs.parquet", labels, half="test")] == ["a"]
    assert len(load(tmp_path / "runs.parquet", labels)) == 2
    with pytest.raises(ReadError, match=r"no run of half 'tset' \(found 'calibration', 'test'\)"):
        load(tmp_path / "runs.parquet", labels, half="tset")
