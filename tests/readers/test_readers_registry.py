from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from reader_samples import KERAS_CSV, LIGHTNING, SAMPLES

from curvedx.readers import Format, formats, read, sniff
from curvedx.readers.registry import HEAD

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"


def test_every_format_has_a_sample_and_every_sample_a_format() -> None:
    assert [item.name for item in formats()] == list(SAMPLES)


@pytest.mark.parametrize("item", formats(), ids=lambda item: item.name)
def test_a_registered_module_can_be_imported_and_reads(item: Format) -> None:
    assert callable(item.load().read_path)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_claimed_by_its_own_reader_and_by_no_other_tool(name: str, tmp_path: Path) -> None:
    path = SAMPLES[name](tmp_path)
    head = path.read_bytes()[:HEAD]
    claiming = [item for item in formats() if item.claims(path.name, head)]
    assert claiming[0].name == sniff(path) == name
    assert sum(not item.generic for item in claiming) == (not claiming[0].generic)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_whether_its_format_is_named_or_told(name: str, tmp_path: Path) -> None:
    path = SAMPLES[name](tmp_path)
    assert len(read(path)) >= 2
    assert read(path, format=name).channels == read(path).channels


@pytest.mark.parametrize("item", formats(), ids=lambda item: item.name)
def test_the_examples_of_a_format_fit_its_own_patterns(item: Format) -> None:
    for example in item.examples:
        assert any(Path(example).match(glob) for glob in item.patterns), example


def test_metrics_csv_without_the_columns_of_lightning_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("iteration,loss\n1,0.5\n2,0.4\n")
    assert sniff(path) == "table"
    path.write_text(LIGHTNING)
    assert sniff(path) == "lightning"


def test_a_renamed_trainer_state_is_told_by_its_content(tmp_path: Path) -> None:
    path = SAMPLES["hf_trainer"](tmp_path).rename(tmp_path / "state (1).json")
    assert sniff(path) == "hf_trainer"


def test_a_keras_log_is_told_from_console_output_of_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.write_text(KERAS_CSV)
    assert sniff(path) == "keras"
    path.write_text("step 1: loss 0.5\nstep 2: loss 0.4\n")
    assert sniff(path) == "text"


@pytest.mark.parametrize("name", ["missing.csv", ".", "model.bin", "empty.csv"])
def test_what_is_no_log_is_claimed_by_none(name: str, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"\0\1\2")
    (tmp_path / "empty.csv").touch()
    assert sniff(tmp_path / name) is None


def test_learning_of_the_formats_imports_no_reader_and_nothing_heavy() -> None:
    code = (
        "import sys, curvedx.readers as r; r.formats();"
        "heavy = {'pyarrow', 'pandas', 'polars', 'tensorboard', 'sklearn', 'scipy', 'matplotlib'};"
        "mine = {f'curvedx.readers.{f.module}' for f in r.formats()};"
        "print(sorted((heavy | mine) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_the_page_of_formats_holds_the_registry() -> None:
    """The table between the marks in docs/formats.md is the registry's; a change there is to be copied here."""
    between = PAGE.read_text().split("<!-- formats -->")[1]
    rows = [
        f"| `{item.name}` | {item.title} | {item.reads} | {', '.join(f'`{each}`' for each in item.examples)} |"
        for item in formats()
    ]
    table = ["| format | written by | what is read | for example |", "| --- | --- | --- | --- |", *rows]
    assert between.strip().splitlines() == table
