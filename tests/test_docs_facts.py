"""The page of facts shows what a user gets: every example on it is run, and every name on it exists."""

from __future__ import annotations

import doctest
import re
import tomllib
from pathlib import Path

from curvedx.catalogue import parse_pattern, patterns
from curvedx.objectives import Expectations
from curvedx.rules import facts

PAGE = (Path(__file__).parents[1] / "docs" / "facts.md").read_text(encoding="utf-8")


def test_the_examples_print_what_the_page_says() -> None:
    text = "\n".join(re.findall(r"```pycon\n(.*?)```", PAGE, flags=re.DOTALL))
    example = doctest.DocTestParser().get_doctest(text, {}, "facts", "docs/facts.md", 0)
    assert len(example.examples) >= 8
    said: list[str] = []
    assert not doctest.DocTestRunner(verbose=False).run(example, out=said.append).failed, "".join(said)


def test_the_rule_on_the_page_is_one_of_the_catalogue() -> None:
    shown = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)[0]
    rest = 'title = "x"\nkind = "note"\nseverity = "info"\nrank = 1\nneeds = []\nsymptom = "x"\ndefinition = "x"\n'
    rest += "fixes = []\nreferences = []\nlook_alikes = []\n"
    (cause,) = parse_pattern("shown.toml", rest + shown).causes
    assert cause.rules == patterns()["step_drops"].causes[0].rules
    assert tomllib.loads(shown)


def test_the_table_names_every_argument_and_option() -> None:
    for name in Expectations.__dataclass_fields__:
        assert f"`{name}=" in PAGE
        assert f"`--{name}" in PAGE


def test_facts_that_the_page_names_exist() -> None:
    assert set(re.findall(r'facts\["(.+?)"\]', PAGE)) <= set(facts())
