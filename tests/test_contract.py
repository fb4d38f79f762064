"""What everybody may rely on: the public names, the ways to give a curve, and what a diagnosis holds."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import curvedx
from curvedx import Curve, CurvedxError, Diagnosis, Finding, classify_curve, classify_curves
from curvedx.catalogue import SEVERITIES, assessable
from helpers_drawn import curves, diagnoses, distance

COUNT = 200

STEPS = np.arange(0.0, 12_000.0, 100.0)
TRAIN = 3.0 + 7.8 * np.exp(-STEPS / 2_500.0) + 0.05 * np.cos(STEPS)
SEEN = STEPS[9::10]
VAL = 3.2 + 7.6 * np.exp(-SEEN / 2_500.0) + np.maximum(SEEN - 4_000.0, 0.0) / 4_000.0

LINES: dict[str, Callable[[], object]] = {
    "list": TRAIN.tolist,
    "tuple": lambda: tuple(TRAIN.tolist()),
    "array": lambda: TRAIN,
    "generator": lambda: (value for value in TRAIN.tolist()),
    "mapping": lambda: {"train_loss": TRAIN.tolist()},
    "pandas series": lambda: pd.Series(TRAIN),
    "polars series": lambda: pl.Series(TRAIN),
    "pyarrow array": lambda: pa.array(TRAIN),
    "curve": lambda: Curve({"train_loss": TRAIN}),
}

SPARSE = [float(VAL[np.flatnonzero(at == SEEN)[0]]) if at in SEEN else None for at in STEPS]
WIDE = {"step": STEPS.tolist(), "train_loss": TRAIN.tolist(), "val_loss": SPARSE}

RUNS: dict[str, Callable[[], object]] = {
    "pairs": lambda: {"train_loss": (STEPS, TRAIN), "val_loss": (SEEN, VAL)},
    "lists": lambda: {"train_loss": (STEPS.tolist(), TRAIN.tolist()), "val_loss": (SEEN.tolist(), VAL.tolist())},
    "json": lambda: json.loads(
        json.dumps({"train_loss": [STEPS.tolist(), TRAIN.tolist()], "val_loss": [SEEN.tolist(), VAL.tolist()]})
    ),
    "pandas": lambda: pd.DataFrame(WIDE),
    "pandas indexed by step": lambda: pd.DataFrame(WIDE).set_index("step"),
    "polars": lambda: pl.DataFrame(WIDE),
    "pyarrow": lambda: pa.table(WIDE),
    "curve": lambda: Curve(RUNS["pairs"]()),  # type: ignore[arg-type]  # raw channels, as users give them
}


def imported(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after running the code."""
    ask = f"{code}\nimport sys; print(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    return set(done.stdout.split())


@pytest.mark.parametrize("name", curvedx.__all__)
def test_a_public_name_is_there_and_says_what_it_is(name: str) -> None:
    found = getattr(curvedx, name)
    assert found.__doc__
    assert name in dir(curvedx)


def test_there_are_so_many_public_names_and_no_other() -> None:
    wanted = {"Curve", "CurvedxError", "Diagnosis", "Finding", "classify_curve", "classify_curves"}
    tools = {"EarlyStop", "generalization_gap", "log_health", "sharpness", "smooth"}
    assert set(curvedx.__all__) == wanted | tools | {"compare", "forensics"}
    with pytest.raises(AttributeError, match="'classify'"):
        _ = curvedx.classify


@pytest.mark.parametrize("way", LINES)
def test_a_line_of_losses_gives_one_answer_however_it_is_given(way: str) -> None:
    assert classify_curve(LINES[way]()) == classify_curve(LINES["list"]())


def test_whole_numbers_are_losses() -> None:
    assert classify_curve(range(60, 0, -1)) == classify_curve([float(value) for value in range(60, 0, -1)])


@pytest.mark.parametrize("way", RUNS)
def test_a_run_gives_one_answer_however_it_is_given(way: str) -> None:
    dx = classify_curve(RUNS[way]())
    assert distance(dx, classify_curve(RUNS["pairs"]())) == 0.0
    assert (dx.label, dx.points, dx.span) == ("overfitting", 120, (0.0, 11_900.0))


