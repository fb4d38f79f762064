"""Votes: two of three decide, and where no two agree nobody does."""

from __future__ import annotations

from pathlib import Path

import pytest

from curvedx.errors import ReadError
from curvedx.lab import votes

HEAD = "run_id," + ",".join(votes.COLUMNS) + ",why\n"


def voted(tmp_path: Path, *rows: str) -> Path:
    table = tmp_path / "votes.csv"
    table.write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return table


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ("sawtooth,,sawtooth,,,,", "yes"),
        (",sawtooth,,sawtooth,,,", "unsure"),
        (",,,,,,", "no"),
        ("sawtooth,,,,sawtooth,,", "yes"),
        ("sawtooth,,,,,,sawtooth", "no"),
        ("sawtooth,,,,,sawtooth,", "unsure"),
        ("sawtooth,,,sawtooth,,,sawtooth", "unsure"),
        (",sawtooth,sawtooth,,sawtooth,,", "yes"),
        (",sawtooth,,,,,sawtooth", "no"),
        (",sawtooth,sawtooth,,,sawtooth,", "unsure"),
        ("sawtooth,,,,,,", "unsure"),
    ],
    ids=lambda value: value if "," not in value else value.replace("sawtooth", "s"),
)
def test_what_two_of_three_say_holds_and_nothing_else_does(tmp_path: Path, row: str, verdict: str) -> None:
    label, why = votes.read(voted(tmp_path, f"a,{row},noise of 12 %"))["a"]
    assert ("sawtooth" in label.present, "sawtooth" in label.grey) == (verdict == "yes", verdict == "unsure")
    assert why == "noise of 12 %"


def test_healthy_follows_from_the_votes(tmp_path: Path) -> None:
    found = votes.read(voted(tmp_path, "a,,,,,,,,", "b,plateau,,,,,,,", "c,plateau,,plateau,,,,,"))
    assert found["a"][0].present == {"healthy"}
    assert found["b"][0].grey == {"plateau", "healthy"}
    assert found["c"][0].present == {"plateau"}


def test_a_vote_for_an_unknown_label_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="nonesuch"):
        votes.read(voted(tmp_path, "a,,,nonesuch,,,,,"))


def test_a_run_voted_on_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="twice"):
        votes.read(voted(tmp_path, "a,,,,,,,,", "a,,,,,,,,"))


def test_without_a_table_nobody_voted(tmp_path: Path) -> None:
    assert votes.read(tmp_path / "votes.csv") == {}
