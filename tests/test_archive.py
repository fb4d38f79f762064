"""An archive's runs are found once each, judged one and all, and kept in a table."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from tensorboard.summary import Writer

from curvedx import readers
from curvedx.archive import Scored, discover, score, write_parquet
from curvedx.archive.table import Table
from curvedx.catalogue import assessable
from curvedx.errors import CurvedxError, ModelError, ReadError
from helpers_diagnosis import curve, diagnosis, judge, without_a_model


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def table(path: Path, points: int = 40, *, rising: bool = False) -> Path:
    rows = (f"{i},{2 / (1 + i):.4f},{1 + i / 10 if rising else 1 / (1 + i):.4f}\n" for i in range(points))
    return write(path, "step,loss,val_loss\n" + "".join(rows))


def state(path: Path, points: int) -> Path:
    rows = [{"loss": 2 / (1 + i), "step": 10 * i, "learning_rate": 1e-4} for i in range(1, points + 1)]
    return write(path, json.dumps({"global_step": 10 * points, "log_history": rows}))


def events(folder: Path, tag: str = "loss", points: int = 20) -> Path:
    writer = Writer(str(folder))
    for step in range(points):
        writer.add_scalar(tag, 2 / (1 + step), step)
    writer.close()
    return folder


def found(root: Path) -> list[str]:
    return [str(path.relative_to(root)) for path in discover(root)]


def scored(root: Path, **options: Any) -> dict[str, Scored]:
    return {str(one.source.relative_to(root)): one for one in score(root, **options)}


def test_every_log_below_a_directory_is_found_in_a_fixed_order(tmp_path: Path) -> None:
    for name in ("b/z.csv", "b/a.csv", "a/deep/er/run.csv", "c.jsonl"):
        table(tmp_path / name)
    write(tmp_path / "model.bin", "weights")
    assert found(tmp_path) == ["c.jsonl", "a/deep/er/run.csv", "b/a.csv", "b/z.csv"]


def test_a_file_is_its_own_archive_and_a_missing_path_is_named(tmp_path: Path) -> None:
    path = table(tmp_path / "run.csv")
    assert list(discover(path)) == [path]
    with pytest.raises(ReadError, match=r"gone: no such file"):
        list(discover(tmp_path / "gone"))


def test_the_checkpoints_of_one_trainer_are_one_run(tmp_path: Path) -> None:
    state(tmp_path / "out/checkpoint-100/trainer_state.json", 10)
    state(tmp_path / "out/checkpoint-90/trainer_state.json", 9)
    write(tmp_path / "out/checkpoint-90/config.json", "{}")
    assert found(tmp_path) == ["out"]


def test_the_newest_checkpoint_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_a_model(monkeypatch)
    state(tmp_path / "out/checkpoint-1000/trainer_state.json", 100)
    state(tmp_path / "out/checkpoint-200/trainer_state.json", 20)
    dx = scored(tmp_path)["out"].diagnosis
    assert dx is not None
    assert dx.points == 100


def test_two_trainers_are_two_runs(tmp_path: Path) -> None:
    state(tmp_path / "a/checkpoint-10/trainer_state.json", 10)
    state(tmp_path / "b/trainer_state.json", 10)
    assert found(tmp_path) == ["a", "b"]


def test_the_event_files_of_one_directory_are_one_run(tmp_path: Path) -> None:
    events(tmp_path / "run")
    write(tmp_path / "run/events.out.tfevents.1.resumed", (next((tmp_path / "run").iterdir())).name)
    assert found(tmp_path) == ["run"]


def test_the_two_writers_of_keras_are_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_a_model(monkeypatch)
    events(tmp_path / "logs/train", "epoch_loss")
    events(tmp_path / "logs/validation", "epoch_loss")
    assert found(tmp_path) == ["logs"]
    dx = scored(tmp_path)["logs"].diagnosis
    assert dx is not None
    assert "val_loss" in dx.curve


def test_a_directory_that_happens_to_be_called_train_is_a_run_of_its_own(tmp_path: Path) -> None:
    events(tmp_path / "detect/train")
    events(tmp_path / "detect/train2")
    assert found(tmp_path) == ["detect/train", "detect/train2"]


def test_event_files_beside_another_tools_log_are_not_counted_twice(tmp_path: Path) -> None:
    events(tmp_path / "version_0")
    write(tmp_path / "version_0/metrics.csv", "epoch,step,train_loss\n" + "".join(f"0,{i},1\n" for i in range(9)))
    assert found(tmp_path) == ["version_0/metrics.csv"]


def test_event_files_beside_two_logs_are_kept(tmp_path: Path) -> None:
    events(tmp_path)
    for name in ("a.csv", "b.csv"):
        write(tmp_path / name, "epoch,loss\n" + "".join(f"{i},1\n" for i in range(9)))
    names = found(tmp_path)
    assert names[:2] == ["a.csv", "b.csv"]
    assert "tfevents" in names[2]


def test_links_are_not_followed_out_of_the_archive_nor_in_circles(tmp_path: Path) -> None:
    root = tmp_path / "root"
    table(root / "run/a.csv")
    table(tmp_path / "outside/secret.csv")
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "run/up").symlink_to(root)
    (root / "one.csv").symlink_to(tmp_path / "outside/secret.csv")
    (root / "latest-run").symlink_to(root / "run")
    assert found(root) == ["run/a.csv"]


def test_hidden_directories_are_skipped_but_for_those_that_hold_runs(tmp_path: Path) -> None:
    table(tmp_path / ".cache/a.csv")
    table(tmp_path / ".guild/b.csv")
    table(tmp_path / ".hidden-root/c.csv")
    assert found(tmp_path) == [".guild/b.csv"]
    assert found(tmp_path / ".hidden-root") == ["c.csv"]


def test_a_listing_that_fails_yields_the_directory_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError

    monkeypatch.setattr("os.scandir", refuse)
    assert list(discover(tmp_path)) == [tmp_path]


def test_a_very_deep_archive_is_searched_to_its_end(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(300):
        deep /= "d"
        deep.mkdir()
    table(deep / "a.csv")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(250)
    try:
        paths = list(discover(tmp_path))
    finally:
        sys.setrecursionlimit(limit)
    assert len(paths) == 1


def test_files_that_no_format_claims_by_name_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "cat.jpeg", "image")
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("opened"))
    assert found(tmp_path) == []


def test_one_bad_run_never_stops_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_a_model(monkeypatch)
    table(tmp_path / "a.csv")
    write(tmp_path / "b.json", '{"loss": [1, 2,')
    write(tmp_path / "config.json", '{"hidden_size": 768}')
    table(tmp_path / "d.csv", rising=True)
    got = scored(tmp_path)
    assert [one.error is None for one in got.values()] == [True, False, False, True]
    assert "b.json: not valid JSON" in str(got["b.json"].error)
    assert [one.is_run for one in got.values()] == [True, True, False, True]
    assert got["d.csv"].diagnosis is not None
    assert got["d.csv"].diagnosis.label == "overfitting"


def test_a_reader_that_breaks_becomes_an_error_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_a_model(monkeypatch)
    table(tmp_path / "a.csv")
    table(tmp_path / "b.csv")

    def breaks(source: Path) -> list[Any]:
        if source.name == "a.csv":
            raise ZeroDivisionError("inside")
        return original(source)

    original = readers.read_runs
    monkeypatch.setattr(readers, "read_runs", breaks)
    got = scored(tmp_path)
    assert str(got["a.csv"].error).endswith("a.csv: ZeroDivisionError: inside")
    assert got["b.csv"].error is None


def test_a_run_that_cannot_be_judged_leaves_its_batch_unharmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_a_model(monkeypatch)
    stand_in: Any = sys.modules["curvedx.diagnosis.classify"]

    def one(run: Any, *, model: object = None) -> Any:
        if run.name == "b":
            raise FloatingPointError("odd")
        return judge(run)

    monkeypatch.setattr(stand_in, "classify_curve", one)
    monkeypatch.setattr(stand_in, "classify_curves", lambda runs, **_: [one(run) for run in runs])
    for name in "abc":
        table(tmp_path / f"{name}.csv")
    got = scored(tmp_path)
    assert [item.diagnosis is not None for item in got.values()] == [True, False, True]
    assert "FloatingPointError: odd" in str(got["b.csv"].error)


def test_without_a_model_there_is_nothing_to_go_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_a_model(monkeypatch)

    def refuse(_: Any, *, model: object = None) -> Any:
        raise ModelError(f"{model}: damaged")

    monkeypatch.setattr(sys.modules["curvedx.diagnosis.classify"], "classify_curves", refuse)
    table(tmp_path / "a.csv")
    with pytest.raises(ModelError, match="mine: damaged"):
        list(score(tmp_path, model="mine"))


def test_batches_do_not_change_the_answers_and_report_their_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_a_model(monkeypatch)
    for index in range(7):
        table(tmp_path / f"{index}.csv", rising=index % 2 == 0)
    done: list[int] = []
    small = scored(tmp_path, batch=3, on_progress=done.append)
    assert done == [3, 6, 7]
    assert {key: one.diagnosis for key, one in small.items()} == {
        key: one.diagnosis for key, one in scored(tmp_path).items()
    }


def test_paths_that_overlap_give_each_run_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_a_model(monkeypatch)
    path = table(tmp_path / "a.csv")
    assert len(list(score([tmp_path, path]))) == 1


def test_scoring_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_a_model(monkeypatch)
    for index in range(6):
        table(tmp_path / f"{index}.csv")
    done: list[int] = []
    stream = score(tmp_path, batch=2, on_progress=done.append)
    next(stream)
    assert done == []
    next(stream)
    next(stream)
    assert done == [2]


def test_a_run_is_called_by_its_path_and_by_its_name_where_that_says_more() -> None:
    same = Scored(run="version_0", source=Path("a/version_0/metrics.csv"), diagnosis=None, error="")
    other = Scored(run="lr-3e-4", source=Path("all.csv"), diagnosis=None, error="")
    assert same.where == "a/version_0/metrics.csv"
    assert other.where == "all.csv: lr-3e-4"


def test_the_table_has_a_row_a_run_and_null_where_nothing_was_assessed(tmp_path: Path) -> None:
    first = assessable()[0].name
    dx = diagnosis(probabilities={first: 0.25, "overfitting": None}, caveats=("odd",), best_step=30.0)
    rows = [
        Scored(run="run-1", source=Path("a.csv"), diagnosis=dx, error=None),
        Scored(run="b", source=Path("b.csv"), diagnosis=None, error="b.csv: empty"),
    ]
    out = tmp_path / "new" / "t.parquet"
    assert write_parquet(rows, out) == 2
    table = pq.read_table(out)
    assert table.column_names[:11] == [
        *("run", "source", "label", "ok", "confidence", "severity", "points"),
        *("first_step", "last_step", "best_step", "findings"),
    ]
    assert table.column_names[11:-2] == [f"p_{pattern.name}" for pattern in assessable()]
    good, bad = table.to_pylist()
    assert (good["label"], good["ok"], good["points"], good["last_step"]) == ("healthy", True, 400, 3990.0)
    assert (good[f"p_{first}"], good["p_overfitting"], good["caveats"]) == (0.25, None, ["odd"])
    assert bad["error"] == "b.csv: empty"
    assert {key for key, value in bad.items() if value is not None} == {"run", "source", "error"}


def test_a_table_of_diagnoses_is_no_run_of_the_next_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_a_model(monkeypatch)
    row = Scored(run="r", source=Path("r"), diagnosis=diagnosis(), error=None)
    write_parquet([row] * 10, tmp_path / "old.parquet")
    write(tmp_path / "damaged.parquet", "PAR1")
    got = scored(tmp_path)
    assert list(got) == ["damaged.parquet"]
    assert "damaged Parquet" in str(got["damaged.parquet"].error)


def test_findings_keep_what_a_query_asks_for(tmp_path: Path) -> None:
    run = judge(_rising())
    write_parquet([Scored(run="r", source=Path("r"), diagnosis=run, error=None)], tmp_path / "t.parquet")
    [kept] = pq.read_table(tmp_path / "t.parquet").to_pylist()[0]["findings"]
    assert set(kept) == {"pattern", "probability", "onset", "end", "sentence"}
    assert (kept["pattern"], kept["onset"], kept["end"]) == ("overfitting", 4000.0, None)


def test_a_table_cut_short_holds_what_was_added(tmp_path: Path) -> None:
    out = tmp_path / "t.parquet"

    def interrupted() -> None:
        with Table(out) as table:
            table.add(Scored(run="r", source=Path("r"), diagnosis=diagnosis(), error=None))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert pq.read_table(out).num_rows == 1


def test_many_rows_are_written_group_by_group(tmp_path: Path) -> None:
    row = Scored(run="r", source=Path("r"), diagnosis=None, error="e")
    write_parquet((row for _ in range(2500)), tmp_path / "t.parquet")
    assert pq.ParquetFile(tmp_path / "t.parquet").num_row_groups == 3


def test_a_table_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CurvedxError, match=r"cannot be written .*--out"):
        write_parquet([], write(tmp_path / "file", "") / "t.parquet")


def _rising() -> Any:
    return curve({"train_loss": np.linspace(2, 1, 50), "val_loss": np.linspace(1, 2, 50)})
