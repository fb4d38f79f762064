"""The catalogue: its schema, its labels, its numbers, and the pages and texts made from it."""

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from curvedx import catalogue
from curvedx.catalogue import (
    NEEDS,
    Level,
    Pattern,
    assessable,
    levels,
    parse_levels,
    parse_pattern,
    patterns,
)
from curvedx.errors import CatalogueError
from curvedx.show.catalogue_page import patterns_markdown
from curvedx.show.catalogue_text import render_list, render_pattern

CHECKOUT = Path(__file__).parents[1]

PROBLEMS = (
    "numerical_failure",
    "divergence",
    "collapse_to_zero",
    "flat_line",
    "exploding_gradients",
    "vanishing_gradients",
    "catastrophic_forgetting",
    "overfitting",
    "oscillation",
    "plateau",
    "dead_class",
    "level_jump",
    "loss_spikes",
    "val_below_train",
    "warmup_spike",
    "sawtooth",
    "undertrained",
)
NOTES = ("grokking", "double_descent", "schedule_waves", "epoch_staircase", "step_drops")
LABELS = (*PROBLEMS, *NOTES, "healthy")
ERRORS = PROBLEMS[:7]

each_label = pytest.mark.parametrize("label", LABELS)
each_ill = pytest.mark.parametrize("label", LABELS[:-1])


def test_there_is_one_file_a_label_ranked_from_gravest_to_healthy() -> None:
    assert tuple(patterns()) == LABELS
    assert [p.rank for p in patterns().values()] == list(range(1, 24))


def test_healthy_has_no_head_in_the_model() -> None:
    assert tuple(p.name for p in assessable()) == LABELS[:-1]


@each_label
def test_kind_and_severity_agree(label: str) -> None:
    kind = "problem" if label in PROBLEMS else "note" if label in NOTES else "healthy"
    severity = {"problem": "error" if label in ERRORS else "warning", "note": "info", "healthy": "none"}[kind]
    assert (patterns()[label].kind, patterns()[label].severity) == (kind, severity)


@each_label
def test_a_pattern_needs_train_loss_and_the_channel_its_definition_speaks_of(label: str) -> None:
    extra = {
        "overfitting": "val_loss",
        "val_below_train": "val_loss",
        "grokking": "val_loss",
        "double_descent": "val_loss",
        "exploding_gradients": "grad_norm",
        "vanishing_gradients": "grad_norm",
        "catastrophic_forgetting": "task_loss/",
        "dead_class": "class_accuracy/",
    }
    assert patterns()[label].needs == ("train_loss", *filter(None, [extra.get(label)]))


@each_ill
def test_a_pattern_has_causes_with_checks_and_fixes_and_look_alikes(label: str) -> None:
    pattern = patterns()[label]
    assert len(pattern.causes) >= 3
    assert len(pattern.fixes) >= 3
    assert len(pattern.look_alikes) >= 2
    assert all(len(cause.check.split()) >= 5 for cause in pattern.causes), "a check is an instruction"


@each_label
def test_no_look_alike_cause_or_fix_is_said_twice(label: str) -> None:
    pattern = patterns()[label]
    for said in (
        [alike.name for alike in pattern.look_alikes],
        [cause.cause for cause in pattern.causes],
        [cause.check for cause in pattern.causes],
        pattern.fixes,
        pattern.references,
    ):
        assert len(set(said)) == len(said)


@each_label
def test_a_look_alike_written_like_a_label_is_another_label(label: str) -> None:
    for alike in patterns()[label].look_alikes:
        if "_" in alike.name or alike.name in LABELS:
            assert alike.name in LABELS
            assert alike.name != label


@each_label
def test_a_label_named_in_a_definition_exists(label: str) -> None:
    assert set(re.findall(r"`(\w+)`", patterns()[label].definition)) <= set(LABELS)


@each_label
def test_texts_are_sentences_and_titles_are_not(label: str) -> None:
    pattern = patterns()[label]
    sentences = [pattern.symptom, pattern.definition, *pattern.fixes]
    sentences += [alike.tell for alike in pattern.look_alikes]
    sentences += [text for cause in pattern.causes for text in (cause.cause, cause.check)]
    for sentence in sentences:
        assert sentence.endswith(".") or sentence.endswith(".)"), sentence
        assert sentence[0].isupper() or sentence[0].isdigit() or sentence.startswith("fp16"), sentence
    assert not pattern.title.endswith(".")


