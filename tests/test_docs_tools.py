"""The page of tools shows what a user gets: every example on it is run."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

import curvedx

TOP = Path(__file__).parents[1]
PAGE = (TOP / "docs" / "tools.md").read_text(encoding="utf-8")
SECTIONS = re.findall(r"^## (\w+):.*?\n(.*?)(?=^## |\Z)", PAGE, flags=re.DOTALL | re.MULTILINE)


def examples(text: str) -> str:
    return "\n".join(re.findall(r"```pycon\n(.*?)```", text, flags=re.DOTALL))


@pytest.mark.parametrize(("name", "text"), SECTIONS, ids=[name for name, _ in SECTIONS])
def test_an_example_prints_what_the_page_says(
    name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "import torch" in text:
        pytest.importorskip("torch")
        pytest.importorskip("scipy")
    (tmp_path / "data").symlink_to(TOP / "data")
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {}
    exec("from curvedx.readers import read", known)  # noqa: S102 - as the first example of the page does
    example = doctest.DocTestParser().get_doctest(examples(text), known, name, "docs/tools.md", 0)
    assert example.examples
    said: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    assert not result.failed, "".join(said)


def test_every_tool_has_a_section() -> None:
    told = {name for name, _ in SECTIONS}
    assert told <= set(curvedx.__all__)
    homes = {name for name, home in curvedx._HOMES.items() if home.startswith("curvedx.tools.")}
    assert told == homes | {"compare"}
