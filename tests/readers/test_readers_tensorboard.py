"""Event files, written by the real writers and read back."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboardX import SummaryWriter  # type: ignore[import-untyped]

from curvedx.errors import ReadError
from curvedx.readers import read, read_runs

FLOAT, DOUBLE, HALF, BFLOAT16 = 1, 2, 19, 14
SCALAR = TensorShapeProto()


def with_summary_writer(folder: Path, values: Iterable[float], tag: str = "train/loss", first: int = 0) -> None:
    with SummaryWriter(str(folder)) as writer:
        for step, value in enumerate(values, first):
            writer.add_scalar(tag, value, step)


def with_tensors(folder: Path, tensors: Iterable[TensorProto], tag: str = "epoch_loss") -> None:
    writer = EventFileWriter(str(folder))
    for step, tensor in enumerate(tensors):
        writer.add_event(Event(step=step, summary=Summary(value=[Summary.Value(tag=tag, tensor=tensor)])))
    writer.close()


def event_file(folder: Path) -> Path:
    return next(folder.glob("*tfevents*"))


def test_scalars_come_back_as_float32_with_nan_and_infinity(tmp_path: Path) -> None:
    values = [2.5, 0.1, math.nan, math.inf, -math.inf]
    with_summary_writer(tmp_path, values)
    train = read(tmp_path)["train_loss"]
    assert train.steps.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(train.values, np.array(values, dtype=np.float32))


@pytest.mark.parametrize(
    "tensor",
    [
        lambda v: TensorProto(dtype=FLOAT, float_val=[v], tensor_shape=SCALAR),
        lambda v: TensorProto(dtype=DOUBLE, double_val=[v]),
        lambda v: TensorProto(dtype=FLOAT, tensor_content=struct.pack("<f", v), tensor_shape=SCALAR),
        lambda v: TensorProto(dtype=DOUBLE, tensor_content=struct.pack("<d", v), tensor_shape=SCALAR),
        lambda v: TensorProto(dtype=HALF, tensor_content=struct.pack("<e", v), tensor_shape=SCALAR),
        lambda v: TensorProto(dtype=HALF, half_val=[struct.unpack("<H", struct.pack("<e", v))[0]]),
        lambda v: TensorProto(dtype=BFLOAT16, half_val=[struct.unpack("<I", struct.pack("<f", v))[0] >> 16]),
    ],
    ids=["float_val", "double_val", "float32 content", "float64 content", "half content", "half_val", "bfloat16"],
)
def test_every_encoding_of_a_scalar_tensor_is_read(tensor: Callable[[float], TensorProto], tmp_path: Path) -> None:
    values = [2.5, 0.125, math.nan, math.inf]
    with_tensors(tmp_path, [tensor(value) for value in values])
    np.testing.assert_array_equal(read(tmp_path)["train_loss"].values, values)


def test_an_unpacked_float_list_of_old_writers_is_read(tmp_path: Path) -> None:
    """Field 5 as a bare fixed32 instead of a packed run of them."""
    from curvedx.readers.tfevents import _tensor  # noqa: PLC0415

    assert _tensor(b"\x08\x01" + b"\x2d" + struct.pack("<f", 1.5)) == 1.5


def test_what_is_no_scalar_is_left_out(tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.add_text("note", "hello", 0)
        writer.add_histogram("weights", np.arange(10), 0)
    with_tensors(
        tmp_path, [TensorProto(dtype=FLOAT, float_val=[1, 2], tensor_shape={"dim": [{"size": 2}]})], "pr_curve"
    )
    assert list(read(tmp_path).channels) == ["train_loss"]


def test_negative_and_large_steps_survive(tmp_path: Path) -> None:
    writer = EventFileWriter(str(tmp_path))
    for step in (-5, 0, 2**40):
        writer.add_event(Event(step=step, summary=Summary(value=[Summary.Value(tag="loss", simple_value=1.0)])))
    writer.close()
    assert read(tmp_path)["train_loss"].steps.tolist() == [-5, 0, 2**40]


def test_the_files_of_a_resumed_run_are_one_run_in_the_order_they_were_begun(tmp_path: Path) -> None:
    with_summary_writer(tmp_path / "b", [5.0, 4.0, 3.0])
    with_summary_writer(tmp_path / "a", [3.5, 3.25], first=1)
    run = tmp_path / "run"
    run.mkdir()
    event_file(tmp_path / "b").rename(run / "events.out.tfevents.999.zhost")
    event_file(tmp_path / "a").rename(run / "events.out.tfevents.1000.ahost")
    curve = read(run)
    assert curve["train_loss"].values.tolist() == [5.0, 3.5, 3.25]
    assert any("steps go back" in note for note in curve.caveats)
    assert curve.name == "run"


def test_the_two_writers_of_keras_make_one_run(tmp_path: Path) -> None:
    for split, values in (("train", [3.0, 2.0]), ("validation", [3.5, 2.5])):
        tensors = [TensorProto(dtype=FLOAT, float_val=[value]) for value in values]
        with_tensors(tmp_path / "logs" / split, tensors)
    (curve,) = read_runs(tmp_path / "logs")
    assert curve["train_loss"].values.tolist() == [3.0, 2.0]
    assert curve["val_loss"].values.tolist() == [3.5, 2.5]


def test_a_file_without_a_suffix_is_an_event_file(tmp_path: Path) -> None:
    with_summary_writer(tmp_path, [2.0, 1.0])
    path = event_file(tmp_path).rename(tmp_path / "events.out.tfevents")
    assert len(read(path)) == 2


@pytest.mark.parametrize("missing", [1, 5, 30])
def test_a_file_that_ends_inside_its_last_record_is_read_up_to_there(missing: int, tmp_path: Path) -> None:
    with_summary_writer(tmp_path, [3.0, 2.0, 1.0])
    path = event_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-missing])
    curve = read(path)
    assert curve["train_loss"].values.tolist() == [3.0, 2.0]
    assert any("cut off inside its last record" in note for note in curve.caveats)


def test_a_corrupt_length_neither_allocates_nor_passes_unseen(tmp_path: Path) -> None:
    with_summary_writer(tmp_path, [3.0, 2.0])
    path = event_file(tmp_path)
    good = path.read_bytes()
    path.write_bytes(good + struct.pack("<Q", 1 << 60) + b"\0" * 40)
    curve = read(path)
    assert curve["train_loss"].values.tolist() == [3.0, 2.0]
    assert any(f"damaged (byte {len(good)})" in note for note in curve.caveats)


def test_a_file_that_is_no_event_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(bytes(range(256)) * 4)
    with pytest.raises(ReadError, match=r"events\.out\.tfevents\.1: no scalar in it \(.* is damaged \(byte 0\)"):
        read(path)


@pytest.mark.parametrize("seed", range(20))
def test_random_damage_gives_a_curve_or_an_error_of_our_own(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    with_summary_writer(tmp_path, [3.0, 2.0, 1.0])
    path = event_file(tmp_path)
    data = bytearray(path.read_bytes())
    for at in rng.integers(0, len(data), 4):
        data[at] = rng.integers(0, 256)
    path.write_bytes(data)
    try:
        curve: Any = read(path)
    except ReadError:
        return
    assert len(curve)
