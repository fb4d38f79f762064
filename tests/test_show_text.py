"""A diagnosis as text answers first whether the run is all right, then why, then what to do."""

from __future__ import annotations

import pytest

from curvedx.diagnosis.evidence import say_step
from curvedx.show import words
from curvedx.show.text import WIDTH, render
from helpers_diagnosis import STEP, curve, diagnosis, finding, overfitting, unassessed


def test_the_first_line_says_whether_the_run_is_all_right_and_how_sure_that_is() -> None:
    assert str(diagnosis()).splitlines()[0] == "run-1: all right: healthy (almost certain, 96 %)"
    assert str(overfitting()).splitlines()[0] == "run-17: not all right: overfitting (very likely, 93 %)"
    assert str(unassessed()).splitlines()[0] == "short: could not be assessed"


def test_a_note_alone_leaves_the_run_all_right() -> None:
    text = str(diagnosis(label="step_drops", findings=(STEP,)))
    assert text.splitlines()[0].startswith("run-1: all right, with something worth knowing: step drops")


def test_a_healthy_run_gets_a_short_reassuring_answer() -> None:
    text = str(diagnosis())
    assert "No problem found; nothing to do." in text
    assert len(text.splitlines()) <= 6


def test_a_finding_tells_onset_evidence_cause_check_fixes_and_look_alikes() -> None:
    text = str(overfitting())
    assert "1. Overfitting (since step 4,000, 97 %, warning)" in text
    assert "2. Loss spikes (steps 5,000 to 8,010, 88 %, warning)" in text
    assert "ends 53 % above its minimum" in text
    assert "most likely  The model has more capacity" in text
    assert "to check     Train on half the data" in text
    assert "what to do   - Stop at the best step." in text
    assert "- Add data or augmentation." in text
    assert "A fourth." not in text
    assert "looks alike  - double descent: The loss falls again." in text
    assert "Swap them" not in text


def test_the_doubts_follow_at_the_end() -> None:
    text = str(overfitting())
    assert "Best checkpoint: step 4,000" in text
    assert "Cannot exclude: overfitting, loss spikes." in text
    assert "- validation loss has only 30 points" in text
    assert "- dead class: needs class_accuracy/" in text


def test_one_possible_headline_leaves_nothing_to_exclude() -> None:
    assert "Cannot exclude" not in str(diagnosis())


def test_an_unassessed_run_says_why_and_what_to_do() -> None:
    text = str(unassessed())
    assert "every pattern: needs 8 train points, found 3" in text
    assert "Log the train loss more often" in text


def test_patterns_with_the_same_need_share_a_line() -> None:
    report = diagnosis(
        probabilities={"overfitting": None, "grokking": None, "plateau": 0.1},
        unassessed={"overfitting": "needs val_loss", "grokking": "needs val_loss"},
    ).to_dict()
    assert words.gaps(report) == [("needs val_loss", "overfitting, grokking")]


def test_no_line_is_wider_than_100_columns_and_none_is_coloured() -> None:
    long = "word " * 80 + "x" * 300
    dx = overfitting(findings=(finding(sentence=long, fixes=(long,), title=long),), caveats=(long,), name="n" * 250)
    text = render(dx.to_dict())
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "\x1b" not in text


def test_a_name_with_escape_codes_and_line_breaks_cannot_rewrite_the_terminal() -> None:
    text = render(diagnosis(name="run\x1b[2J\nfake: all right").to_dict())
    assert "\x1b" not in text
    assert text.splitlines()[0].startswith("run [2J fake")


def test_a_curve_without_a_point_is_rendered() -> None:
    text = str(unassessed(curve=curve({"train_loss": []}, "empty"), points=0, span=None))
    assert "0 train points" in text


def test_a_finding_without_a_beginning_claims_none() -> None:
    assert "(97 %, warning)" in str(overfitting(findings=(finding(onset=None),)))


@pytest.mark.parametrize(
    ("probability", "said"),
    [(0.0, "0 %"), (0.004, "under 1 %"), (0.5, "50 %"), (0.9949, "over 99 %"), (1.0, "100 %")],
)
def test_a_probability_short_of_certain_is_not_rounded_to_certainty(probability: float, said: str) -> None:
    assert words.percent(probability) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "0"), (123456789.0, "123,456,789"), (0.68254, "0.6825"), (-3.0, "-3")]
)
def test_steps_are_written_in_full(value: float, said: str) -> None:
    assert say_step(value) == said
