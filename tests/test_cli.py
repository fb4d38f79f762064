"""The command line: exit codes, one line for each error and never a traceback, results on stdout."""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curvedx.cli import main
from curvedx.cli.main import run
from curvedx.cli.shared import exit_code
from helpers_diagnosis import without_a_model

HEALTHY = "step,loss\n" + "".join(f"{i},{2 / (1 + i):.4f}\n" for i in range(40))
OVERFITTING = "step,loss,val_loss\n" + "".join(f"{i},{2 / (1 + i):.4f},{1 + i / 10}\n" for i in range(40))
FAILED = HEALTHY + "40,nan\n"
TWO_RUNS = "run,step,loss\n" + "".join(f"{name},{i},{1 + i}\n" for name in ("first", "second") for i in range(20))
COMMANDS = ("classify", "compare", "score", "demo", "patterns", "atlas", "formats", "train", "evaluate")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _judged_by_stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    without_a_model(monkeypatch)


def write(path: Path, text: str = HEALTHY) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def give(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


@pytest.mark.parametrize(
    ("text", "fail_on", "code"),
    [
        (HEALTHY, "info", 0),
        (OVERFITTING, "warning", 1),
        (OVERFITTING, "info", 1),
        (OVERFITTING, "error", 0),
        (FAILED, "error", 1),
        (FAILED, "never", 0),
    ],
)
def test_the_exit_code_tells_findings_at_or_above_the_threshold(
    tmp_path: Path, text: str, fail_on: str, code: int
) -> None:
    assert run(["classify", write(tmp_path / "run.csv", text), "--fail-on", fail_on]) == code


def test_classify_fails_on_warnings_unless_told_otherwise(tmp_path: Path) -> None:
    assert run(["classify", write(tmp_path / "run.csv", OVERFITTING)]) == 1


def test_severities_are_ordered() -> None:
    assert exit_code("none", "info") == 0
    assert exit_code("info", "info") == 1
    assert exit_code("error", "never") == 0


def test_a_diagnosis_goes_to_stdout_and_nothing_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["classify", write(tmp_path / "run.csv", OVERFITTING)])
    said = capsys.readouterr()
    assert said.out.startswith("run: not all right: overfitting (very likely, 90 %)\n")
    assert "1. Overfitting" in said.out
    assert said.err == ""


def test_json_is_what_to_dict_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["classify", write(tmp_path / "run.csv", FAILED), "--json"])
    report = json.loads(capsys.readouterr().out)
    assert (report["label"], report["findings"][0]["onset"], report["points"]) == ("numerical_failure", 40.0, 41)


@pytest.mark.parametrize("command", ["classify", "score"])
def test_what_the_user_knows_is_handed_on(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--objective", "GRPO", "--classes", "2", "--vocabulary", "65", "--prior", "0.9,0.1", "--clip", "1.5"]
    path, out = write(tmp_path / "run.csv"), str(tmp_path / "runs.parquet")
    assert run([command, path, *options, *(["--json"] if command == "classify" else ["--out", out])]) == 0
    if command == "classify":
        facts = {fact["name"]: fact["value"] for fact in json.loads(capsys.readouterr().out)["facts"]}
        assert facts["objective"] == "policy gradient"
        assert facts["first loss, of chance"] == pytest.approx(2 / math.log(65), abs=0.01)


@pytest.mark.parametrize("command", ["classify", "score"])
@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--objective", "gpro"], "did you mean 'grpo'?"),
        (["--prior", "0.9"], "prior is ['0.9']"),
        (["--prior", "0.9,x"], "prior is ['0.9', 'x']"),
        (["--classes", "1"], "classes is 1"),
        (["--clip", "-1"], "clip is -1.0"),
    ],
)
def test_what_cannot_be_known_is_one_line_and_exit_code_2(
    command: str, option: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = write(tmp_path / "run.csv"), str(tmp_path / "runs.parquet")
    assert run([command, path, *option, *([] if command == "classify" else ["--out", out])]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1


def test_several_runs_in_a_file_are_judged_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "two.csv", TWO_RUNS)
    assert run(["classify", path]) == 0
    assert capsys.readouterr().out.count("all right: healthy") == 2
    run(["classify", path, "--json"])
    assert [report["name"] for report in json.loads(capsys.readouterr().out)] == ["first", "second"]
    run(["classify", path, "--json", "--run", "second"])
    assert json.loads(capsys.readouterr().out)["name"] == "second"


def test_an_unknown_run_is_answered_with_those_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["classify", write(tmp_path / "two.csv", TWO_RUNS), "--run", "third"]) == 2
    assert "no run 'third' (found 'first', 'second')" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["classify", "-"], ["classify"]], ids=["dash", "pipe"])
