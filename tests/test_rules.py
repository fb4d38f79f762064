"""The language of the catalogue's rules: what it refuses, when a condition holds, how it is said."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from curvedx.catalogue import Benign, Pattern, assessable, benign, parse_benign, parse_pattern
from curvedx.errors import CatalogueError
from curvedx.objectives import parse_objectives
from curvedx.rules import Condition, Lookup, Rule, because, facts, parse_facts
from curvedx.show.catalogue_page import patterns_markdown
from curvedx.show.catalogue_text import render_pattern

NORM = "gradient norm, median"

WHOLE = """
title = "A title"
kind = "problem"
severity = "warning"
rank = 3
needs = ["train_loss"]
symptom = "A text."
definition = "A rule."
fixes = ["Do this."]
references = []
[[look_alikes]]
name = "healthy"
tell = "A tell."
[[causes]]
cause = "A cause."
check = "A check."
[[causes.rules]]
more_likely_when = [{ fact = "gradient norm, median", at_most = 0 }]
"""

NORMAL = """
[[benign]]
title = "A title"
present = ["step_drops"]
when = [{ fact = "epochs", above = 1 }]
not_with = ["overfitting"]
why = "a reason."
unless = "a condition."
"""

FACT = """
[[fact]]
name = "a fact"
of = "run"
unit = "%"
says = "it is {}"
meaning = "A meaning."
"""

OBJECTIVE = """
[[objective]]
name = "one"
also = ["uno"]
metrics = ["a + b", "c"]
meaning = "A meaning."
"""


def lookup(known: dict[str, float | None]) -> Lookup:
    def asked(name: str) -> float | None:
        return known.get(name)

    return asked


def rules_of(pattern: Pattern) -> Iterator[Rule]:
    for cause in pattern.causes:
        yield from cause.rules
    for alike in pattern.look_alikes:
        yield from alike.rules


def conditions() -> Iterator[Condition]:
    for pattern in assessable():
        for rule in rules_of(pattern):
            yield from rule.conditions
    for entry in benign():
        yield from entry.when


def test_a_rule_is_read_with_its_bounds() -> None:
    (cause,) = parse_pattern("made_up.toml", WHOLE).causes
    assert cause.rules == (Rule(more=True, conditions=(Condition(fact=NORM, at_most=0.0),)),)
    assert (cause.moved, cause.because) == ("", "")


CONDITION = '{ fact = "gradient norm, median", at_most = 0 }'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "gradient norm, median",
            "gradient nrom",
            r"rules\[0\]\.more_likely_when\[0\]\.fact is 'gradient",
        ),
        ("at_most = 0", "at_least = 1, at_most = 0", r"at_most is 0\.0; expected a number of 1 or more"),
        ("at_most = 0", "above = 1, at_most = 0", r"at_most is 0\.0"),
        ("at_most = 0", "at_most = 'a'", r"at_most is 'a'; expected a finite number"),
        ("at_most = 0", "at_most = nan", "at_most is nan"),
        ("at_most = 0", "at_most = inf", "at_most is inf"),
        ("at_most = 0", "at_most = true", "at_most is True"),
        (", at_most = 0", "", "at_least is None; expected a number here"),
        ("at_most = 0", "at_mots = 0", "at_least is None"),
        ("at_most = 0", "at_most = 0, colour = 1", "unknown key 'causes.*colour'"),
        ("at_most = 0", 'one_of = ["a"]', "at_least is None"),
        (CONDITION, '{ fact = "objective", at_most = 0 }', r"one_of is \[\]; expected one or more of preference"),
        (CONDITION, '{ fact = "objective", one_of = ["gpt"] }', r"one_of\[0\] is 'gpt'; expected one of"),
        (CONDITION, '{ fact = "verdict on the gap", one_of = ["wide"] }', "expected one of widening, stable, closing"),
        (CONDITION, "", r"more_likely_when is \[\]; expected one condition or more"),
        (CONDITION, "3", r"more_likely_when\[0\] is 3; expected a table"),
        ("more_likely_when", "likely_when", "expected either more_likely_when or less_likely_when"),
        ("more_likely_when", f"less_likely_when = [{CONDITION}]\nmore_likely_when", "expected either"),
        ("[[causes.rules]]", "rules = 3\n[[look_alikes.rules]]", r"rules is 3; expected a list"),
    ],
)
def test_a_broken_rule_is_refused_with_the_file_and_the_key(old: str, new: str, said: str) -> None:
    assert old in WHOLE
    with pytest.raises(CatalogueError, match=rf"made_up\.toml: .*{said}"):
        parse_pattern("made_up.toml", WHOLE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('["step_drops"]', '["step_drop"]', r"present\[0\] is 'step_drop'"),
        ('["overfitting"]', '["healthy"]', r"not_with\[0\] is 'healthy'"),
        ('why = "a reason."', "", "why is None; expected a text"),
        ('"epochs"', '"epoch"', r"when\[0\]\.fact is 'epoch'"),
        ('present = ["step_drops"]\nwhen = [{ fact = "epochs", above = 1 }]', "", "or patterns under present"),
        ('unless = "a condition."', 'unless = "a condition."\nif = 3', "unknown key"),
    ],
)
def test_a_broken_entry_of_what_is_normal_is_refused(old: str, new: str, said: str) -> None:
    assert old in NORMAL
    with pytest.raises(CatalogueError, match=rf"benign\.toml: .*{said}"):
        parse_benign("benign.toml", NORMAL.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('of = "run"', 'of = "all"', "of is 'all'"),
        ('unit = "%"', 'unit = "percent"', "unit is 'percent'"),
        ("it is {}", "it is so", "a clause with {}"),
        ('meaning = "A meaning."', 'meaning = "A meaning."\ntold = 1', "told is 1; expected true or false"),
        ('meaning = "A meaning."', 'meaning = "A meaning."\nunknown = "so"', "needs is None"),
        ("[[fact]]", FACT + "[[fact]]", "name is 'a fact'; expected a name that no other fact has"),
    ],
)
def test_a_broken_registry_of_facts_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(CatalogueError, match=rf"facts\.toml: .*{re.escape(said)}"):
        parse_facts("facts.toml", FACT.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [('["uno"]', '["one"]', "the name 'one' stands twice"), ("metrics", "metric", "metrics is None")],
)
def test_a_broken_table_of_objectives_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(CatalogueError, match=rf"objectives\.toml: .*{said}"):
        parse_objectives("objectives.toml", OBJECTIVE.replace(old, new))


def test_metrics_joined_by_a_plus_count_only_together() -> None:
    assert parse_objectives("objectives.toml", OBJECTIVE)[0].metrics == (("a", "b"), ("c",))


@pytest.mark.parametrize(
    ("bounds", "value", "held"),
    [
        ({"at_least": 1.0}, 1.0, True),
        ({"above": 1.0}, 1.0, False),
        ({"above": 1.0}, 1.1, True),
        ({"at_most": 1.0}, 1.0, True),
        ({"at_most": 1.0}, 1.1, False),
        ({"at_least": 1.0, "at_most": 2.0}, 2.5, False),
        ({"at_most": 1.0}, None, None),
    ],
)
def test_a_condition_holds_within_its_bounds_and_is_open_where_nothing_is_known(
    bounds: dict[str, float], value: float | None, held: bool | None
) -> None:
    condition = Condition(fact=NORM, **bounds)  # type: ignore[arg-type]  # numbers, whichever the keys
    assert condition.holds(lookup({NORM: value})) is held


def test_what_is_unknown_makes_no_rule_true() -> None:
    rule = Rule(more=True, conditions=(Condition(fact=NORM, at_most=1.0), Condition(fact="epochs", above=0.0)))
    assert rule.holds(lookup({NORM: 0.5, "epochs": 1.0}))
    assert not rule.holds(lookup({NORM: 0.5}))


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Condition(fact=NORM, at_most=0.0), "the gradient norm is 0 in the median"),
        (Condition(fact=NORM, at_most=1e-6), "the gradient norm is at most 1e-6 in the median"),
        (Condition(fact=NORM, at_least=0.5, at_most=2.0), "the gradient norm is 0.5 to 2 in the median"),
        (Condition(fact="clipped steps", above=50.0), "the share of clipped steps is above 50 %"),
        (Condition(fact="objective", one_of=("GAN", "density")), "the objective is GAN or density"),
    ],
)
def test_a_condition_is_said_in_words(condition: Condition, words: str) -> None:
    assert condition.words() == words


def test_the_reason_is_what_was_measured_each_fact_once() -> None:
    asked = [
        Condition(fact=NORM, at_most=1.0),
        Condition(fact=NORM, at_least=0.0),
        Condition(fact="logging interval", at_least=1),
    ]
    said = because(asked, lookup({NORM: 0.0, "logging interval": 18400.0}))
    assert said == "the gradient norm is 0 in the median and the steps between two logged train losses are 18,400"


def test_patterns_have_rules_wherever_another_channel_discriminates() -> None:
    without = {pattern.name for pattern in assessable() if not any(cause.rules for cause in pattern.causes)}
    assert without == {"dead_class"}


def test_every_rule_is_said_on_the_page_and_in_the_text() -> None:
    page = patterns_markdown()
    for pattern in assessable():
        text = " ".join(render_pattern(pattern).split())
        for rule in rules_of(pattern):
            assert rule.words() in page
            assert rule.words() in text


def test_a_fact_around_an_onset_is_there_because_a_rule_asks_for_it() -> None:
    assert {fact.name for fact in facts().values() if fact.of == "onset"} <= {each.fact for each in conditions()}


def test_what_is_normal_asks_only_for_facts_of_the_run() -> None:
    assert {facts()[each.fact].of for entry in benign() for each in entry.when} == {"run"}


def test_what_is_normal_reads_on_from_its_two_phrases() -> None:
    entries: tuple[Benign, ...] = benign()
    assert len({entry.title for entry in entries}) == len(entries) >= 10
    for entry in entries:
        for text in (entry.why, entry.unless):
            assert text[0].islower() or text.startswith("fp16")
            assert text.endswith(".")
