"""Tables: cells, shapes, runs, roles."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from curvedx.errors import NoLossError, ReadError
from curvedx.readers import Columns, read, read_runs


def csv(folder: Path, text: str, name: str = "run.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("cell", ["nan", "NaN", "NAN", "inf", "Infinity", "-inf", "-Infinity", '"nan"', " nan"])
@pytest.mark.parametrize("ragged", [False, True])
def test_a_non_finite_cell_is_a_value(cell: str, ragged: bool, tmp_path: Path) -> None:
    """Also by the slower road for irregular rows, which one cell too many takes."""
    path = csv(tmp_path, f"step,loss\n1,0.5\n2,{cell}\n3,0.25{',9' if ragged else ''}\n")
    expected = float(cell.strip('" '))
    np.testing.assert_array_equal(read(path)["train_loss"].values, [0.5, expected, 0.25])


@pytest.mark.parametrize("cell", ["", " ", '""', "NA", "N/A", "null", "None"])
@pytest.mark.parametrize("ragged", [False, True])
def test_an_empty_cell_was_not_logged(cell: str, ragged: bool, tmp_path: Path) -> None:
    path = csv(tmp_path, f"step,loss\n1,0.5\n2,{cell}\n3,0.25{',9' if ragged else ''}\n")
    assert read(path)["train_loss"].steps.tolist() == [1, 3]


@pytest.mark.parametrize("ragged", [False, True])
def test_text_in_a_loss_column_names_file_row_column_and_value(ragged: bool, tmp_path: Path) -> None:
    path = csv(tmp_path, f"step,loss\n1,0.5\n2,oops\n3,0.25{',9' if ragged else ''}\n")
    with pytest.raises(ReadError, match=r"run\.csv: row 2 of column 'loss' is 'oops'; expected a number"):
        read(path)


def test_text_in_other_columns_does_no_harm(tmp_path: Path) -> None:
    path = csv(tmp_path, "step,loss,note,lr_schedule\n1,0.5,ok,cosine\n2,0.4,bad,cosine\n")
    assert list(read(path).channels) == ["train_loss"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_separators_line_ends_and_encodings_are_told(delimiter: str, end: str, encoding: str, tmp_path: Path) -> None:
    text = end.join(
        delimiter.join(row) for row in (("step", "loss", "größe"), ("1", "0.5", "é"), ("2", "nan", "é"), ())
    )
    curve = read(csv(tmp_path, text, encoding=encoding))
    np.testing.assert_array_equal(curve["train_loss"].values, [0.5, math.nan])
    assert curve["train_loss"].steps.tolist() == [1, 2]


def test_a_last_row_cut_off_while_written_is_left_out(tmp_path: Path) -> None:
    curve = read(csv(tmp_path, "step,lr,loss\n1,0.1,0.5\n2,0.1,0.4\n3,0."))
    assert curve["lr"].steps.tolist() == [1, 2]
    assert "the last row is truncated and was left out" in curve.caveats


def test_without_a_step_column_rows_are_counted_and_a_caveat_says_so(tmp_path: Path) -> None:
    curve = read(csv(tmp_path, "loss,lr\n0.5,1\n0.4,1\n"))
    assert curve["train_loss"].steps.tolist() == [0, 1]
    assert any("row numbers" in note for note in curve.caveats)


def test_a_long_table_is_turned_into_channels(tmp_path: Path) -> None:
    path = csv(tmp_path, "step,tag,value\n1,train/loss,0.5\n1,lr,0.1\n2,train/loss,nan\n2,val/loss,inf\n")
    curve = read(path)
    np.testing.assert_array_equal(curve["train_loss"].values, [0.5, math.nan])
    assert curve["val_loss"].steps.tolist() == [2]
    assert curve["lr"].values.tolist() == [0.1]


def test_a_long_table_sorted_by_metric_is_no_restart(tmp_path: Path) -> None:
    path = csv(tmp_path, "metric,step,value\nloss,1,4\nloss,2,3\nloss,3,2\nval_loss,1,5\nval_loss,3,4\n")
    curve = read(path)
    assert curve["val_loss"].steps.tolist() == [1, 3]
    assert curve.rewinds == ()


def test_a_metric_that_follows_a_loss_begun_again_keeps_its_own_steps(tmp_path: Path) -> None:
    rows = "loss,1,4\nloss,2,3\nloss,1,3\nloss,2,2\nval_loss,1,5\nval_loss,2,4\n"
    curve = read(csv(tmp_path, f"metric,step,value\n{rows}"))
    assert curve["train_loss"].steps.tolist() == [1, 2, 3, 4]
    assert curve["val_loss"].steps.tolist() == [1, 2]


def test_accuracies_of_classes_in_per_cent_become_fractions(tmp_path: Path) -> None:
    curve = read(csv(tmp_path, "step,loss,val/acc_class_0,val/acc_class_1\n1,2,1,50\n2,1,0.5,nan\n"))
    np.testing.assert_array_equal(curve["class_accuracy/0"].values, [0.01, 0.005])
    np.testing.assert_array_equal(curve["class_accuracy/1"].values, [0.5, math.nan])
    assert "accuracy per class taken as per cent" in curve.caveats


def test_a_counter_that_starts_again_goes_on_in_every_channel(tmp_path: Path) -> None:
    path = csv(tmp_path, "epoch,loss,val_loss\n0,4,\n1,3,5\n0,3,\n1,2,4\n")
    curve = read(path)
    assert curve["train_loss"].steps.tolist() == [0, 1, 2, 3]
    assert curve["val_loss"].steps.tolist() == [1, 3]
    assert curve.rewinds == (2.0,)


def test_without_a_header_a_count_and_what_stands_beside_it_are_steps_and_loss(tmp_path: Path) -> None:
    path = tmp_path / "loss.csv"
    path.write_text("0   , 1.5\n10  , 1.25\n20  , nan\n")
    curve = read(path)
    assert curve["train_loss"].steps.tolist() == [0, 10, 20]
    assert curve["train_loss"].values[:2].tolist() == [1.5, 1.25]
    assert any(note.startswith("two columns without names: the first counts up") for note in curve.caveats)


@pytest.mark.parametrize("rows", ["0.5,0.75\n0.25,0.5\n", "2,0.75\n1,0.5\n", "1,0.75,2\n2,0.5,3\n"])
def test_without_a_header_nothing_is_guessed_that_could_be_otherwise(rows: str, tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    path.write_text(rows)
    with pytest.raises(NoLossError, match="no loss column"):
        read(path)
    assert read(path, columns=Columns(loss="column 2"))["train_loss"].values.tolist() == [0.75, 0.5]


def test_cells_that_a_library_printed_with_their_type_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    path.write_text(
        "epoch,loss,val_loss\n1,\"tensor(0.5, device='cuda:0', grad_fn=<DivBackward0>)\",np.float64(0.75)\n"
        '2,tensor(nan),"Array(0.5, dtype=float32)"\n'
    )
    curve = read(path)
    assert curve["train_loss"].values[0] == 0.5
    assert math.isnan(curve["train_loss"].values[1])
    assert curve["val_loss"].values.tolist() == [0.75, 0.5]


SAVED = "Wall time,Step,Value\n1650382697.1,400,0.5\n1650383541.7,800,0.25\n"


@pytest.mark.parametrize("name", ["train_loss.csv", "run-version_0-tag-train_loss.csv", "run-exp-tag-Loss_train.csv"])
def test_a_scalar_saved_from_tensorboard_is_what_the_file_is_called(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(SAVED)
    curve = read(path)
    assert curve["train_loss"].steps.tolist() == [400, 800]
    assert curve["train_loss"].values.tolist() == [0.5, 0.25]


def test_an_accuracy_saved_from_tensorboard_is_no_loss(tmp_path: Path) -> None:
    path = tmp_path / "run-exp-tag-accuracy.csv"
    path.write_text(SAVED)
    with pytest.raises(NoLossError, match=r"no loss column .found 'accuracy', 'Step'"):
        read(path)


def test_several_runs_are_told_apart_and_one_can_be_chosen(tmp_path: Path) -> None:
    path = csv(tmp_path, "run,step,loss\na,1,0.5\na,2,0.4\nb,1,0.7\nb,2,nan\n")
    assert [curve.name for curve in read_runs(path)] == ["a", "b"]
    assert math.isnan(read(path, run="b")["train_loss"].values[1])
    with pytest.raises(ReadError, match=r"run\.csv: 2 runs \('a', 'b'\); choose one with --run NAME"):
        read(path)
    with pytest.raises(ReadError, match=r"no run 'c' \(found 'a', 'b'\)"):
        read(path, run="c")


def test_the_run_column_can_be_named(tmp_path: Path) -> None:
    path = csv(tmp_path, "seed,step,loss\n7,1,0.5\n7,2,0.4\n8,1,0.7\n8,2,0.6\n")
    assert [curve.name for curve in read_runs(path, columns=Columns(run="seed"))] == ["7", "8"]


def test_an_export_of_wandb_gives_a_run_a_curve_without_the_bounds_of_the_chart(tmp_path: Path) -> None:
    header = (
        '"Step","a - b - train/loss","a - b - train/loss__MIN","a - b - train/loss__MAX","c - train/loss","c - _step"'
    )
    curves = read_runs(csv(tmp_path, f'{header}\n"1","0.5","0.1","0.9","","1"\n"2","0.4","0.1","0.9","NaN","2"\n'))
    assert [curve.name for curve in curves] == ["a - b", "c"]
    assert curves[0]["train_loss"].values.tolist() == [0.5, 0.4]
    assert list(curves[0].channels) == ["train_loss"]
    assert curves[1]["train_loss"].steps.tolist() == [2]


Records = tuple[list[dict[str, object]], list[tuple[float, float]], list[tuple[float, float]] | None]
JSONL: dict[str, Records] = {
    "LLaMA-Factory": (
        [
            {"current_steps": 5, "total_steps": 10, "loss": 0.5, "lr": 1e-05, "epoch": 0.5, "elapsed_time": "0:00:10"},
            {"current_steps": 5, "total_steps": 10, "eval_loss": 0.75, "epoch": 0.5},
            {"current_steps": 10, "total_steps": 10, "loss": 0.25, "lr": 1e-05, "epoch": 1.0},
        ],
        [(5, 0.5), (10, 0.25)],
        [(5, 0.75)],
    ),
    "detectron2": (
        [
            {"iteration": 19, "total_loss": 2.5, "loss_cls": 1.5, "loss_box_reg": 1.0, "lr": 0.01, "time": 0.2},
            {"bbox/AP": 12.5, "iteration": 39},
            {"iteration": 39, "total_loss": float("nan"), "loss_cls": float("nan"), "loss_box_reg": 1.0, "lr": 0.01},
        ],
        [(19, 2.5), (39, math.nan)],
        None,
    ),
    "mmengine": (
        [
            {
                "lr": 0.1,
                "data_time": 0.1,
                "loss": 2.5,
                "loss_cls": 1.0,
                "grad_norm": 3.0,
                "epoch": 1,
                "iter": 50,
                "step": 50,
            },
            {"coco/bbox_mAP": 0.1, "step": 1},
            {"lr": 0.1, "loss": 2.25, "loss_cls": 1.0, "grad_norm": 2.0, "epoch": 2, "iter": 100, "step": 100},
        ],
        [(50, 2.5), (100, 2.25)],
        None,
    ),
    "mmcv": (
        [
            {"env_info": "sys.platform: linux", "seed": 0},
            {"mode": "train", "epoch": 1, "iter": 50, "lr": 0.1, "loss": 2.5},
            {"mode": "val", "epoch": 1, "iter": 50, "loss": 3.0},
            {"mode": "train", "epoch": 1, "iter": 100, "lr": 0.1, "loss": 2.0},
        ],
        [(50, 2.5), (100, 2.0)],
        [(50, 3.0)],
    ),
    "nested, with text for what JSON cannot write": (
        [{"step": 1, "train": {"loss": 0.5}}, {"step": 2, "train": {"loss": "NaN"}, "eval": {"loss": "Infinity"}}],
        [(1, 0.5), (2, math.nan)],
        [(2, math.inf)],
    ),
    "ms-swift": (
        [{"loss": 0.5, "global_step/max_steps": "1/10"}, {"loss": 0.25, "global_step/max_steps": "2/10"}],
        [(1, 0.5), (2, 0.25)],
        None,
    ),
}


@pytest.mark.parametrize("case", JSONL)
@pytest.mark.parametrize("lines", [True, False])
def test_records_are_read_one_a_line_or_in_a_list(case: str, lines: bool, tmp_path: Path) -> None:
    records, train, val = JSONL[case]
    text = "\n".join(json.dumps(record) for record in records) if lines else json.dumps(records, indent=1)
    path = csv(tmp_path, text, "run.jsonl" if lines else "run.json")
    curve = read(path)
    np.testing.assert_array_equal(np.column_stack(tuple(curve["train_loss"])), train)
    assert ("val_loss" in curve) == (val is not None)
    if val is not None:
        np.testing.assert_array_equal(np.column_stack(tuple(curve["val_loss"])), val)


def test_a_null_of_json_was_not_logged_and_a_caveat_says_so(tmp_path: Path) -> None:
    curve = read(csv(tmp_path, '{"step": 1, "loss": 0.5}\n{"step": 2, "loss": null}\n', "run.jsonl"))
    assert len(curve) == 1
    assert any("1 null(s) in 'loss'" in note for note in curve.caveats)


def test_lists_by_name_with_steps_of_their_own_are_read(tmp_path: Path) -> None:
    metrics = {"train_loss": {"steps": [0, 10], "values": [2.0, 1.0]}, "val_loss": {"steps": [10], "values": [1.5]}}
    curve = read(csv(tmp_path, json.dumps(metrics), "sacred.json"))
    assert curve["train_loss"].steps.tolist() == [0, 10]
    assert curve["val_loss"].steps.tolist() == [10]


def test_results_of_boosting_are_lists_by_name(tmp_path: Path) -> None:
    result = {"train": {"rmse": [2.0, 1.0]}, "eval": {"rmse": [2.5, 1.5]}}
    curve = read(csv(tmp_path, json.dumps(result), "evals_result.json"))
    assert curve["train_loss"].values.tolist() == [2.0, 1.0]
    assert curve["val_loss"].values.tolist() == [2.5, 1.5]


def test_in_parquet_a_null_was_not_logged_and_nan_was(tmp_path: Path) -> None:
    table = pa.table(
        {"step": [1, 2, 3], "train/loss": [0.5, None, math.nan], "when": pa.array([1, 2, 3], pa.timestamp("ms"))}
    )
    parquet.write_table(table, tmp_path / "run.parquet")
    curve = read(tmp_path / "run.parquet")
    np.testing.assert_array_equal(curve["train_loss"].values, [0.5, math.nan])
    assert curve["train_loss"].steps.tolist() == [1, 3]
    assert list(curve.channels) == ["train_loss"]


def test_a_damaged_parquet_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "run.parquet").write_bytes(b"PAR1" + b"\1" * 40)
    with pytest.raises(ReadError, match=r"run\.parquet: damaged Parquet"):
        read(tmp_path / "run.parquet")


def test_many_rows_are_read(tmp_path: Path) -> None:
    rows = np.arange(300_000)
    body = "\n".join(f"{row},{1.0 / (row + 1):.6f},0.001," for row in rows)
    curve = read(csv(tmp_path, f"step,loss,lr,val_loss\n{body}\n"))
    assert len(curve) == len(rows)


@pytest.mark.parametrize("header", ["epoch,acc", "step,val_acc", "step,reward"])
def test_without_a_loss_the_columns_found_are_named(header: str, tmp_path: Path) -> None:
    found = ", ".join(repr(name) for name in header.split(","))
    with pytest.raises(NoLossError, match=rf"run\.csv: no loss column \(found {found}\); name it with --loss NAME"):
        read(csv(tmp_path, f"{header}\n1,0.5\n"))
