"""Runs of Lightning's Trainer with its CSVLogger, on the plain loop's tasks and faults."""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader, TensorDataset

from curvedx.lab import tasks
from curvedx.lab.faults import Fault, FrozenFrom
from curvedx.lab.tasks import Split, Task, Tensor


def undertrained(path: Path) -> None:
    """Stop after six epochs at a learning rate ten times too low."""
    _train(path, tasks.digits(), lr=1e-4, epochs=6, log_every=2)


def plateau(path: Path) -> None:
    """Undo every update from step 90 of 820 on."""
    _train(path, tasks.digits(), lr=1e-3, epochs=20, log_every=4, faults=[FrozenFrom(at=90)])


class _Learner(lightning.LightningModule):
    def __init__(self, task: Task, lr: float, faults: Sequence[Fault]) -> None:
        super().__init__()
        self.task, self.lr, self.faults = task, lr, faults
        self.model = task.model()

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:  # noqa: ARG002
        given = Split(x=batch[0], y=batch[1])
        for fault in self.faults:
            fault.before_step(self.global_step, self.model, self.trainer.optimizers[0])
            given = fault.batch(self.global_step, given)
        loss = self.task.loss(self.model(given.x), given.y)
        self.log("train_loss", loss)
        return loss

    def on_before_optimizer_step(self, optimizer: Any) -> None:  # noqa: ARG002
        self.log("grad_norm", torch.nn.utils.get_total_norm([p.grad for p in self.model.parameters()]))

    def validation_step(self, batch: list[Tensor], index: int) -> None:  # noqa: ARG002
        self.log("val_loss", self.task.loss(self.model(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.lr)
        return {"optimizer": optimizer, "lr_scheduler": torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)}


def _train(path: Path, task: Task, *, lr: float, epochs: int, log_every: int, faults: Sequence[Fault] = ()) -> None:
    lightning.seed_everything(0, verbose=False)
    torch.set_num_threads(1)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")  # data in memory needs none
    with tempfile.TemporaryDirectory() as scratch:
        logger = CSVLogger(scratch, name="runs", version=0)
        trainer = lightning.Trainer(
            accelerator="cpu", max_epochs=epochs, logger=logger, log_every_n_steps=log_every,
            callbacks=[LearningRateMonitor("step")], enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(
            _Learner(task, lr, faults),
            DataLoader(TensorDataset(task.train.x, task.train.y), batch_size=32, shuffle=True),
            DataLoader(TensorDataset(task.val.x, task.val.y), batch_size=len(task.val)),
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(logger.log_dir) / "metrics.csv", path)
