"""docs/features.md and docs/generator.md say what the code does."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from curvedx.catalogue import patterns
from curvedx.features.settings import columns, settings
from curvedx.show.features_page import BEGIN, END, main, renewed, table
from curvedx.synth.objectives import OBJECTIVES
from curvedx.synth.twins import TWINS

DOCS = Path(__file__).parents[1] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_the_table_of_views_is_that_of_the_settings() -> None:
    """If this fails: python -m curvedx.show.features_page docs/features.md."""
    assert page("features.md") == renewed(page("features.md"))


def test_the_table_names_every_view_once_and_every_feature() -> None:
    rows = table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(settings())
    assert sum(row.count("`") // 2 - 1 for row in rows) == len(columns())


def test_every_view_falls_under_the_overview() -> None:
    overview = page("features.md").split("## Features")[0]
    named = [name.rstrip("*") for name in re.findall(r"`((?:train|val|lr|grad|task|class)_[a-z_*]*)`", overview)]
    plain, families = set(named), tuple(n for n in named if f"`{n}*`" in overview)
    measures = {view for view in settings() if not view.startswith(families) and view not in plain}
    single = {column.view for column in columns() if column.calculator == "maximum"}
    assert measures <= single, "a view of one number explains itself"


def test_renewing_a_page_changes_nothing_but_the_table(tmp_path: Path) -> None:
    file = tmp_path / "features.md"
    file.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    assert CliRunner().invoke(main, [str(file)]).exit_code == 0
    assert file.read_text(encoding="utf-8") == f"before\n{BEGIN}\n{table()}\n{END}\nafter\n"


def test_a_page_without_markers_is_an_error() -> None:
    with pytest.raises(ValueError, match="lacks the lines"):
        renewed(f"{BEGIN} and no end")


def test_the_generator_page_names_every_objective_and_twin() -> None:
    text = " ".join(page("generator.md").split())
    for objective in OBJECTIVES:
        assert objective.name in text
    for twin in TWINS:
        assert twin.replace("_", " ") in text


def test_every_pattern_has_a_sheet_that_the_generator_page_shows() -> None:
    assert "sheets/" in page("generator.md")
    sheets = {file.stem: file for file in (DOCS / "sheets").glob("*.png")}
    assert set(sheets) == set(patterns())
    assert sum(file.stat().st_size for file in sheets.values()) < 1_500_000
