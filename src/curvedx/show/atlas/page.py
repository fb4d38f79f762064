"""The page itself: sections that stand without a script, and what the script needs to move them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

from curvedx.catalogue import HEALTHY, Pattern, patterns
from curvedx.errors import CurvedxError
from curvedx.show.atlas import picture as drawn
from curvedx.show.atlas.benign import look_alikes
from curvedx.show.atlas.drawing import Story, story
from curvedx.show.atlas.picture import Panels, Picture
from curvedx.show.svg import BROKEN, TRAIN, VALIDATION

TITLE = "Atlas of loss curves"
_KEPT_OUT = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""The browser itself refuses whatever the page would load from elsewhere."""

_GROUPS = ((HEALTHY, "As it should be"), ("problem", "Problems, gravest first"), ("note", "Worth knowing"))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One pattern, or one look-alike that is none, drawn."""

    key: str
    """Names its curve on the page."""
    title: str
    story: Story
    panels: Panels
    pictures: tuple[Picture, ...]
    described: str

    @property
    def pattern(self) -> Pattern:
        """What the catalogue says."""
        return self.story.pattern

    @property
    def first(self) -> Picture:
        """The picture of the typical draw."""
        return self.pictures[list(self.story.frames).index(self.story.typical)]


def write_atlas(path: str | PathLike[str], *, seed: int = 0, progress: Callable[[str], None] | None = None) -> None:
    """Write the atlas of all patterns as one HTML file.

    Every curve is drawn by the generator that the released model was trained on, with a fixed seed. The file needs
    nothing else: no network, no other file; without a script it shows all patterns one below the other.

    Parameters
    ----------
    path
        The HTML file.
    seed
        Another seed shows other runs of the same patterns.
    progress
        Called with the name of each pattern once it is drawn.

    Raises
    ------
    CurvedxError
        If the file cannot be written, or a pattern cannot be drawn with this seed.
    MissingExtraError
        If what the generator needs is not installed.
    """
    told = []
    for pattern in _in_order():
        told.append(tell(story(pattern, seed)))
        if progress is not None:
            progress(pattern.name)
    page = render(told, benign(seed))
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(page, encoding="utf-8")
    except OSError as error:
        raise CurvedxError(f"{path}: cannot be written ({error.strerror or error}); choose another file") from error


def _in_order() -> list[Pattern]:
    return [pattern for kind, _ in _GROUPS for pattern in patterns().values() if pattern.kind == kind]


def benign(seed: int) -> dict[tuple[str, str], Entry]:
    """Draw the look-alikes that are no pattern, by pattern and name."""
    drawn_ones = look_alikes(seed).items()
    return {names: tell(one, f"alike-{n}", names[1]) for n, (names, one) in enumerate(drawn_ones)}


def tell(one: Story, key: str = "", title: str = "") -> Entry:
    """Draw every frame of a story and put its typical one into words; it is called as its pattern unless told."""
    return Entry(
        key=key or one.pattern.name,
        title=title or one.pattern.title,
        story=one,
        panels=drawn.panels(one),
        pictures=tuple(drawn.pictures(one)),
        described=drawn.described(one),
    )


def render(entries: Sequence[Entry], alikes: Mapping[tuple[str, str], Entry] | None = None) -> str:
    """Write the page of some drawn patterns, and of look-alikes that are none, by pattern and name."""
    return "".join(_page({entry.key: entry for entry in entries}, alikes or {}))


def _page(entries: dict[str, Entry], alikes: Mapping[tuple[str, str], Entry]) -> Iterator[str]:
    palette = f":root{{--train:{TRAIN};--validation:{VALIDATION};--broken:{BROKEN}}}\n"
    yield f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_KEPT_OUT}">\n'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
    yield f"<style>\n{palette}{_part('atlas.css')}</style></head>\n<body>"
    yield '<a class="skip" href="#pattern">Skip to the pattern</a>'
    yield f"<header><h1>{TITLE}</h1><p>What a run's curves look like when something is wrong, or only looks wrong, "
    yield "and what to do about it. Choose a pattern.</p></header>\n"
    yield '<svg class="defs" aria-hidden="true"><defs>'
    small = {entry.key: entry for entry in (*entries.values(), *alikes.values())}
    yield from (f'<g id="curve-{key}">{_lines(entry.first, entry.panels)}</g>' for key, entry in small.items())
    yield '</defs></svg>\n<div class="atlas">'
    yield from _nav(entries)
    yield '<main id="pattern">\n'
    for entry in entries.values():
        yield from _section(entry, {**{(entry.key, name): other for name, other in entries.items()}, **alikes})
    yield f'</main></div>\n<script type="application/json" id="curves">{_data(entries)}</script>\n'
    yield f"<script>\n{_part('atlas.js')}</script></body></html>\n"


def _part(name: str) -> str:
    return files("curvedx.show.atlas").joinpath(name).read_text(encoding="utf-8")


def _nav(entries: dict[str, Entry]) -> Iterator[str]:
    yield '<nav aria-label="Patterns">'
    for kind, heading in _GROUPS:
        members = [entry for entry in entries.values() if entry.pattern.kind == kind]
        if not members:
            continue
        yield f"<h2>{heading}</h2><ul>"
        for entry in members:
            name, title = escape(entry.pattern.name), escape(entry.pattern.title)
            yield f'<li><a href="#{name}">{_mini(entry, hidden=True)}<span>{title}</span></a></li>'
        yield "</ul>"
    yield "</nav>\n"


def _section(entry: Entry, others: Mapping[tuple[str, str], Entry]) -> Iterator[str]:
    pattern = entry.pattern
    name, title = escape(pattern.name), escape(pattern.title)
    alt = escape(f"{pattern.title}. {entry.described}")
    yield f'<section id="{name}" aria-labelledby="{name}-title" data-title="{title}" data-alt="{alt}">'
    yield f'<h2 id="{name}-title" tabindex="-1">{title}</h2><ul class="facts">'
    yield f"<li><code>{name}</code></li>"
    if pattern.kind != HEALTHY:
        yield f'<li>{pattern.kind}</li><li>severity <b class="{pattern.severity}">{pattern.severity}</b></li>'
    yield f"<li>needs {', '.join(map(_need, pattern.needs))}</li></ul>"
    yield f"<p>{escape(pattern.symptom)}</p><figure>{_plot(entry, alt)}"
    yield f"<figcaption>{_key(entry)}</figcaption></figure>"
    yield f'<p class="state" role="status">{escape(entry.first.state)}</p>'
    yield from _controls(entry)
    yield f"<h3>What counts as {'healthy' if pattern.kind == HEALTHY else 'this pattern'}</h3>"
    yield f"<p>{escape(pattern.definition)}</p>"
    yield from _look_alikes(entry, others)
    if pattern.causes:
        yield "<h3>Why, most likely first</h3>" if pattern.kind != HEALTHY else "<h3>What is normal in it</h3>"
        causes = (
            f'<li>{escape(one.cause)} <span class="check faint">To check: {escape(one.check)}</span></li>'
            for one in pattern.causes
        )
        yield f'<ol class="causes">{"".join(causes)}</ol>'
    if pattern.fixes:
        yield f"<h3>What to do</h3><ol>{_items(pattern.fixes)}</ol>"
    if pattern.references:
        yield f'<h3>Read more</h3><ul class="faint">{_items(pattern.references)}</ul>'
    yield "</section>\n"


def _need(channel: str) -> str:
    family = " (of two or more)" if channel.endswith("/") else ""
    return f"<code>{escape(channel.rstrip('/'))}</code>{family}"


def _items(said: Sequence[str]) -> str:
    return "".join(f"<li>{escape(one)}</li>" for one in said)


def _look_alikes(entry: Entry, others: Mapping[tuple[str, str], Entry]) -> Iterator[str]:
    told = [(alike, others.get((entry.key, alike.name))) for alike in entry.pattern.look_alikes]
    if any(other for _, other in told):
        yield '<h3>Looks alike</h3><ul class="alikes">'
        yield from (f"<li>{_pair(entry, other)}<p>{escape(alike.tell)}</p></li>" for alike, other in told if other)
        yield "</ul>"
    if not all(other for _, other in told):
        yield "<h3>Easily mistaken for it, though no pattern</h3><ul>"
        yield from (f"<li><b>{escape(a.name)}</b>: {escape(a.tell)}</li>" for a, other in told if not other)
        yield "</ul>"


def _pair(entry: Entry, other: Entry) -> str:
    title = escape(other.title)
    is_pattern = other.key == other.pattern.name
    said = f'<a href="#{escape(other.key)}">{title}</a>' if is_pattern else f"no pattern: {title}"
    return (
        f'<div class="pair"><figure>{_mini(entry)}<figcaption>{escape(entry.title)}</figcaption></figure>'
        f"<figure>{_mini(other)}<figcaption>{said}</figcaption></figure></div>"
    )


def _mini(entry: Entry, *, hidden: bool = False) -> str:
    seen = f'role="img" aria-label="{escape(f"{entry.title}. {entry.described}")}"'
    box = f"40 10 {drawn.WIDTH - 40:.0f} {entry.panels.height - 26:.0f}"
    # In the list of patterns the name beside it says what it is.
    seen = 'aria-hidden="true"' if hidden else seen
    return f'<svg class="mini" viewBox="{box}" {seen}><use href="#curve-{escape(entry.key)}"/></svg>'


def _plot(entry: Entry, alt: str) -> str:
    picture, panels = entry.first, entry.panels
    bottom = panels.height - 8
    texts = [
        _text(drawn.LEFT, bottom, panels.steps[0]),
        _text(drawn.WIDTH - drawn.RIGHT, bottom, panels.steps[1], "end"),
    ]
    ends = iter(picture.ends)
    for title, (top, below) in zip(panels.titles, _places(panels), strict=False):
        texts.append(_text(drawn.LEFT, top - 10, title))
        texts.append(_text(drawn.LEFT - 6, top + 8, next(ends), "end", " data-end"))
        texts.append(_text(drawn.LEFT - 6, below, next(ends), "end", " data-end"))
    box = f"0 0 {drawn.WIDTH:.0f} {panels.height:.0f}"
    inside = _lines(picture, panels) + "".join(texts)
    return f'<svg class="plot" viewBox="{box}" role="img" aria-label="{alt}">{inside}</svg>'


def _places(panels: Panels) -> tuple[tuple[float, float], ...]:
    return (drawn.MAIN, drawn.BESIDE)[: len(panels.titles)]


def _lines(picture: Picture, panels: Panels) -> str:
    """Draw axes and lines, without any text: what small and large pictures share."""
    right = drawn.WIDTH - drawn.RIGHT
    places = _places(panels)
    axes = "".join(f"M{drawn.LEFT} {top}V{bottom}H{right}" for top, bottom in places)
    lines = "".join(f'<path class="{one.look}" data-line d="{drawn.path(one.x, one.y)}"/>' for one in picture.lines)
    onsets = "".join(f"M{x} {top}V{bottom}" for x in picture.onsets for top, bottom in places)
    gaps = "".join(f"M{a} {places[0][0] - 5}H{max(b, a + 3)}" for a, b in picture.gaps)
    return f'<path class="axis" d="{axes}"/><path class="onset" d="{onsets}"/>{lines}<path class="gap" d="{gaps}"/>'


def _text(x: float, y: float, said: str, anchor: str = "start", more: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{more}>{escape(said)}</text>'


def _key(entry: Entry) -> str:
    known = {line.look: line.name for line in reversed(entry.first.lines)}
    looks = [(line.look, line.name) for line in entry.first.lines if line.look != "other"]
    if "other" in known:
        several = sum(line.look == "other" for line in entry.first.lines) > 1
        looks.append(("other", "the other classes" if several else known["other"]))
    if entry.first.onsets:
        looks.append(("onset", "where it begins"))
    if entry.first.gaps:
        looks.append(("gap", "not finite"))
    samples = (
        f'<li><svg viewBox="0 0 32 10" aria-hidden="true"><path class="{look}" d="M0 5H32"/></svg>{escape(name)}</li>'
        for look, name in looks
    )
    return f'<ul class="key">{"".join(samples)}</ul>'


def _controls(entry: Entry) -> Iterator[str]:
    own = entry.story.sliders
    if not own:
        return
    yield '<div class="controls" role="group" aria-label="Change the curve" hidden>'
    for slider, place in zip(own, entry.story.typical, strict=True):
        key = f"{escape(entry.pattern.name)}-{escape(slider.name)}"
        yield f'<div><label for="{key}">{escape(slider.words)}</label>'
        yield f'<input type="range" id="{key}" min="0" max="{len(slider.values) - 1}" step="1" value="{place}" '
        yield f'aria-valuetext="{escape(slider.texts[place])}">'
        yield f'<output for="{key}">{escape(slider.texts[place])}</output></div>'
    yield '<button type="button">Back to the typical curve</button></div>'


def _data(entries: dict[str, Entry]) -> str:
    """Write every frame of every pattern; texts and lines that recur stand once."""
    place: dict[str, int] = {}

    def at(said: str) -> int:
        return place.setdefault(said, len(place))

    stories: dict[str, Any] = {}
    for name, entry in entries.items():
        stories[name] = {
            "counts": [len(slider.values) for slider in entry.story.sliders],
            "typical": list(entry.story.typical),
            "texts": [list(slider.texts) for slider in entry.story.sliders],
            "frames": [
                [
                    [at(line.x) for line in one.lines],
                    [at(line.y) for line in one.lines],
                    [at(end) for end in one.ends],
                    one.onsets,
                    one.gaps,
                    at(one.state),
                ]
                for one in entry.pictures
            ],
        }
    data = {
        "letters": drawn.LETTERS,
        "gap": drawn.GAP,
        "finest": drawn.FINEST,
        "panels": [drawn.MAIN, drawn.BESIDE],
        "strings": list(place),
        "stories": stories,
    }
    # A "</script>" in a text would end the element.
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