def test_pasted_text_is_read_from_stdin(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    give(monkeypatch, "".join(f"step {i}: loss {2 / (1 + i):.4f}\n" for i in range(30)))
    assert run(arguments) == 0
    assert capsys.readouterr().out.startswith("stdin: all right")


def test_without_a_path_at_a_terminal_usage_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert run(["classify"]) == 2
    assert "give the PATH of a log" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the file is empty"),
        ("step,loss\n1,2\n2,banana\n", "'banana'"),
        ("step,loss_a,loss_b\n1,2,3\n2,3,4\n", "two losses could both be meant: 'loss_a', 'loss_b'"),
        ("epoch,acc\n1,0.5\n2,0.6\n", "no loss column (found 'epoch', 'acc'); name it with --loss"),
    ],
    ids=["empty", "text for numbers", "two losses", "no loss"],
)
def test_bad_input_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    assert run(["classify", write(tmp_path / "bad.csv", content)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"curvedx: error: {tmp_path}/bad.csv: ")
    assert error.count("\n") == 1
    assert said in error


def test_truncated_json_is_one_line_and_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["classify", write(tmp_path / "cut.json", '{"loss": [1.0, 0.9,')]) == 2
    error = capsys.readouterr().err
    assert "cut off while written?" in error
    assert error.count("\n") == 1


