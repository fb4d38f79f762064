"""The catalogue as the page of definitions, `docs/patterns.md`.

After a change of the catalogue write the page anew from the top of the checkout:
``python -m curvedx.show.catalogue_page > docs/patterns.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from curvedx.assets import asset
from curvedx.catalogue import FOLDER, Kind, Pattern, patterns

_SECTIONS: tuple[tuple[Kind, str], ...] = (
    ("problem", "Problems"),
    ("note", "Notes: worth knowing, not problems"),
    ("healthy", "Healthy"),
)


def patterns_markdown() -> str:
    """Write what every label means, as Markdown.

    The words and axes come from `synth/patterns/README.md`, everything else from the files beside it.

    Returns
    -------
    str
        The whole page, ending in a line break. `docs/patterns.md` is this text and nothing else.
    """
    preamble = asset(f"{FOLDER}/README.md").read_text(encoding="utf-8").strip()
    return "\n".join([preamble, *_overview(), *_sections()]) + "\n"


def _overview() -> Iterator[str]:
    yield from ("", "## All labels, gravest first", "")
    yield "| rank | label | title | kind | severity | needs |"
    yield "| ---: | --- | --- | --- | --- | --- |"
    for p in patterns().values():
        yield f"| {p.rank} | [`{p.name}`](#{p.name}) | {_cell(p.title)} | {p.kind} | {p.severity} | {_needs(p)} |"


def _sections() -> Iterator[str]:
    for kind, heading in _SECTIONS:
        yield from ("", f"## {heading}")
        for pattern in patterns().values():
            if pattern.kind == kind:
                yield from _entry(pattern)


def _entry(pattern: Pattern) -> Iterator[str]:
    yield from ("", f"### {pattern.name}", "", f"**{pattern.title}.** {pattern.symptom}", "")
    yield f"*Definition.* {pattern.definition}"
    yield from ("", "| looks alike | how to tell |", "| --- | --- |")
    for alike in pattern.look_alikes:
        name = f"[`{alike.name}`](#{alike.name})" if alike.name in patterns() else _cell(alike.name)
        yield f"| {name} | {_cell(alike.tell)} |"
    yield from _rules(pattern)


def _rules(pattern: Pattern) -> Iterator[str]:
    """Write the causes and, below each, what in a run moves it up or down."""
    if pattern.causes:
        yield from ("", "Causes, most likely first, and what in a run changes their order:", "")
    for number, cause in enumerate(pattern.causes, 1):
        yield f"{number}. {cause.cause}"
        yield from (f"   - {rule.words()}" for rule in cause.rules)
    moved = [(alike, rule) for alike in pattern.look_alikes for rule in alike.rules]
    if moved:
        yield ""
        yield from (f"Look-alike *{alike.name.replace('_', ' ')}*: {rule.words()}.  " for alike, rule in moved)


def _needs(pattern: Pattern) -> str:
    return ", ".join(f"`{need}`" + (" (two or more)" if need.endswith("/") else "") for need in pattern.needs)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    sys.stdout.write(patterns_markdown())
