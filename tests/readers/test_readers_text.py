"""Console output as it is pasted into an issue."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from curvedx.errors import ReadError
from curvedx.readers import Columns, read_text

MODDED = """import os, sys
learning_rate = 0.0018
loss = 0.0
    print0(f"step:{step}/{args.num_iterations} val_loss:{val_loss:.4f} train_time:{t:.0f}ms")
    print0(f"step:{step+1}/{n} train_loss:{train_loss.item():.4f} step_avg:{t/5:.2f}ms")
====================================================================================================
step:0/5100 val_loss:10.8258 train_time:0ms step_avg:nanms
step:1/5100 train_loss:10.8 train_time:123ms step_avg:nanms
step:2/5100 train_loss:9.8 train_time:246ms step_avg:nanms
step:2/5100 val_loss:9.5 train_time:246ms step_avg:12.34ms
"""
HF = """***** Running training *****
{'loss': 2.5, 'grad_norm': nan, 'learning_rate': 9.77e-06, 'epoch': 0.53}
  5%|#         | 10/200 [00:10<03:10]\r{'loss': 2.25, 'grad_norm': inf, 'learning_rate': 9.7e-06, 'epoch': 0.63}
{'eval_loss': 2.0, 'eval_runtime': 3.0, 'epoch': 0.63}
{'loss': '2.125', 'grad_norm': '1.5', 'learning_rate': '9e-06', 'epoch': '0.73'}
{'train_runtime': 10.0, 'train_loss': 0.3, 'epoch': 1.0}
"""
KERAS = """Epoch 1/3
  1/782 [....] - ETA: 1:00 - loss: 2.3000\r782/782 [====] - 5s 6ms/step - loss: 0.5 - acc: 0.68 - val_loss: 0.45