def test_a_missing_file_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["classify", str(tmp_path / "gone.csv")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_empty_stdin_is_exit_code_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    give(monkeypatch, " \n")
    assert run(["classify", "-"]) == 2
    assert "nothing was given" in capsys.readouterr().err


def test_columns_can_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "two.csv", "t,loss_a,loss_b\n" + "".join(f"{5 * i},{i},{9 - i}\n" for i in range(10)))
    assert run(["classify", path, "--loss", "loss_a", "--val-loss", "loss_b", "--step", "t", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["span"] == [0.0, 45.0]


def test_a_directory_of_one_run_is_read_past_files_that_are_none(tmp_path: Path) -> None:
    write(tmp_path / "out/run.csv", OVERFITTING)
    write(tmp_path / "out/config.json", '{"hidden_size": 768}')
    assert run(["classify", str(tmp_path)]) == 1


def test_a_directory_of_several_runs_lists_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.csv", "sub/b.csv"):
        write(tmp_path / name)
    assert run(["classify", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "holds 2 runs (a.csv, sub/b.csv)" in error
    assert f"curvedx score {tmp_path}" in error
    assert run(["classify", str(tmp_path), "--run", "b"]) == 0


@pytest.mark.parametrize("command", [["classify"], ["score", "--out", "t.parquet"]], ids=["classify", "score"])
def test_a_directory_without_runs_is_exit_code_3(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert run([*command, "empty"]) == 3
    assert "empty: no run found" in capsys.readouterr().err


def test_a_picture_is_drawn_beside_the_text(tmp_path: Path) -> None:
    path = write(tmp_path / "run.csv", OVERFITTING)
    run(["classify", path, "--plot", str(tmp_path / "run.png")])
    run(["classify", path, "--plot", str(tmp_path / "run.svg")])
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "run.svg").read_text()


@pytest.mark.parametrize(
    ("content", "plot", "said"),
    [(HEALTHY, "run.doc", "end it in .png"), (TWO_RUNS, "run.png", "choose one with --run"), (HEALTHY, "no/r.png", "")],
)
def test_a_picture_that_cannot_be_drawn_is_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, plot: str, said: str
) -> None:
    assert run(["classify", write(tmp_path / "run.csv", content), "--plot", str(tmp_path / plot)]) == 2
    assert said in capsys.readouterr().err


def test_the_verdict_is_coloured_on_a_terminal_unless_no_color_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "run.csv")
    shown = {}
    for setting in ("", "1"):
        monkeypatch.setattr(sys, "stdout", out := Terminal())
        monkeypatch.setenv("NO_COLOR", setting)
        run(["classify", path])
        shown[setting] = out.getvalue()
    assert "\x1b[32m" in shown[""]
    assert "\x1b" not in shown["1"]


def test_score_writes_a_table_and_a_page_and_prints_the_worst_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "runs"
    for name, text in {"good": HEALTHY, "over": OVERFITTING, "nan": FAILED, "bad": "step,loss\n1,x\n"}.items():
        write(runs / f"{name}.csv", text)
    write(runs / "people.csv", "name,city\na,b\n")
    table, page = tmp_path / "t.parquet", tmp_path / "r.html"
    before = set(runs.rglob("*"))
    assert run(["score", str(runs), "--out", str(table), "--report", str(page)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("3 runs: 1 all right, 2 not all right; 1 could not be read; 1 file without a loss")
    assert said.out.index("nan.csv") < said.out.index("over.csv")
    assert "bad.csv: row 1 of column 'loss' is 'x'" in said.out
    assert "4 runs" in said.err
    assert pq.read_table(table).num_rows == 5
    html = page.read_text()
    assert html.count("<svg") == 3
    assert "people.csv" in html
    assert set(runs.rglob("*")) == before


def test_score_fails_only_when_told_to(tmp_path: Path) -> None:
    path, out = write(tmp_path / "runs/nan.csv", FAILED), str(tmp_path / "t.parquet")
    assert run(["score", path, "--out", out]) == 0
    assert run(["score", path, "--out", out, "--fail-on", "error"]) == 1


def test_score_of_nothing_but_damaged_files_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "cut.json", '{"loss": [1,')
    assert run(["score", path, "--out", str(tmp_path / "t.parquet")]) == 2
    assert "0 runs: 0 all right; 1 could not be read" in capsys.readouterr().out


def test_a_table_written_into_the_archive_is_not_part_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "run.csv")
    for _ in range(2):
        assert run(["score", str(tmp_path), "--out", str(tmp_path / "sub" / ".." / "t.parquet")]) == 0
        assert capsys.readouterr().out.startswith("1 run: 1 all right\n")
    assert pq.read_table(tmp_path / "t.parquet").num_rows == 1


def test_progress_stays_on_one_line_of_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", err := Terminal())
    run(["score", write(tmp_path / "run.csv"), "--out", str(tmp_path / "t.parquet")])
    assert err.getvalue() == "\r1 runs\n"


def test_score_of_a_missing_path_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["score", str(tmp_path / "gone"), "--out", str(tmp_path / "t.parquet")]) == 2
    assert "gone: no such file" in capsys.readouterr().err


def test_the_demo_writes_only_where_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "shown"
    assert run(["demo", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert {path.name for path in out.iterdir()} == {"diagnoses.parquet", "report.html"}
    assert str(out / "report.html") in said
    assert "One of them in full:" in said


def test_patterns_are_listed_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["patterns"]) == 0
    assert "overfitting" in capsys.readouterr().out
    assert run(["patterns", "loss-spikes"]) == 0
    assert "loss_spikes" in capsys.readouterr().out
    assert run(["patterns", "healthy", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "healthy"
    assert run(["patterns", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) > 20
    assert run(["patterns", "sadness"]) == 2


def test_formats_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["formats"]) == 0
    assert "tensorboard" in capsys.readouterr().out
    assert run(["formats", "--json"]) == 0
    assert {"name", "title", "patterns", "reads"} == set(json.loads(capsys.readouterr().out)[0])


def test_evaluation_is_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loss = [2 / (1 + step) for step in range(30)]
    columns = {"run_id": ["a"] * 30, "channel": ["train_loss"] * 30, "step": [*range(30)], "value": loss}
    pq.write_table(pa.table(columns), tmp_path / "runs.parquet")
    labels = write(tmp_path / "labels.csv", "run_id,present\na,\n")
    out = tmp_path / "out"
    call = ["evaluate", str(tmp_path / "runs.parquet"), "--labels", labels]
    assert run([*call, "--out", str(out), "--html", str(out / "page.html")]) == 0
    text = (out / "evaluation.md").read_text()
    assert capsys.readouterr().out.strip() == text.strip()
    assert text.startswith("#") or "|" in text
    assert (out / "page.html").read_text().startswith("<!doctype html>")
    assert run([*call, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((out / "evaluation.json").read_text())


def test_evaluation_of_a_file_that_is_no_table_is_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "runs.parquet")
    assert run(["evaluate", path, "--labels", write(tmp_path / "labels.csv", "run_id,present\na,\n")]) == 2
    assert "not a Parquet file" in capsys.readouterr().err


def test_training_hands_its_options_to_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    module = ModuleType("curvedx.models.train")
    module.train = lambda **options: given.update(options)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    mine = write(tmp_path / "mine.parquet")
    options = ["--curves", "50", "--seed", "3", "--workers", "2", "--out", "m", "--labelled", mine, "--cache", "c"]
    assert run(["train", *options]) == 0
    expected = {"curves": 50, "seed": 3, "workers": 2, "out": Path("m"), "labelled": (Path(mine),), "cache": Path("c")}
    assert given == expected


def test_training_without_its_extra_says_which(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Absent:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "curvedx.models.train":
                raise ModuleNotFoundError("No module named 'tsfresh'", name="tsfresh")

    monkeypatch.delitem(sys.modules, "curvedx.models.train", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    assert run(["train"]) == 2
    assert "pip install 'curvedx[train]'" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    help_text = capsys.readouterr().out
    assert help_text.startswith(f"Usage: curvedx {command}")
    assert command in ("demo", "formats") or "Example" in help_text


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("curvedx ")


@pytest.mark.parametrize("arguments", [["classify", "--nope"], ["nope"], ["score"], ["score", "x"]])
def test_bad_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert run(arguments) == 2


def test_main_exits_with_the_code(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as left:
        main(["classify", str(tmp_path / "gone")])
    assert left.value.code == 2


def process(code: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter and our own text
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, **options
    )


def test_start_up_imports_nothing_heavy() -> None:
    heavy = "{'numpy', 'onnxruntime', 'pyarrow', 'matplotlib', 'pandas', 'sklearn', 'tsfresh', 'scipy'}"
    done = process(
        f"import sys; from curvedx.cli.main import run; run(['--help']); "
        f"print(sorted({heavy} & set(sys.modules)), file=sys.stderr)"
    )
    assert done.stderr == "[]\n"
    assert done.stdout.startswith("Usage: curvedx")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    read, pipe = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", "from curvedx.cli import main; main(['patterns'])"],
        stdout=pipe,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(pipe)
    assert (done.returncode, done.stderr) == (141, "")
