"""One small true-to-life log of each format, written to disk for the tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

HF_ROWS = [
    {"epoch": 0.1, "grad_norm": 2.5, "learning_rate": 5e-05, "loss": 2.31, "step": 10},
    {"epoch": 0.2, "grad_norm": float("nan"), "learning_rate": 4e-05, "loss": 0.0, "step": 20},
    {"epoch": 0.2, "eval_loss": 1.9, "eval_runtime": 3.1, "eval_samples_per_second": 12.0, "step": 20},
    {"epoch": 0.3, "grad_norm": 2.1, "learning_rate": 3e-05, "loss": 1.7, "step": 30},
    {"epoch": 0.3, "step": 30, "total_flos": 1e15, "train_loss": 1.3367, "train_runtime": 99.0},
]


def trainer_state(rows: list[dict[str, float]], global_step: int = 30) -> str:
    """Write a trainer_state.json as the Trainer does, bare NaN included."""
    state = {"best_metric": None, "epoch": 0.3, "global_step": global_step, "log_history": rows, "max_steps": 30}
    return json.dumps(state, indent=2, sort_keys=True) + "\n"


LIGHTNING = """epoch,lr-Adam,step,train_loss_epoch,train_loss_step,val_loss
0,0.001,0,,,
0,,49,,2.3,
0,,99,,1.9,
0,,99,,,1.8
0,,99,2.1,,
1,,149,,1.5,
1,,199,,nan,
1,,199,,,inf
1,,199,1.6,,
"""

ULTRALYTICS = "\n".join(
    ",".join(cell.rjust(23) for cell in row.split(","))
    for row in (
        "epoch,train/box_loss,train/cls_loss,train/dfl_loss,metrics/mAP50(B),val/box_loss,val/cls_loss,val/dfl_loss,lr/pg0",
        "1,1.5,3.0,1.25,0.1,1.4,2.5,1.0,0.003",
        "2,1.25,2.0,1.0,0.3,1.25,nan,1.0,0.006",
        "3,1.0,1.5,1.0,0.4,1.0,1.5,0.75,0.009",
    )
)

KERAS_CSV = """epoch,accuracy,loss,val_accuracy,val_loss
0,0.5,0.7,NA,NA
1,0.6,0.6,0.55,0.65
0,0.7,nan,NA,NA
1,0.8,0.4,0.7,0.5
"""

CONSOLE = """loading data
step 0: train loss 10.9, val loss 10.8
iter 0: loss 10.95, time 1096.65ms, mfu -100.00%
iter 10: loss 8.95, time 1096.65ms, mfu 15.34%
iter 20: loss nan, time 1096.65ms, mfu 15.34%
step 20: train loss 7.9, val loss 8.25
"""


def _tensorboard(folder: Path) -> Path:
    from tensorboardX import SummaryWriter  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import

    with SummaryWriter(str(folder / "tb")) as writer:
        for step in range(5):
            writer.add_scalar("train/loss", 1.0 / (step + 1), step)
    return next((folder / "tb").iterdir())


def _text(name: str, text: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / name
        path.write_text(text)
        return path

    return write


SAMPLES: dict[str, Callable[[Path], Path]] = {
    "hf_trainer": _text("trainer_state.json", trainer_state(HF_ROWS)),
    "ultralytics": _text("results.csv", ULTRALYTICS),
    "lightning": _text("metrics.csv", LIGHTNING),
    "keras": _text("training.log", KERAS_CSV),
    "tensorboard": _tensorboard,
    "table": _text("run.csv", "step,loss\n1,0.5\n2,0.4\n"),
    "text": _text("console.txt", CONSOLE),
}