def test_a_name_is_kept_whatever_is_given() -> None:
    given: list[object] = [TRAIN, RUNS["pairs"](), RUNS["pandas"](), RUNS["curve"]()]
    assert [classify_curve(each, name="run 9").name for each in given] == ["run 9"] * 4


def test_many_curves_get_the_answers_they_get_alone() -> None:
    assert list(diagnoses(COUNT)) == [classify_curve(curve) for curve in curves(COUNT)]


def test_a_batch_may_hold_every_kind_of_input_and_be_empty() -> None:
    mixed = [TRAIN, [1.0, 0.9], RUNS["polars"]()]
    assert [dx.points for dx in classify_curves(iter(mixed))] == [120, 2, 120]
    assert classify_curves([]) == []


def test_nothing_of_a_result_can_be_changed() -> None:
    dx = classify_curve(RUNS["pairs"]())
    for result in (dx, dx.findings[0], dx.findings[0].evidence[0]):
        for field in fields(result):
            with pytest.raises(FrozenInstanceError):
                setattr(result, field.name, None)
    held: list[Any] = [dx.probabilities, dx.unassessed, dx.headline]
    for mapping in held:
        with pytest.raises(TypeError):
            mapping["overfitting"] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        dx.curve["train_loss"].values[0] = 0.0


def test_a_diagnosis_is_json_with_the_same_keys_whatever_it_says() -> None:
    keys = [
        "schema_version", "name", "label", "confidence", "ok", "severity", "possible", "findings", "normal", "facts",
        "probabilities", "unassessed", "best_step", "caveats", "strangeness", "points", "span", "model",
    ]  # fmt: skip
    for dx in (*diagnoses(COUNT), classify_curve([])):
        told = json.loads(json.dumps(dx.to_dict(), allow_nan=False))
        assert list(told) == keys
        assert told["label"] == dx.label
        assert list(told["probabilities"]) == [pattern.name for pattern in assessable()]
        assert [entry["pattern"] for entry in told["findings"]] == [finding.pattern for finding in dx.findings]


def test_a_diagnosis_reads_as_text_and_as_html_with_its_name_escaped() -> None:
    dx = classify_curve(RUNS["pairs"](), name="<b>a&b</b>")
    assert "<b>a&b</b>" in str(dx)
    assert "verfitting" in str(dx)
    html = dx._repr_html_()
    assert "&lt;b&gt;a&amp;b&lt;/b&gt;" in html
    assert "<b>a" not in html


def test_a_diagnosis_survives_a_process_boundary_and_a_copy() -> None:
    for dx in (*diagnoses(20), classify_curve([])):
        for again in (pickle.loads(pickle.dumps(dx)), copy.deepcopy(dx)):  # noqa: S301 - our own bytes
            assert again == dx
            assert again.to_dict() == dx.to_dict()
            assert again.curve == dx.curve


def test_the_set_of_possible_headlines_grows_with_the_coverage_and_begins_with_the_likeliest() -> None:
    for dx in diagnoses(COUNT):
        sets = [dx.possible(coverage) for coverage in (0.01, 0.5, 0.8, 0.9, 0.95, 0.99, 0.9999)]
        for small, large in pairwise(sets):
            assert large[: len(small)] == small
        assert {chosen[0] for chosen in sets} == {max(dx.headline, key=lambda name: dx.headline[name])}


