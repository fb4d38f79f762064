"""Runs of the transformers Trainer: a tiny GPT-2 from scratch on the bytes of Python's manual."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

from curvedx.lab.tasks import BYTES, manual, windows

CONTEXT = 64


def healthy(path: Path) -> None:
    """Train as one should: warm-up, linear decay, clipping, enough text."""
    _train(path, size=250_000, max_steps=800, warmup_steps=40, learning_rate=3e-3, eval_steps=50, logging_steps=10)


def overfitting(path: Path) -> None:
    """Show eight kilobytes of text forty times over."""
    _train(
        path,
        size=16_000,
        val_share=0.5,
        num_train_epochs=40,
        learning_rate=2e-3,
        eval_strategy="epoch",
        logging_strategy="epoch",
    )


def diverged(path: Path) -> None:
    """Warm up to a learning rate a hundred times too high, without clipping."""
    _train(
        path, size=120_000, max_steps=440, warmup_steps=400, learning_rate=0.3, max_grad_norm=0, logging_steps=5,
        lr_scheduler_type="constant_with_warmup", eval_steps=50,
    )  # fmt: skip


def zero_rate(path: Path) -> None:
    """Train with a learning rate of zero."""
    _train(path, size=120_000, max_steps=300, learning_rate=0.0, logging_steps=3, eval_steps=30)


def console(path: Path) -> None:
    """Let plain SGD overflow to NaN and keep what the Trainer prints; its filter masks the NaN in the loss."""
    with path.open("w", encoding="utf-8") as out, contextlib.redirect_stdout(out):
        _train(
            None, size=120_000, max_steps=300, warmup_steps=300, learning_rate=3.0, optim="sgd", max_grad_norm=0,
            lr_scheduler_type="constant_with_warmup", logging_steps=3, eval_strategy="no",
        )  # fmt: skip


def _train(state: Path | None, *, size: int, val_share: float = 0.1, **arguments: Any) -> None:
    torch.set_num_threads(1)
    text = manual(size)
    cut = round(len(text) * (1 - val_share))
    with tempfile.TemporaryDirectory() as scratch:
        settings: dict[str, Any] = {
            "output_dir": scratch, "per_device_train_batch_size": 16, "per_device_eval_batch_size": 64,
            "eval_strategy": "steps", "save_strategy": "no", "report_to": "none", "disable_tqdm": True,
            "use_cpu": True, "seed": 0,
        }  # fmt: skip
        options = TrainingArguments(**(settings | arguments))
        torch.manual_seed(options.seed)
        model = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=BYTES, n_positions=CONTEXT, n_embd=64, n_layer=2, n_head=2,
                resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0,
            )
        )  # fmt: skip
        trainer = Trainer(
            model=model,
            args=options,
            train_dataset=_blocks(text[:cut], stride=CONTEXT // 2),
            eval_dataset=_blocks(text[cut:][: 64 * 256], stride=CONTEXT),
        )
        trainer.train()
        if state is not None:
            trainer.save_state()
            state.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(scratch) / "trainer_state.json", state)


def _blocks(text: bytes, stride: int) -> list[dict[str, Any]]:
    return [{"input_ids": row, "labels": row} for row in windows(text, CONTEXT, stride)]
