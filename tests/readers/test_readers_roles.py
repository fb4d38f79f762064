"""Which column is what."""

from __future__ import annotations

import pytest

from curvedx.errors import NoLossError, ReadError
from curvedx.readers.roles import Columns, guess, step_candidates

MANY = 100


def roles(*names: str, columns: Columns | None = None, **counts: int) -> dict[str, str]:
    every = dict.fromkeys(names, MANY) | counts
    return guess(every, columns or Columns(), "run.csv").channels()


TRAIN = [
    "loss", "train_loss", "train/loss", "trainLoss", "Training Loss", "train loss", "total_loss", "lm loss", "trl",
    "reduced_train_loss", "closs", "mean_loss", "epoch_loss", "loss/train", "train_nll_loss", "train-rmse", "nll",
    "lm-loss-training/lm loss", "training-l2", "loss_step", "Loss", "train/total_loss", "losses", "training_losses",
]  # fmt: skip
VAL = [
    "val_loss", "val/loss", "valid_loss", "validation loss", "eval_loss", "eval/loss", "test_loss", "dev_loss", "tel",
    "valLoss", "loss/val", "loss_val", "val_nll_loss", "validation/epoch_loss", "val/running_loss", "val_losses",
]  # fmt: skip
SCORES = [
    "acc", "accuracy", "val_accuracy", "auc", "f1", "metrics/mAP50(B)", "rewards/mean", "score", "bleu", "loss_scale",
    "best_val_loss", "lm loss vs samples", "frac_nonfinite_loss", "mean_token_accuracy",
]  # fmt: skip


@pytest.mark.parametrize("name", TRAIN)
def test_names_of_the_train_loss(name: str) -> None:
    assert roles(name, "step", "accuracy") == {"train_loss": name}


@pytest.mark.parametrize("name", VAL)
def test_names_of_the_validation_loss(name: str) -> None:
    assert roles("loss", name) == {"train_loss": "loss", "val_loss": name}


@pytest.mark.parametrize(
    ("train", "val"), [("train-rmse", "eval-rmse"), ("mae_train", "mae_val"), ("l2", "valid_1-l2")]
)
def test_a_metric_is_validated_by_a_metric(train: str, val: str) -> None:
    assert roles(train, val) == {"train_loss": train, "val_loss": val}


def test_a_metric_does_not_validate_a_loss_unless_the_user_says_so() -> None:
    found = guess(dict.fromkeys(("loss", "val_mae"), MANY), Columns(), "run.csv")
    assert found.channels() == {"train_loss": "loss"}
    assert "'val_mae' is a metric" in found.notes[0]
    assert roles("loss", "val_mae", columns=Columns(val_loss="val_mae"))["val_loss"] == "val_mae"


def test_a_running_mean_stands_back_behind_the_loss_itself() -> None:
    found = guess(dict.fromkeys(("train/running_loss", "train/loss"), MANY), Columns(), "run.csv")
    assert found.loss == "train/loss"
    assert "'train/running_loss' also logged" in found.notes[0]


@pytest.mark.parametrize("name", SCORES)
def test_a_score_or_a_side_figure_is_no_loss(name: str) -> None:
    with pytest.raises(NoLossError, match="no loss column"):
        roles(name, "step")


@pytest.mark.parametrize("name", ["lr", "learning_rate", "train/learning_rate", "lr-Adam", "lr/pg0", "x/lr0", "LR"])
def test_names_of_the_learning_rate(name: str) -> None:
    assert roles("loss", name)["lr"] == name


@pytest.mark.parametrize("name", ["grad_norm", "train/grad_norm", "gradnorm", "gnorm", "norm", "grad_2.0_norm_total"])
def test_names_of_the_gradient_norm(name: str) -> None:
    assert roles("loss", name)["grad_norm"] == name


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("task_loss/a", "task_loss/a"),
        ("loss_task_a", "task_loss/a"),
        ("train/loss_task/a", "task_loss/a"),
        ("task_2_loss", "task_loss/2"),
        ("class_accuracy/cat", "class_accuracy/cat"),
        ("val/acc_class_3", "class_accuracy/3"),
        ("per_class_acc/dog", "class_accuracy/dog"),
    ],
)
def test_losses_of_tasks_and_accuracies_of_classes(name: str, channel: str) -> None:
    assert roles("loss", name) == {"train_loss": "loss", channel: name}


@pytest.mark.parametrize(("names", "first"), [
    (("epoch", "step"), "step"),
    (("_step", "train/global_step"), "train/global_step"),
    (("iter", "epoch", "loss"), "iter"),
    (("", "epoch"), "epoch"),
    (("loss", "acc"), None),
])  # fmt: skip
def test_steps_are_preferred_to_epochs(names: tuple[str, ...], first: str | None) -> None:
    assert next(iter(step_candidates(names)), None) == first


def test_two_that_could_be_meant_are_an_error_that_names_both() -> None:
    with pytest.raises(ReadError, match=r"run.csv: two losses could both be meant: 'loss_a', 'loss_b'; .* --loss NAME"):
        roles("loss_a", "loss_b")
    with pytest.raises(ReadError, match="any of 3 losses could be meant"):
        roles("g_loss", "d_loss", "r_loss")


def test_a_total_wins_over_its_parts() -> None:
    assert roles("loss_cls", "loss_box", "total_loss", "loss_mask")["train_loss"] == "total_loss"


def test_of_two_sure_names_the_denser_is_taken_and_the_other_mentioned() -> None:
    found = guess({"train loss": 3, "loss": 300}, Columns(), "log")
    assert found.loss == "loss"
    assert found.notes == ("train loss taken from 'loss'; 'train loss' also logged",)
    assert guess({"train loss": 300, "loss": 300}, Columns(), "log").loss == "train loss"


def test_two_validation_losses_leave_it_out_and_say_so() -> None:
    found = guess({"loss": 9, "val/a_loss": 9, "val/b_loss": 9}, Columns(), "log")
    assert found.val_loss is None
    assert "several validation losses could be meant: 'val/a_loss', 'val/b_loss'" in found.notes[0]


def test_a_validation_loss_alone_says_what_to_do() -> None:
    with pytest.raises(ReadError, match=r"only a validation loss \('val_loss'\).* use --loss 'val_loss'"):
        roles("val_loss", "epoch")
    assert roles("val_loss", columns=Columns(loss="val_loss")) == {"train_loss": "val_loss"}


def test_what_the_user_names_overrides_every_guess() -> None:
    columns = Columns(loss="b", val_loss="train_loss", lr="x", grad_norm="y")
    assert roles("b", "train_loss", "x", "y", "lr", columns=columns) == {
        "train_loss": "b", "val_loss": "train_loss", "lr": "x", "grad_norm": "y",
    }  # fmt: skip


def test_a_named_column_that_does_not_exist_is_an_error_that_lists_those_that_do() -> None:
    with pytest.raises(
        ReadError, match=r"run.csv: no column 'los' \(found 'loss', 'lr'\); give one of these to --loss"
    ):
        roles("loss", "lr", columns=Columns(loss="los"))
    assert roles("Train/Loss", columns=Columns(loss="train_loss"))["train_loss"] == "Train/Loss"


def test_a_column_without_a_value_is_no_candidate() -> None:
    assert roles("loss", train_loss=0)["train_loss"] == "loss"