@each_label
def test_arxiv_numbers_are_well_formed_and_not_from_an_impossible_month(label: str) -> None:
    for reference in patterns()[label].references:
        found = re.findall(r"arXiv ([\d.]+\d)", reference)
        assert len(found) == reference.count("arXiv")
        for number in found:
            assert re.fullmatch(r"\d\d(0[1-9]|1[0-2])\.\d{4,5}", number), reference


def test_an_arxiv_number_always_stands_behind_the_same_authors() -> None:
    authors: dict[str, set[str]] = {}
    for pattern in patterns().values():
        for reference in pattern.references:
            for number in re.findall(r"arXiv (\S+\d)", reference):
                authors.setdefault(number, set()).add(reference.split(",")[0])
    assert {number: names for number, names in authors.items() if len(names) > 1} == {}


@pytest.mark.parametrize(
    "level", [level for level in levels() if level.value is not None], ids=lambda level: level.formula
)
def test_a_level_is_what_its_formula_gives(level: Level) -> None:
    assert level.value == pytest.approx(_computed(level.formula), abs=5.1e-5)


def test_every_equation_in_the_meaning_of_a_level_holds() -> None:
    meanings = " ".join(level.meaning for level in levels())
    equations = re.findall(r"(H\([\d.]+\)|1 / ln 2|2 ln 2) = (\d+\.\d+)", meanings)
    assert len(equations) == meanings.count(" = ") > 0
    for formula, value in equations:
        assert float(value) == pytest.approx(_computed(formula), abs=5.1e-5)


def test_level_names_and_values_are_unambiguous() -> None:
    names = [level.name for level in levels()]
    values = [level.value for level in levels() if level.value is not None]
    assert len(set(names)) == len(names)
    assert len(set(values)) == len(values)


def _computed(formula: str) -> float:
    """Compute a formula of the few forms levels are written in."""
    forms: dict[str, Callable[..., float]] = {
        r"ln (\d+)": lambda n: math.log(float(n)),
        r"log2 (\d+)": lambda n: math.log2(float(n)),
        r"H\(([\d.]+)\)": lambda p: -sum(q * math.log(q) for q in (float(p), 1 - float(p))),
        r"\(1/2\)\^2": lambda: 0.25,
        r"\(1/2\)\^2 ln 2": lambda: 0.25 * math.log(2),
        r"2 ln 2": lambda: 2 * math.log(2),
        r"1 / ln 2": lambda: 1 / math.log(2),
        r"Var z": lambda: 1.0,
    }
    for form, compute in forms.items():
        if match := re.fullmatch(form, formula):
            return compute(*match.groups())
    raise AssertionError(f"the test cannot compute {formula!r}")


WHOLE = """
title = "A title"
kind = "problem"
severity = "warning"
rank = 3
needs = ["train_loss"]
symptom = '''
Two lines
  of text.'''
definition = "A rule."
fixes = ["Do this."]
references = []
look_alikes = [{name = "healthy", tell = "A tell."}]
causes = [{cause = "A cause.", check = "A check."}]
"""


def test_a_whole_file_is_read_with_wrapped_texts_on_one_line() -> None:
    pattern = parse_pattern("made_up.toml", WHOLE + "[ranges]\nheight = [1, 2.5]\n")
    assert (pattern.name, pattern.symptom) == ("made_up", "Two lines of text.")
    assert dict(pattern.ranges) == {"height": (1.0, 2.5)}


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('title = "A title"', "", "title"),
        ('title = "A title"', 'title = ""', "title"),
        ('title = "A title"', "title = 3", "title"),
        ('kind = "problem"', 'kind = "trouble"', "kind"),
        ('severity = "warning"', 'severity = "grave"', "severity"),
        ('severity = "warning"', "severity = []", "severity"),
        ("rank = 3", 'rank = "3"', "rank"),
        ("rank = 3", "rank = true", "rank"),
        ('needs = ["train_loss"]', 'needs = "train_loss"', "needs"),
        ('needs = ["train_loss"]', 'needs = ["loss"]', "needs"),
        ('fixes = ["Do this."]', "fixes = [1]", "fixes[0]"),
        ('check = "A check."', 'chekc = "A check."', "causes[0]"),
        ('check = "A check."', "check = 1", "causes[0].check"),
        ('name = "healthy", ', "", "look_alikes[0]"),
        ("rank = 3", "rank = 3\ncolour = 'red'", "colour"),
    ],
)
def test_a_broken_file_is_refused_with_its_name_and_the_key(old: str, new: str, key: str) -> None:
    assert old in WHOLE
    with pytest.raises(CatalogueError, match=rf"made_up\.toml: .*{re.escape(key)}"):
        parse_pattern("made_up.toml", WHOLE.replace(old, new))


