"""The sample logs, their labels and their datasheet say the same."""

import ast
import csv
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from curvedx.catalogue import HEALTHY, patterns
from curvedx.errors import MissingExtraError
from curvedx.lab.samples import SAMPLES, Sample, main

ROOT = Path(__file__).parents[1]
LOGS = ROOT / "data" / "logs"
ABOUT = {"README.md", "labels.csv"}


def rows() -> list[dict[str, str]]:
    with (LOGS / "labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def logs() -> list[Path]:
    return sorted(path for path in LOGS.rglob("*") if path.is_file() and path.name not in ABOUT)


def names(cell: str) -> list[str]:
    return cell.split(";") if cell else []


def test_every_sample_has_one_row_of_labels_and_every_row_a_sample() -> None:
    assert {(row["run"], row["path"]) for row in rows()} == {(s.name, s.path) for s in SAMPLES}
    assert len({s.name for s in SAMPLES}) == len({s.path for s in SAMPLES}) == len(SAMPLES) == len(rows())


def test_every_file_belongs_to_exactly_one_sample() -> None:
    for path in logs():
        below = path.relative_to(LOGS).as_posix()
        owners = [s.name for s in SAMPLES if below == s.path or below.startswith(f"{s.path}/")]
        assert len(owners) == 1, f"{below}: {owners}"
    for sample in SAMPLES:
        path = LOGS / sample.path
        assert path.is_file() or (path.is_dir() and len(list(path.iterdir())) == 1), sample.path


def test_the_datasheet_describes_every_sample_on_one_line() -> None:
    datasheet = (LOGS / "README.md").read_text(encoding="utf-8").splitlines()
    for sample in SAMPLES:
        described = [line for line in datasheet if line.startswith(f"| `{sample.name}` | `{sample.path}` |")]
        assert len(described) == 1, sample.name


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["run"])
def test_labels_are_of_the_catalogue_and_no_label_is_both_present_and_grey(row: dict[str, str]) -> None:
    present, grey = names(row["present"]), names(row["grey"])
    assert present
    assert set(present) | set(grey) <= set(patterns())
    assert len(set(present + grey)) == len(present + grey)
    assert HEALTHY not in present or present == [HEALTHY]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["run"])
def test_an_onset_is_a_step_of_a_label_that_is_present(row: dict[str, str]) -> None:
    for onset in row["onsets"].split("|") if row["onsets"] else []:
        label, step = onset.split("@")
        assert label in names(row["present"])
        assert float(step) >= 0


def test_logs_are_small() -> None:
    sizes = {path: path.stat().st_size for path in logs()}
    assert max(sizes.values()) < 120_000
    assert sum(sizes.values()) < 700_000


def test_no_log_tells_where_or_by_whom_it_was_made() -> None:
    """An absolute path would; so would the host and process in the name that SummaryWriter gives its file."""
    where = re.compile(rb"(?<![\w.])/(root|home|Users|tmp|usr|var|opt|mnt|private)/|[A-Z]:\\\\?Users")
    for path in logs():
        assert not where.search(path.read_bytes()), path
        if "tfevents" in path.name:
            assert path.name.endswith(".lab.1.0")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_sample_is_made_by_a_function_that_exists(sample: Sample) -> None:
    """Read from the source, since the frameworks are not installed where the tests run."""
    module, function = sample.maker.split(":")
    tree = ast.parse((ROOT / "src" / "curvedx" / "lab" / f"{module}.py").read_text(encoding="utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_a_missing_framework_is_told_with_the_extra_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("plain", "faults", "loop", "tasks"):
        monkeypatch.delitem(sys.modules, f"curvedx.lab.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"resumed.*curvedx\[lab\]"):
        next(s for s in SAMPLES if s.name == "resumed").make(tmp_path)


def test_an_unknown_sample_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--out", str(tmp_path), "--only", "nonesuch"])
    assert result.exit_code == 2
    assert "nonesuch" in result.output
