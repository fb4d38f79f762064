"""The formats of single tools: Trainer, Lightning, Ultralytics, Keras."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from reader_samples import HF_ROWS, KERAS_CSV, LIGHTNING, SAMPLES, trainer_state

from curvedx.errors import ReadError
from curvedx.readers import Columns, read
from curvedx.readers.roles import GUESS


def points(path: Path, channel: str, columns: Columns = GUESS) -> list[tuple[float, float]]:
    curve = read(path, columns=columns)
    return list(zip(curve[channel].steps.tolist(), curve[channel].values.tolist(), strict=True))


def test_the_trainers_rows_are_told_apart_and_its_summary_is_no_point(tmp_path: Path) -> None:
    path = SAMPLES["hf_trainer"](tmp_path)
    assert points(path, "train_loss") == [(10, 2.31), (20, 0.0), (30, 1.7)]
    assert points(path, "val_loss") == [(20, 1.9)]
    assert points(path, "lr") == [(10, 5e-05), (20, 4e-05), (30, 3e-05)]
    assert read(path).caveats == ()
    assert "train_runtime" not in read(path)


def test_a_bare_nan_of_the_trainer_is_kept(tmp_path: Path) -> None:
    values = read(SAMPLES["hf_trainer"](tmp_path))["grad_norm"].values
    assert math.isnan(values[1])
    assert values[[0, 2]].tolist() == [2.5, 2.1]


def test_of_several_evaluation_sets_the_first_is_the_validation_loss(tmp_path: Path) -> None:
    rows = [{"loss": 2.0, "step": 1}, {"eval_a_loss": 1.0, "step": 1}, {"eval_b_loss": 3.0, "step": 1}]
    path = tmp_path / "trainer_state.json"
    path.write_text(trainer_state(rows))
    curve = read(path)
    assert curve["val_loss"].values.tolist() == [1.0]
    assert curve["val_loss/b"].values.tolist() == [3.0]
    assert any("'a'" in note and "'b'" in note for note in curve.caveats)
    assert points(path, "val_loss", Columns(val_loss="eval_b_loss")) == [(1, 3.0)]


def test_a_bare_list_of_old_versions_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log_history.json"
    path.write_text(json.dumps(HF_ROWS))
    assert points(path, "train_loss") == [(10, 2.31), (20, 0.0), (30, 1.7)]


def test_of_several_checkpoints_the_one_with_most_steps_is_read(tmp_path: Path) -> None:
    for step in (100, 20, 30):
        folder = tmp_path / "run-a" / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        (folder / "trainer_state.json").write_text(trainer_state([{"loss": float(step), "step": step}], step))
    curve = read(tmp_path / "run-a")
    assert curve["train_loss"].values.tolist() == [100.0]
    assert curve.name == "run-a"


def test_a_truncated_trainer_state_gives_its_complete_rows_and_a_caveat(tmp_path: Path) -> None:
    path = tmp_path / "trainer_state.json"
    text = trainer_state(HF_ROWS)
    path.write_text(text[: text.index("1.7")])
    curve = read(path)
    assert curve["train_loss"].steps.tolist() == [10, 20]
    assert any("truncated at byte" in note and "3 complete records" in note for note in curve.caveats)


def test_a_trainer_state_cut_before_the_first_row_is_an_error_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "trainer_state.json"
    path.write_text('{"log_history": [ {"loss": 2.')
    with pytest.raises(ReadError, match=r"trainer_state\.json: truncated at byte 29, before the first complete row"):
        read(path)


def test_a_trainer_state_without_a_row_says_so(tmp_path: Path) -> None:
    path = tmp_path / "trainer_state.json"
    path.write_text(trainer_state([]))
    with pytest.raises(ReadError, match="log_history is empty"):
        read(path)


def test_lightning_takes_the_denser_train_loss_and_keeps_the_other(tmp_path: Path) -> None:
    path = SAMPLES["lightning"](tmp_path)
    curve = read(path)
    assert curve["train_loss"].steps.tolist() == [49, 99, 149, 199]
    assert math.isnan(curve["train_loss"].values[-1])
    assert curve["train_loss_epoch"].values.tolist() == [2.1, 1.6]
    assert points(path, "val_loss") == [(99, 1.8), (199, math.inf)]
    assert points(path, "lr") == [(0, 0.001)]


def test_a_lightning_loss_logged_an_epoch_at_a_time_is_taken_over_a_few_steps(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    rows = "".join(f"{epoch},{epoch * 10},{1.0 / (epoch + 1)},\n" for epoch in range(9))
    path.write_text("epoch,step,train_loss_epoch,train_loss_step\n" + rows + "9,90,,0.5\n")
    assert len(read(path)) == 9


def test_lightning_names_the_run_after_its_version(tmp_path: Path) -> None:
    folder = tmp_path / "version_3"
    folder.mkdir()
    (folder / "metrics.csv").write_text(LIGHTNING)
    assert read(folder).name == "version_3"


def test_an_old_lightning_file_with_a_late_column_is_read_with_a_caveat(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("epoch,loss,step\n0,0.5,1\n0,0.4,2,0.9\n1,0.3,3\n")
    curve = read(path)
    assert curve["train_loss"].values.tolist() == [0.5, 0.4, 0.3]
    assert any("1 row(s) with more cells than the header" in note for note in curve.caveats)


def test_yolo_components_are_summed_and_the_sum_is_named(tmp_path: Path) -> None:
    path = SAMPLES["ultralytics"](tmp_path)
    curve = read(path)
    assert points(path, "train_loss") == [(1, 5.75), (2, 4.25), (3, 3.5)]
    assert curve["val_loss"].values[[0, 2]].tolist() == [4.9, 3.25]
    assert math.isnan(curve["val_loss"].values[1])
    assert curve["lr"].values.tolist() == [0.003, 0.006, 0.009]
    assert "train loss is the sum of train/box_loss, train/cls_loss, train/dfl_loss" in curve.caveats


def test_yolo_components_are_summed_where_the_scores_were_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("  epoch,  train/box_loss,  train/cls_loss\n  1,  1.5,  2.5\n  2,  1.0,  2.0\n")
    assert points(path, "train_loss") == [(1, 4.0), (2, 3.0)]


def test_a_named_component_is_read_instead_of_the_sum(tmp_path: Path) -> None:
    path = SAMPLES["ultralytics"](tmp_path)
    assert points(path, "train_loss", Columns(loss="train/box_loss"))[0] == (1, 1.5)


def test_a_yolo_classifier_that_logs_its_total_is_not_summed(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text(
        "epoch,time,train/loss,metrics/accuracy_top1,val/loss,lr/pg0\n1,9,2.0,0.1,1.5,0.1\n2,9,1.0,0.2,1.4,0.1\n"
    )
    curve = read(path)
    assert curve["train_loss"].values.tolist() == [2.0, 1.0]
    assert curve["val_loss"].values.tolist() == [1.5, 1.4]
    assert curve.caveats == ()


def test_keras_na_was_not_logged_nan_was_and_a_second_fit_continues(tmp_path: Path) -> None:
    path = tmp_path / "training.log"
    path.write_text(KERAS_CSV)
    curve = read(path)
    assert curve["train_loss"].steps.tolist() == [0, 1, 2, 3]
    assert math.isnan(curve["train_loss"].values[2])
    assert curve["val_loss"].values.tolist() == [0.65, 0.5]
    assert any("starts again" in note for note in curve.caveats)


def test_a_second_header_of_an_appended_file_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    path.write_text("epoch,loss\n0,0.5\n1,0.4\nepoch,loss\n2,0.3\n")
    curve = read(path)
    assert curve["train_loss"].values.tolist() == [0.5, 0.4, 0.3]
    assert any("header is repeated 1 time" in note for note in curve.caveats)


def test_a_keras_history_is_counted_in_epochs(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text(
        '{"accuracy": [0.1, 0.2, 0.3], "loss": [2.0, NaN, 1.5], "val_loss": [2.1, 1.9, 1.8], "lr": [1, 1, 1]}'
    )
    curve = read(path)
    assert curve["train_loss"].steps.tolist() == [0, 1, 2]
    assert math.isnan(curve["train_loss"].values[1])
    assert curve["val_loss"].values.tolist() == [2.1, 1.9, 1.8]
    assert curve.caveats == ()


def test_a_keras_history_validated_every_other_epoch_is_spread_over_the_run(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text('{"loss": [4, 3, 2, 1, 0], "val_loss": [3, 1]}')
    curve = read(path)
    assert curve["val_loss"].steps.tolist() == [2, 4]
    assert any("evenly spaced" in note for note in curve.caveats)