@pytest.mark.parametrize("bad", ["[2, 1]", "[1]", "1", '["a", "b"]', "[nan, 1.0]"])
def test_a_range_has_a_low_and_a_high_end(bad: str) -> None:
    with pytest.raises(CatalogueError, match=r"made_up\.toml: ranges\.height is .*; expected \[low, high\]"):
        parse_pattern("made_up.toml", f"{WHOLE}[ranges]\nheight = {bad}\n")


def test_text_that_is_no_toml_is_refused_with_the_line() -> None:
    with pytest.raises(CatalogueError, match=r"made_up\.toml: not readable as TOML: .*line 1,"):
        parse_pattern("made_up.toml", "title = \n")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "level"),
        ("level = [1]", r"level\[0\]"),
        ("[[level]]\nformula = 'x'\nmeaning = 'y'", r"level\[0\]\.name"),
        ("[[level]]\nname = 'n'\nformula = 'x'\nmeaning = 'y'\nvalue = 'z'", r"level\[0\]\.value"),
        ("[[level]]\nname = 'n'\nformula = 'x'\nmeaning = 'y'\nunit = 'z'", r"unknown key 'level\[0\]\.unit'"),
    ],
)
def test_a_broken_file_of_levels_is_refused_with_the_key(text: str, key: str) -> None:
    with pytest.raises(CatalogueError, match=rf"levels\.toml: {key}"):
        parse_levels("levels.toml", text)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Read the catalogue from an empty folder instead of the shipped one."""
    monkeypatch.setattr(catalogue, "asset", lambda _: tmp_path)
    patterns.cache_clear()
    yield tmp_path
    patterns.cache_clear()


def test_two_patterns_of_one_rank_are_refused(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / f"{name}.toml").write_text(WHOLE, encoding="utf-8")
    with pytest.raises(CatalogueError, match="one, two share a rank"):
        patterns()


def test_only_toml_files_are_patterns(folder: Path) -> None:
    (folder / "README.md").write_text("# words", encoding="utf-8")
    (folder / "one.toml").write_text(WHOLE, encoding="utf-8")
    assert list(patterns()) == ["one"]


def test_the_page_of_definitions_is_generated_from_the_catalogue() -> None:
    page = (CHECKOUT / "docs" / "patterns.md").read_text(encoding="utf-8")
    assert page == patterns_markdown(), "write the page anew: see curvedx.show.catalogue_page"


@each_label
def test_the_page_holds_each_definition_and_all_look_alikes(label: str) -> None:
    page = patterns_markdown()
    section = page[page.index(f"\n### {label}\n") :].split("\n### ")[1]
    pattern = patterns()[label]
    assert pattern.definition in section
    assert all(alike.tell in section for alike in pattern.look_alikes)


def test_links_of_the_page_lead_to_its_sections() -> None:
    page = patterns_markdown()
    assert set(re.findall(r"\(#(\w+)\)", page)) == set(re.findall(r"^### (\w+)$", page, re.MULTILINE)) == set(LABELS)


@each_label
def test_a_pattern_as_text_says_everything_within_100_columns(label: str) -> None:
    pattern = patterns()[label]
    text = render_pattern(pattern)
    assert max(map(len, text.splitlines())) <= 100
    said = " ".join(text.split())
    for part in _texts(pattern):
        assert part in said


def test_a_text_without_entries_has_no_empty_section() -> None:
    text = render_pattern(parse_pattern("made_up.toml", WHOLE))
    assert "references" not in text
    assert text.splitlines()[:2] == ["made_up: A title", "problem, severity warning, needs train_loss"]


def test_the_list_has_one_line_a_pattern_in_straight_columns() -> None:
    lines = render_list(patterns().values()).splitlines()
    heading = lines[0]
    assert heading.split() == ["name", "kind", "severity", "needs", "title"]
    for line, pattern in zip(lines[1:], patterns().values(), strict=True):
        for column, cell in (("name", pattern.name), ("needs", pattern.needs[0]), ("title", pattern.title)):
            assert line[heading.index(column) :].startswith(cell)


def _texts(pattern: Pattern) -> list[str]:
    return [
        pattern.title,
        pattern.symptom,
        pattern.definition,
        *pattern.fixes,
        *pattern.references,
        *(text for alike in pattern.look_alikes for text in (alike.name, alike.tell)),
        *(text for cause in pattern.causes for text in (cause.cause, cause.check)),
    ]


def test_every_kind_of_channel_is_needed_by_a_pattern() -> None:
    assert {need for pattern in patterns().values() for need in pattern.needs} == set(NEEDS)
