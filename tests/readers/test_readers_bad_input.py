"""Files as they should not be: each a clear error that names the file, or a curve with a caveat."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curvedx.errors import CurvedxError, ReadError
from curvedx.readers import read, read_runs, read_text

BAD = {
    "empty.csv": (b"", "the file is empty"),
    "blank.csv": (b" \n\n", "the file is empty"),
    "header.csv": (b"step,loss\n", r"a header \('step', 'loss'\) and no row"),
    "binary.csv": (bytes(range(256)), r"binary, not text \(byte 0 at 0\)"),
    "packed.csv": (gzip.compress(b"step,loss\n1,2\n"), r"compressed \(gzip\); unpack it first"),
    "model.bin": (b"\1\2", r"of no known format \(known: hf_trainer, .*text; see `curvedx formats`\)"),
    "cut.json": (b'{"lr": [1, 2], "nll": [1, 2', r"not valid JSON from byte \d+ on"),
    "config.json": (b'{"hidden": 12}', r"no loss column \(found 'hidden'\)"),
    "words.json": (b'["a", "b"]', "JSON without records or lists of numbers"),
    "notes.txt": (b"nothing here\n", "no line with a loss and a number"),
    "deep.json": (b"[" * 100_000, "deep.json: "),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_an_error_that_names_it(name: str, tmp_path: Path) -> None:
    content, message = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReadError, match=message) as caught:
        read(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name))


def test_a_missing_file_and_an_unknown_format_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"gone\.csv: no such file or directory"):
        read(tmp_path / "gone.csv")
    (tmp_path / "run.csv").write_text("step,loss\n1,2\n")
    with pytest.raises(ReadError, match="no format 'tensorbord'; known are hf_trainer"):
        read(tmp_path / "run.csv", format="tensorbord")


def test_a_list_of_records_cut_off_gives_the_complete_ones(tmp_path: Path) -> None:
    text = json.dumps([{"iteration": at, "loss": 1.0 / at} for at in range(1, 6)], indent=1)
    (tmp_path / "run.json").write_text(text[:-20])
    curve = read(tmp_path / "run.json")
    assert len(curve) == 4
    assert any(f"truncated at byte {len(text) - 20}: 4 complete records" in note for note in curve.caveats)


def test_a_broken_line_among_json_lines_is_left_out_with_a_caveat(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text('{"step": 1, "loss": 3}\n{"step": 2, "lo\n{"step": 3, "loss": 1}\n')
    curve = read(tmp_path / "run.jsonl")
    assert curve["train_loss"].steps.tolist() == [1, 3]
    assert curve.caveats == ("1 line(s) that are no JSON were left out (line 2)",)


def test_a_last_json_line_cut_off_while_written_is_left_out_with_a_caveat(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text('{"step": 1, "loss": 3}\n{"step": 2, "lo')
    curve = read(tmp_path / "run.jsonl")
    assert len(curve) == 1
    assert curve.caveats == ("line 2, the last, is truncated and was left out",)


@pytest.mark.parametrize("rows", ["1,nan\n2,nan\n", "1,0.5\n"])
def test_all_nan_and_a_single_point_are_curves(rows: str, tmp_path: Path) -> None:
    (tmp_path / "run.csv").write_text("step,loss\n" + rows)
    curve = read(tmp_path / "run.csv")
    assert len(curve) == rows.count("\n")
    assert math.isnan(curve["train_loss"].values[0]) == ("nan" in rows)


def test_a_directory_without_a_log_points_to_those_inside(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no log in it"):
        read(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "run.csv").write_text("step,loss\n1,2\n")
    with pytest.raises(ReadError, match=r"no log in it, but in '.*a'; read one of these, or all with `curvedx score`"):
        read(tmp_path)


def test_a_directory_of_one_log_and_its_settings_is_that_log(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"lr": 0.1}')
    (tmp_path / "history.csv").write_text("step,loss\n1,2\n")
    assert len(read(tmp_path)) == 1


def test_a_directory_of_two_logs_names_them(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("step,loss\n1,2\n")
    with pytest.raises(ReadError, match=r"2 logs \('a.csv', 'b.csv'\); read one of them"):
        read_runs(tmp_path)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet="aeloss nanif0123456789.,:;|=-+{}[]'\"\n\r\t\\", max_size=120))
def test_no_text_ends_in_anything_but_curves_or_our_own_error(text: str) -> None:
    try:
        curves = read_text(text)
    except CurvedxError:
        return
    assert curves
