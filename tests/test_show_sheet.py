"""Sheets of draws, by which the generator is judged by eye."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

from curvedx.catalogue import patterns
from curvedx.errors import CurvedxError
from curvedx.show.sheet import main, sheet
from curvedx.synth.draw import draw


def panels(figure: Figure) -> list[str]:
    return [ax.get_title() for ax in figure.axes if ax.get_visible() and ax.get_title()]


@pytest.mark.parametrize("name", patterns())
def test_every_pattern_and_healthy_has_a_sheet(name: str) -> None:
    figure = sheet(name, seed=5, count=3)
    assert len(panels(figure)) == 3
    assert figure.get_suptitle() == f"{name}: {patterns()[name].title} (seed 5)"


def test_a_panel_says_which_draw_it_is_and_what_was_measured_on_it() -> None:
    degree = draw(5, 1, recipes=("flat_line",)).degrees["flat_line"]
    assert panels(sheet("flat_line", seed=5, count=2))[1].startswith(f"1: {degree:.2f}\n")


def test_a_label_that_could_not_be_measured_is_a_question_mark() -> None:
    count = 40
    titles = panels(sheet("sawtooth", seed=5, count=count))
    open_ones = [i for i in range(count) if draw(5, i, recipes=("sawtooth",)).degrees["sawtooth"] is None]
    assert open_ones
    assert [i for i, title in enumerate(titles) if title.startswith(f"{i}: ?")] == open_ones


def test_a_gradient_pattern_shows_the_gradient_norm_on_an_axis_of_its_own() -> None:
    figure = sheet("exploding_gradients", seed=5, count=1)
    assert [ax.get_yscale() for ax in figure.axes if ax.get_lines()][1:] == ["log"]


def test_sheets_are_written_small(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--out", str(tmp_path / "new"), "plateau", "overfitting"])
    assert done.exit_code == 0, done.output
    written = sorted((tmp_path / "new").iterdir())
    assert [file.name for file in written] == ["overfitting.png", "plateau.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in written)
    assert all(file.stat().st_size < 120_000 for file in written)


def test_an_unknown_pattern_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(CurvedxError, match=r"no pattern 'wobble'.*expected one of numerical_failure"):
        sheet("wobble")
    done = CliRunner().invoke(main, ["--out", str(tmp_path), "wobble"])
    assert done.exit_code == 1
    assert "no pattern 'wobble'" in done.output


def test_a_sheet_has_one_panel_at_least() -> None:
    with pytest.raises(CurvedxError, match="count is 0; draw one panel at least"):
        sheet("plateau", count=0)


def test_drawing_a_sheet_leaves_pyplot_alone() -> None:
    code = (
        "import sys\nfrom curvedx.show.sheet import sheet\nsheet('plateau', count=1)\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert done.stdout.strip() == "False"