Epoch 2/3
100/782 [=>..] - ETA: 0:50 - loss: 0.9
782/782 [====] - 5s 6ms/step - loss: 0.25 - acc: 0.70 - val_loss: 0.5
Epoch 3/3
\x1b[1m782/782\x1b[0m \x1b[32m━━━━━━\x1b[0m \x1b[1m5s\x1b[0m 6ms/step - acc: 0.3 - loss: nan - val_loss: nan
"""
MEGATRON = """ [2025-12-01 16:59:08] iteration     1530/    1926 | consumed samples:        24480 | \
elapsed time per iteration (ms): 1234.5 | learning rate: 4.0E-06 | global batch size:    16 | lm loss: 3.5E-01 | \
loss scale: 1.0 | grad norm: 11.25 | number of skipped iterations:   0 | number of nan iterations:   0 |
 [2025-12-01 16:59:18] iteration     1540/    1926 | consumed samples:        24640 | learning rate: 3.0E-06 | \
lm loss: 3.25E-01 | loss scale: 1.0 | grad norm: 11.5 | number of skipped iterations:   0 |
 validation loss at iteration 1540 | lm loss value: 3.75E-01 | lm loss PPL: 1.4E+00 |
"""
CASES = {
    "modded-nanogpt": (MODDED, [(1, 10.8), (2, 9.8)], [(0, 10.8258), (2, 9.5)]),
    "nanoGPT": (
        "step 0: train loss 10.9, val loss 10.8\niter 0: loss 10.5, time 1096.65ms, mfu -100.00%\n"
        "iter 10: loss 8.5, time 96.65ms, mfu 15.34%\niter 20: loss 8.0, time 96.65ms, mfu 15.34%\n",
        [(0, 10.5), (10, 8.5), (20, 8.0)],
        [(0, 10.8)],
    ),
    "nanoGPT, evaluations only": (
        "step 0: train loss 10.5, val loss 10.75\nstep 250: train loss 4.0, val loss 4.5\n",
        [(0, 10.5), (250, 4.0)],
        [(0, 10.75), (250, 4.5)],
    ),
    "llm.c": (
        "s:0 tel:11.0\ns:0 eval:0.24\ns:1 trl:10.5 lr:0.000001 norm:15.25\ns:2 trl:10.25 lr:0.000002 norm:nan\n",
        [(1, 10.5), (2, 10.25)],
        [(0, 11.0)],
    ),
    "Trainer": (HF, [(0.53, 2.5), (0.63, 2.25), (0.73, 2.125)], [(0.63, 2.0)]),
    "Keras": (KERAS, [(1, 0.5), (2, 0.25), (3, math.nan)], [(1, 0.45), (2, 0.5), (3, math.nan)]),
    "XGBoost": (
        "[0]\ttrain-rmse:1.5\teval-rmse:1.75\n[1]\ttrain-rmse:1.25\teval-rmse:1.5\n",
        [(0, 1.5), (1, 1.25)],
        [(0, 1.75), (1, 1.5)],
    ),
    "LightGBM": (
        "[LightGBM] [Info] Total Bins 255\n[10]\ttraining's l2: 0.5\tvalid_1's l2: 0.75\n"
        "[20]\ttraining's l2: 0.25\tvalid_1's l2: 0.5\n",
        [(10, 0.5), (20, 0.25)],
        [(10, 0.75), (20, 0.5)],
    ),
    "Megatron": (MEGATRON, [(1530, 0.35), (1540, 0.325)], [(1540, 0.375)]),
    "torchtitan, coloured": (
        "[rank0]: INFO - \x1b[31mstep: 10  \x1b[32mloss:  7.5  \x1b[33mgrad_norm: 1.25  memory: 1GiB\x1b[0m\n"
        "[rank0]: INFO - \x1b[31mstep: 20  \x1b[32mloss:  6.5  \x1b[33mgrad_norm: 1.5  memory: 1GiB\x1b[0m\n",
        [(10, 7.5), (20, 6.5)],
        None,
    ),
    "MLX": (
        "Iter 1: Val loss 2.5, Val took 3.1s\nIter 10: Train loss 1.5, Learning Rate 7.000e-05, It/sec 1.0\n",
        [(10, 1.5)],
        [(1, 2.5)],
    ),
    "fairseq": (
        '2021-03-08 12:31:36 | INFO | train_inner | {"epoch": 1, "update": 0.0, "loss": "16.5", "num_updates": "1"}\n'
        '2021-03-08 12:31:37 | INFO | train_inner | {"epoch": 1, "update": 0.1, "loss": "15.5", "num_updates": "2"}\n',
        [(1, 16.5), (2, 15.5)],
        None,
    ),
    "mmengine": (
        "01/01 - mmengine - INFO - Epoch(train) [1][200/735]  lr: 1.9e-04  eta: 1:00:00  loss: 2.75  grad_norm: 3.0\n"
        "01/01 - mmengine - INFO - Epoch(train) [2][200/735]  lr: 1.9e-04  eta: 0:50:00  loss: 2.5  grad_norm: 3.0\n",
        [(200, 2.75), (935, 2.5)],
        None,
    ),
    "PyTorch example": (
        "Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.5\nTrain Epoch: 1 [640/60000 (1%)]\tLoss: 2.25\n\n"
        "Test set: Average loss: 0.5, Accuracy: 9838/10000 (98%)\n",
        [(0, 2.5), (640, 2.25)],
        [(640, 0.5)],
    ),
    "tutorial": (
        "Epoch [1/2], Step [100/600], Loss: 0.5\nEpoch [2/2], Step [100/600], Loss: 0.25\n",
        [(100, 0.5), (700, 0.25)],
        None,
    ),
    "key=value": (
        "epoch=1 loss=0.5 val_loss=0.75\nepoch=2 loss=-inf val_loss=0.5\n",
        [(1, 0.5), (2, -math.inf)],
        [(1, 0.75), (2, 0.5)],
    ),
    "JSON a line": ('{"step": 1, "loss": 0.5}\n{"step": 2, "loss": NaN}\n', [(1, 0.5), (2, math.nan)], None),
    "CSV": ("step,loss\n1,0.5\n2,\n3,nan\n", [(1, 0.5), (3, math.nan)], None),
    "numbers printed with their type": (
        "Epoch 1, loss: tensor(0.5, device='cuda:0')\nEpoch 2, loss: np.float64(0.25)\n",
        [(1, 0.5), (2, 0.25)],
        None,
    ),
    "bare numbers": ("2.5\n2.25\nnan\n", [(0, 2.5), (1, 2.25), (2, math.nan)], None),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_pasted_is_read(case: str) -> None:
    text, train, val = CASES[case]
    (curve,) = read_text(text)
    for channel, expected in (("train_loss", train), ("val_loss", val)):
        if expected is None:
            assert channel not in curve
        else:
            np.testing.assert_array_equal(np.column_stack(tuple(curve[channel])), expected)


def test_a_script_printed_into_its_log_is_passed_over() -> None:
    (curve,) = read_text(MODDED)
    assert curve.caveats == ()
    assert "loss" not in curve


def test_the_gradient_norm_and_learning_rate_of_a_console_are_read() -> None:
    (curve,) = read_text(MEGATRON)
    assert curve["lr"].values.tolist() == [4e-06, 3e-06]
    assert curve["grad_norm"].values.tolist() == [11.25, 11.5]
    (curve,) = read_text(HF)
    assert repr(curve["grad_norm"].values.tolist()) == "[nan, inf, 1.5]"


@pytest.mark.parametrize(
    "line",
    ["loss" + " " * 19_000 + "x", "loss" + "{" * 19_000, "loss" + "a" * 19_000, "loss: 1" + "1" * 19_000 + "("],
    ids=["spaces", "braces", "letters", "digits"],
)
def test_a_hostile_line_takes_no_longer_than_a_friendly_one(line: str) -> None:
    """Each took from seconds to hours with patterns that try every way to split a line."""
    begun = time.perf_counter()
    assert read_text(f"{line}\nstep 1: loss 0.5\n")[0]["train_loss"].values.tolist() == [0.5]
    assert time.perf_counter() - begun < 2.0


def test_a_dict_that_would_run_code_is_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ReadError):
        read_text("{'loss': print('ran')}\n")
    assert capsys.readouterr().out == ""


def test_a_console_that_counts_in_parts_of_epochs_says_so() -> None:
    said = "no whole steps were logged: steps are counted in 'epoch'"
    assert said in read_text(HF)[0].caveats
    assert said not in read_text(KERAS)[0].caveats
    assert said not in read_text(MEGATRON)[0].caveats


def test_text_without_a_loss_says_what_was_expected() -> None:
    with pytest.raises(ReadError, match="notes: no line with a loss and a number in it; expected console output"):
        read_text("all work and no play\n", name="notes")


GAN = "".join(f"(epoch: {at}, iters: {100 * at}, time: 0.25) G_L1: {50 - at} D_real: 0.5\n" for at in range(1, 9))


def test_a_console_without_a_loss_says_what_it_has() -> None:
    with pytest.raises(ReadError, match=r"no line with a loss .found 'G_L1', 'D_real'.; name what to judge by --loss"):
        read_text(GAN)


def test_what_the_user_names_is_read_from_a_console_that_calls_it_no_loss() -> None:
    (curve,) = read_text(GAN, columns=Columns(loss="G_L1"))
    assert curve["train_loss"].steps.tolist() == [100.0 * at for at in range(1, 9)]
    assert curve["train_loss"].values.tolist() == [50.0 - at for at in range(1, 9)]


@pytest.mark.parametrize("text", ["", "  \n\n", "\ufeff"])
def test_nothing_pasted_says_so(text: str) -> None:
    with pytest.raises(ReadError, match="stdin: nothing to read"):
        read_text(text)