@pytest.mark.parametrize("coverage", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_coverage_outside_of_zero_to_one_is_an_error(coverage: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        diagnoses(20)[0].possible(coverage)


def test_the_parts_of_a_diagnosis_agree_with_each_other() -> None:
    order = [pattern.name for pattern in assessable()]
    for dx in diagnoses(COUNT):
        if dx.label == "unassessed":
            assert (dx.ok, dx.confidence, dx.findings, dict(dx.headline)) == (None, None, (), {})
            continue
        assert sum(dx.headline.values()) == pytest.approx(1.0, abs=1e-9)
        assert set(dx.headline) == {name for name, p in dx.probabilities.items() if p is not None} | {"healthy"}
        assert {name for name, p in dx.probabilities.items() if p is None} == set(dx.unassessed)
        assert all(p is None or 0.0 <= p <= 1.0 for p in dx.probabilities.values())
        assert dx.confidence is not None
        assert 0.0 <= dx.confidence <= 1.0
        found = [finding.pattern for finding in dx.findings]
        assert found == sorted(found, key=order.index)
        assert found == [name for name, p in dx.probabilities.items() if p is not None and p >= 0.5]
        assert dx.label == (found[0] if found else "healthy")
        assert dx.confidence <= dx.headline[dx.label]
        assert dx.confidence == pytest.approx(dx.headline[dx.label] * (1.0 - (dx.strangeness or 0.0)), abs=1e-12)
        assert not found or dx.confidence <= (dx.probabilities[dx.label] or 0.0)
        assert dx.ok == all(finding.kind == "note" for finding in dx.findings)
        assert dx.severity == max((f.severity for f in dx.findings), key=SEVERITIES.index, default="none")


def test_a_finding_lies_within_its_run_and_says_what_to_do() -> None:
    seen = 0
    for dx in diagnoses(COUNT):
        steps = np.concatenate([channel.steps for channel in dx.curve.channels.values()])
        for finding in dx.findings:
            seen += 1
            assert finding.probability == dx.probabilities[finding.pattern]
            assert finding.channel.split("/")[0] in {key.split("/")[0] for key in dx.curve.channels}
            assert finding.sentence
            assert finding.causes
            assert finding.fixes
            for step in (finding.onset, finding.end):
                assert step is None or steps.min() <= step <= steps.max()
            assert None in (finding.onset, finding.end) or finding.onset <= finding.end  # type: ignore[operator]
    assert seen > 100


def test_what_was_not_assessed_says_which_channel_it_needs() -> None:
    alone = classify_curve(TRAIN).unassessed
    needed = {
        "overfitting": "val_loss",
        "val_below_train": "val_loss",
        "grokking": "val_loss",
        "double_descent": "val_loss",
        "catastrophic_forgetting": "task_loss",
        "exploding_gradients": "grad_norm",
        "vanishing_gradients": "grad_norm",
        "dead_class": "class_accuracy",
    }
    assert set(alone) == set(needed)
    assert all(channel in alone[name] for name, channel in needed.items())


@pytest.mark.parametrize("points", [0, 1, 2, 7])
def test_fewer_than_eight_points_are_not_judged_and_say_why(points: int) -> None:
    dx = classify_curve(TRAIN[:points], name="short")
    assert (dx.label, dx.ok, dx.confidence, dx.possible(), dx.severity) == ("unassessed", None, None, (), "none")
    assert all(
        reason == f"{points} train points logged; a diagnosis needs 8 or more" for reason in dx.unassessed.values()
    )
    assert str(points) in str(dx)
    assert "short" in dx._repr_html_()


def test_eight_points_are_judged_and_a_few_more_carry_a_caveat() -> None:
    assert classify_curve(TRAIN[:8]).label != "unassessed"
    assert "only 8 train points" in classify_curve(TRAIN[:8]).caveats
    assert not classify_curve(TRAIN[:20]).caveats


def test_a_point_that_failed_counts_and_one_never_logged_does_not() -> None:
    assert classify_curve([*TRAIN[:7], float("nan")]).label == "numerical_failure"
    assert classify_curve([*TRAIN[:7].tolist(), None]).label == "unassessed"


def test_the_types_of_the_results_are_the_public_ones() -> None:
    dx = classify_curve(RUNS["pairs"]())
    assert isinstance(dx, Diagnosis)
    assert isinstance(dx.findings[0], Finding)
    assert isinstance(dx.curve, Curve)
    with pytest.raises(CurvedxError, match="train_loss"):
        classify_curve({})


def test_importing_the_package_loads_neither_arrays_nor_a_runtime() -> None:
    heavy = {"numpy", "onnxruntime", "pyarrow", "pandas", "sklearn", "scipy", "matplotlib", "tsfresh", "click"}
    assert not imported("import curvedx") & heavy


def test_classifying_loads_nothing_of_the_training() -> None:
    code = (
        "from curvedx import classify_curve\n"
        "dx = classify_curve({'train_loss': [5.0, 4.0, 3.0] * 20, 'val_loss': [3.0, 4.0, 5.0] * 9})\n"
        "str(dx), dx.to_dict(), dx._repr_html_()"
    )
    heavy = {"tsfresh", "pandas", "sklearn", "scipy", "matplotlib", "joblib", "onnx", "tqdm", "torch", "pyarrow"}
    loaded = imported(code)
    assert "onnxruntime" in loaded
    assert not loaded & heavy
