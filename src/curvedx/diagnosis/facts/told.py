"""The facts of a run as results: what is known, each with its unit and the clause that says it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from curvedx.diagnosis.facts.known import GUESSED, OBJECTIVE, Facts
from curvedx.diagnosis.result import RunFact
from curvedx.objectives import meaning
from curvedx.rules import Fact, Value, facts


def run_facts(known: Facts) -> tuple[RunFact, ...]:
    """Return the facts of a run in the order of `synth/facts.toml`.

    What is unknown is left out, but for facts that have something to say then: these have no value.
    """
    with np.errstate(all="ignore"):
        return tuple(_run_facts(known))


def _run_facts(known: Facts) -> Iterator[RunFact]:
    for fact in facts().values():
        if fact.of != "run":
            continue
        value = known.of(fact.name)
        if value is not None:
            yield RunFact(
                name=fact.name, value=value, unit=fact.unit, sentence=_said(fact, value, known), told=fact.told
            )
        elif fact.unknown and known.ground.tracks.curve.get(fact.needs) is not None:
            yield RunFact(name=fact.name, value=None, unit=fact.unit, sentence=fact.unknown, told=False)


def _said(fact: Fact, value: Value, known: Facts) -> str:
    said = fact.said(value)
    if fact.name != OBJECTIVE:
        return said
    guessed = known.of(GUESSED)
    return f"{said}{f', guessed from the metric {guessed!r}' if guessed else ''}: {meaning(str(value))}"
