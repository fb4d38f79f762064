"""What one call writes to a tracker, curvedx reads back as it was."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curvedx import Curve, CurvedxError, log_health
from curvedx.readers import read
from fake_trackers import Mlflow, MlflowClient, WandbRun

STEPS = list(range(0, 400, 20))
RUN: list[dict[str, Any]] = [
    {
        "step": step,
        "loss": math.nan if step == 380 else 4.0 / (1 + step),
        "grad_norm": math.inf if step == 360 else 1.0 + step / 100,
        "lr": 1e-3 * (1 - step / 400),
        "per_class_acc": {"cat": step / 400, "dog": 0.0} if step % 40 == 0 else None,
        "val_loss": 5.0 / (1 + step) if step % 100 == 0 else None,
        "task_losses": {"first_task": 1.0, "second": step / 10},
    }
    for step in STEPS
]
CHANNELS = ("train_loss", "val_loss", "lr", "grad_norm", "task_loss/first_task", "task_loss/second")
CLASSES = ("class_accuracy/cat", "class_accuracy/dog")


def write(to: Any, **more: Any) -> None:
    for row in RUN:
        log_health(**row, to=to, **more)


def expected() -> dict[str, dict[int, float]]:
    """Return step to value by channel, straight from what was to be logged."""
    values: dict[str, dict[int, float]] = {name: {} for name in (*CHANNELS, *CLASSES)}
    for row in RUN:
        at = row["step"]
        for name, key in (("train_loss", "loss"), ("val_loss", "val_loss"), ("lr", "lr"), ("grad_norm", "grad_norm")):
            if row[key] is not None:
                values[name][at] = row[key]
        for prefix, key in (("task_loss/", "task_losses"), ("class_accuracy/", "per_class_acc")):
            for name, value in (row[key] or {}).items():
                values[prefix + name][at] = value
    return values


def same(curve: Curve, tolerance: float = 0.0) -> None:
    for name, values in expected().items():
        channel = curve[name]
        assert channel.steps.tolist() == list(values), name
        np.testing.assert_allclose(channel.values, list(values.values()), rtol=tolerance, atol=0, err_msg=name)


def test_a_jsonl_file_is_read_back_as_it_was(tmp_path: Path) -> None:
    write(tmp_path / "new" / "run.jsonl")
    same(read(tmp_path / "new" / "run.jsonl"))


@pytest.mark.parametrize("module", ["tensorboardX", "torch.utils.tensorboard"])
def test_tensorboard_is_read_back_as_it_was(module: str, tmp_path: Path) -> None:
    writers = pytest.importorskip(module)
    with writers.SummaryWriter(str(tmp_path / "run")) as writer:
        write(writer)
    same(read(tmp_path / "run"), tolerance=1e-6)


def test_weights_and_biases_gets_one_row_a_step_whose_export_is_read_back(tmp_path: Path) -> None:
    wandb = WandbRun()
    write(wandb)
    assert len(wandb.history) == len(RUN)
    (tmp_path / "export.jsonl").write_text("".join(json.dumps(row) + "\n" for row in wandb.history))
    same(read(tmp_path / "export.jsonl"))


def test_mlflow_gets_one_call_a_step_for_its_active_run_or_the_one_named() -> None:
    for run_id in (None, "abc"):
        mlflow = Mlflow()
        write(mlflow, run_id=run_id)
        assert {each[0] for each in mlflow.logged} == {run_id}
        history = [(step, value) for _, key, value, step in mlflow.logged if key == "class_accuracy/cat"]
        assert history == list(expected()["class_accuracy/cat"].items())


def test_an_mlflow_client_writes_to_the_run_named_and_its_history_is_a_curve() -> None:
    client = MlflowClient()
    write(client, run_id="abc")
    channels = {}
    for name in (*CHANNELS, *CLASSES):
        history = client.get_metric_history("abc", name)
        channels[name] = ([each.step for each in history], [each.value for each in history])
    same(Curve(channels))  # type: ignore[arg-type]  # raw channels, as users give them


def test_one_call_writes_to_several_places_and_returns_what_it_wrote(tmp_path: Path) -> None:
    first, second, path = WandbRun(), Mlflow(), tmp_path / "run.jsonl"
    written = log_health(7, 0.5, 1.5, 1e-3, [0.25, 0.75], to=[first, second, str(path)])
    assert written == {
        "train_loss": 0.5,
        "lr": 1e-3,
        "grad_norm": 1.5,
        "class_accuracy/0": 0.25,
        "class_accuracy/1": 0.75,
    }
    assert first.history == [{"_step": 7, **written}]
    assert {key: value for _, key, value, _ in second.logged} == written
    assert json.loads(path.read_text()) == {"step": 7, **written}


def test_a_run_that_is_resumed_goes_on_in_its_file(tmp_path: Path) -> None:
    for steps in (range(10), range(6, 12)):
        for step in steps:
            log_health(step, 1.0, to=tmp_path / "run.jsonl")
    curve = read(tmp_path / "run.jsonl")
    assert curve["train_loss"].steps.tolist() == list(range(12))
    assert curve.rewinds == (6.0,)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda to: log_health(1, to=to), "nothing to write at step 1"),
        (lambda to: log_health(1.5, 0.5, to=to), "step is 1.5; expected a whole number"),  # type: ignore[arg-type]
        (lambda to: log_health(1, "low", to=to), "train_loss is 'low'; expected one number"),
        (lambda to: log_health(1, np.ones(3), to=to), "expected one number"),
        (lambda to: log_health(1, 0.5, per_class_acc={"cat": None}, to=to), "class_accuracy/cat is None"),
        (lambda to: log_health(1, 0.5, to=[to, MlflowClient()]), "give run_id="),
        (lambda to: log_health(1, 0.5, to=[to, 5]), "to is a int; expected a wandb run"),
        (lambda to: log_health(1, 0.5, to=[to, "run.log"]), "run.log: written one JSON object a line"),
        (lambda to: log_health(1, 0.5, optimizer=object(), to=to), "has no param_groups"),
    ],
)
def test_a_call_that_cannot_be_written_writes_nothing_anywhere(call: Callable[[Any], object], said: str) -> None:
    wandb = WandbRun()
    with pytest.raises(CurvedxError, match=said):
        call(wandb)
    assert wandb.history == []


def test_a_file_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CurvedxError, match=r"run\.jsonl: cannot be written"):
        log_health(1, 0.5, to=tmp_path / "file" / "run.jsonl")


def test_a_real_model_gives_its_own_gradient_norm_and_learning_rate() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
    loss = model(torch.ones(5, 4)).square().mean()
    assert "grad_norm" not in log_health(0, loss, model=model, optimizer=optimizer, to=[])
    loss.backward()
    by_hand = math.sqrt(sum(float((p.grad.double() ** 2).sum()) for p in model.parameters()))
    written = log_health(0, loss, model=model, optimizer=optimizer, to=[])
    assert written["grad_norm"] == pytest.approx(by_hand, rel=1e-6)
    assert written["train_loss"] == pytest.approx(loss.item())
    assert written["lr"] == 0.25
    given = log_health(0, loss, grad_norm=7.0, lr=1.0, model=model, optimizer=optimizer, to=[])
    assert (given["grad_norm"], given["lr"]) == (7.0, 1.0)


def test_gradients_of_half_precision_and_sparse_ones_are_measured_too() -> None:
    torch = pytest.importorskip("torch")
    half = torch.nn.Linear(3, 2).half()
    for parameter in half.parameters():
        parameter.grad = torch.full_like(parameter, 60_000.0)
    assert log_health(0, model=half, to=[])["grad_norm"] == pytest.approx(60_000.0 * math.sqrt(8), rel=1e-3)
    sparse = torch.nn.Embedding(5, 2, sparse=True)
    sparse(torch.tensor([1, 1, 3])).sum().backward()
    assert log_health(0, model=sparse, to=[])["grad_norm"] == pytest.approx(math.sqrt(2 * 4 + 2 * 1))
