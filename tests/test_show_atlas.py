"""The atlas is one page that needs nothing else, tells all of the catalogue, and moves with its sliders."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curvedx.catalogue import HEALTHY, Cause, LookAlike, Pattern, patterns
from curvedx.cli.main import run
from curvedx.errors import CurvedxError, MissingExtraError
from curvedx.show.atlas import drawing, page, sliders, write_atlas
from curvedx.show.atlas.benign import BENIGN, look_alikes
from curvedx.show.atlas.picture import FINEST, LETTERS, MAIN, path, pictures

EVIL = "</script><script>alert('x')</script>&\"'"
LARGEST = 1_500_000
VOID = {"meta", "input", "br"}
NAMES = list(patterns())
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

Attributes = dict[str, str]


class Page(HTMLParser):
    """What a page holds, by element; fails where a tag closes another than the last opened one."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, Attributes]] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[Attributes]:
        return [attributes for name, attributes in self.seen if name == tag]

    def values(self, *keys: str) -> list[str]:
        return [attributes[key] for _, attributes in self.seen for key in keys if key in attributes]


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("atlas") / "atlas.html"
    write_atlas(out)
    return out.read_text(encoding="utf-8")


@cache
def sections(html: str) -> dict[str, str]:
    return dict(re.findall(r'<section id="(\w+)"(.*?)</section>', html, flags=re.DOTALL))


@cache
def data(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="curves">(.*?)</script>', html, flags=re.DOTALL)
    assert found
    loaded: dict[str, Any] = json.loads(found[1])
    return loaded


def lines(curves: dict[str, Any], frame: list[Any]) -> list[str]:
    """Write the lines of a frame as the page's script does."""
    return [path(curves["strings"][x], curves["strings"][y]) for x, y in zip(frame[0], frame[1], strict=True)]


def frame_at(curves: dict[str, Any], name: str, places: list[int]) -> list[Any]:
    story = curves["stories"][name]
    found: list[Any] = story["frames"][np.ravel_multi_index(places, story["counts"])]
    return found


def test_the_page_is_well_formed_and_takes_nothing_from_elsewhere(html: str) -> None:
    seen = Page(html)
    assert not {"link", "img", "iframe", "object", "embed", "base"} & {tag for tag, _ in seen.seen}
    assert all(target.startswith("#") for target in seen.values("href", "src", "action", "data"))
    assert not [key for _, attributes in seen.seen for key in attributes if key.startswith("on")]
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in seen.values("content")[0]


def test_every_reference_leads_to_one_element_of_the_page(html: str) -> None:
    seen = Page(html)
    ids = seen.values("id")
    assert len(ids) == len(set(ids))
    assert {target.removeprefix("#") for target in seen.values("href", "for", "aria-labelledby")} <= set(ids)


def test_the_page_stays_small(html: str) -> None:
    assert len(html.encode()) < LARGEST


def test_every_pattern_has_a_section_and_a_link_to_it(html: str) -> None:
    assert set(sections(html)) == set(NAMES)
    nav = html[html.index("<nav") : html.index("</nav>")]
    assert sorted(re.findall(r'href="#(\w+)"><svg', nav)) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_section_tells_everything_the_catalogue_says(html: str, name: str) -> None:
    pattern, section = patterns()[name], sections(html)[name]
    told = [pattern.title, pattern.symptom, pattern.definition, *pattern.fixes, *pattern.references]
    told += [text for cause in pattern.causes for text in (cause.cause, cause.check)]
    told += [alike.tell for alike in pattern.look_alikes]
    told += [alike.name for alike in pattern.look_alikes if alike.name not in patterns()]
    assert not [text for text in told if escape(text) not in section]
    assert all(f"<code>{need.rstrip('/')}</code>" in section for need in pattern.needs)
    assert name == HEALTHY or f'<b class="{pattern.severity}">{pattern.severity}</b>' in section


@pytest.mark.parametrize("name", NAMES)
def test_each_look_alike_that_can_be_drawn_stands_beside_the_pattern(html: str, name: str) -> None:
    pairs = re.findall(r'<use href="#curve-(\w+)"/>.*?<use href="#curve-([\w-]+)"/>', sections(html)[name])
    section, names = sections(html)[name], [alike.name for alike in patterns()[name].look_alikes]
    drawn = [other for other in names if other in patterns() or f"no pattern: {other}" in section]
    assert [(left, right.partition("-")[0]) for left, right in pairs] == [
        (name, other if other in patterns() else "alike") for other in drawn
    ]
    assert {other for other in drawn if other not in patterns()} <= {other for own, other in BENIGN if own == name}


def test_every_look_alike_that_is_no_pattern_is_one_of_the_catalogue_and_shows_none() -> None:
    told = {(pattern.name, alike.name) for pattern in patterns().values() for alike in pattern.look_alikes}
    assert set(BENIGN) <= told
    found = look_alikes(0)
    # A few are rare among the draws of one seed; what is not found is told in words.
    assert len(found) > 0.7 * len(BENIGN)
    assert not [key for key, story in found.items() if story.first.present()]


def test_every_picture_has_words_for_those_who_do_not_see_it(html: str) -> None:
    for picture in Page(html).all("svg"):
        hidden = picture.get("aria-hidden") == "true"
        assert hidden or (picture["role"] == "img" and "goes from" in picture["aria-label"])


@pytest.mark.parametrize("name", NAMES)
def test_without_a_script_the_typical_curve_is_drawn(html: str, name: str) -> None:
    curves = data(html)
    section = sections(html)[name]
    frame = frame_at(curves, name, curves["stories"][name]["typical"])
    assert re.findall(r'data-line d="([^"]*)"', section) == lines(curves, frame)
    assert escape(curves["strings"][frame[5]]) in section
    assert '<div class="controls" role="group" aria-label="Change the curve" hidden>' in section


@pytest.mark.parametrize("name", [name for name in NAMES if patterns()[name].ranges])
def test_every_combination_of_the_sliders_is_drawn(html: str, name: str) -> None:
    curves, own = data(html), sliders.sliders(patterns()[name])
    story = curves["stories"][name]
    assert story["counts"] == [len(slider.values) for slider in own]
    assert len(story["frames"]) == math.prod(story["counts"])
    assert 1 <= len(own) <= 3
    inputs = [i for i in Page(html).all("input") if i["id"].startswith(f"{name}-")]
    assert [i["id"] for i in inputs] == [f"{name}-{slider.name}" for slider in own]
    assert [int(i["max"]) + 1 for i in inputs] == story["counts"]
    # Each slider changes the curve, and at some place of the sliders the pattern is not clearly there.
    for number in range(len(own)):
        ends = [[*story["typical"]] for _ in range(2)]
        ends[0][number], ends[1][number] = 0, story["counts"][number] - 1
        assert lines(curves, frame_at(curves, name, ends[0])) != lines(curves, frame_at(curves, name, ends[1]))


def test_moving_a_slider_to_its_least_end_makes_the_pattern_go(html: str) -> None:
    curves = data(html)
    turn, rise = curves["stories"]["overfitting"]["typical"]
    said = [curves["strings"][frame_at(curves, "overfitting", [turn, at])[5]] for at in (0, rise)]
    assert said[0] == "By its definition it is not present."
    assert re.fullmatch(r"By its definition it is clearly present\. Begins at step \d+\.", said[1])


@pytest.mark.parametrize("name", NAMES)
def test_every_pattern_is_clearly_present_alone_and_begins_somewhere(html: str, name: str) -> None:
    curves = data(html)
    frame = frame_at(curves, name, curves["stories"][name]["typical"])
    said = curves["strings"][frame[5]]
    assert said.startswith("No problem is present." if name == HEALTHY else "By its definition it is clearly present.")
    assert "Also" not in said
    assert bool(frame[3]) == (name != HEALTHY)


def test_a_line_keeps_the_shape_of_what_was_drawn() -> None:
    story = drawing.story(patterns()["flat_line"], 0)
    picture = list(pictures(story))[list(story.frames).index(story.typical)]
    (steps, values), line = story.first.curve["train_loss"], picture.lines[0]

    def pixels(code: str) -> Any:
        digits = np.array([LETTERS.index(letter) for letter in code]).reshape(-1, 2)
        return (64 * digits[:, 0] + digits[:, 1]) / FINEST

    assert np.allclose(np.polyval(np.polyfit(steps, pixels(line.x), 1), steps), pixels(line.x), atol=0.1)
    # A linear axis stands on zero.
    heights = (MAIN[1] - pixels(line.y)) / values
    assert np.allclose(heights, heights[0], rtol=0.002)


def test_a_value_that_is_not_finite_breaks_the_line() -> None:
    assert path("AAAHAOAVAc", "AAAH..AHAO") == "M0.0 0.0L1.0 1.0M3.0 1.0L4.0 2.0"


def test_a_pattern_without_chosen_sliders_moves_its_first_two_ranges() -> None:
    new = replace(patterns()["plateau"], name="never_seen")
    assert [slider.name for slider in sliders.sliders(new)] == list(new.ranges)[:2]


@pytest.mark.parametrize("name", sorted(sliders.MAIN))
def test_every_chosen_slider_is_a_range_of_its_pattern(name: str) -> None:
    assert {main.name for main in sliders.MAIN[name]} <= set(patterns()[name].ranges)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.3, "run", "30 % of the run"),
        (5.0, "count", "5"),
        (1200.0, "times", "1,200 times"),
        (0.0042, "share", "0.42 %"),
    ],
)
def test_values_read_as_a_person_would_say_them(value: float, unit: sliders.Unit, said: str) -> None:
    assert sliders.reads(value, unit) == said


@pytest.fixture(scope="module")
def plateau() -> drawing.Story:
    return drawing.story(patterns()["plateau"], 0)


def rendered(story: drawing.Story, pattern: Pattern) -> str:
    return page.render([page.tell(replace(story, pattern=pattern))])


def test_every_text_of_a_pattern_is_escaped(plateau: drawing.Story) -> None:
    evil = replace(
        plateau.pattern,
        title=EVIL,
        symptom=EVIL,
        definition=EVIL,
        look_alikes=(LookAlike(name=EVIL, tell=EVIL), LookAlike(name="plateau", tell=EVIL)),
        causes=(Cause(cause=EVIL, check=EVIL),),
        fixes=(EVIL,),
        references=(EVIL,),
    )
    alikes = {("plateau", EVIL): page.tell(plateau, "alike-0", EVIL)}
    foul = Page(page.render([page.tell(replace(plateau, pattern=evil))], alikes))
    fair = Page(rendered(plateau, plateau.pattern))
    assert foul.values("aria-label").count(f"{EVIL}. {page.tell(plateau).described}") == 5
    assert len(foul.all("script")) == len(fair.all("script")) == 2


def test_no_text_ends_the_element_of_the_curves(plateau: drawing.Story) -> None:
    evil = replace(plateau.sliders[0], texts=(EVIL,) * len(plateau.sliders[0].texts))
    story = replace(plateau, sliders=(evil, *plateau.sliders[1:]))
    assert data(rendered(story, story.pattern))["stories"]["plateau"]["texts"][0][0] == EVIL


def test_the_same_seed_gives_the_same_page_and_another_seed_another(plateau: drawing.Story) -> None:
    again, other = (drawing.story(plateau.pattern, seed) for seed in (0, 1))
    assert rendered(again, plateau.pattern) == rendered(plateau, plateau.pattern)
    assert rendered(other, plateau.pattern) != rendered(plateau, plateau.pattern)


@pytest.mark.parametrize("name", ["plateau", HEALTHY])
def test_a_pattern_that_no_draw_shows_clearly_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(drawing, "TRIES", 0)
    with pytest.raises(CurvedxError, match=f"{name}: none of 0 draws .*; choose another seed"):
        drawing.story(patterns()[name], 0)


def test_without_the_generators_libraries_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "curvedx.synth.draw", None)
    with pytest.raises(MissingExtraError, match=r"curvedx\[train\]"):
        drawing.story(patterns()["plateau"], 0)


def test_the_command_writes_the_page_and_prints_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], plateau: drawing.Story
) -> None:
    monkeypatch.setattr(page, "look_alikes", lambda _seed: {})
    monkeypatch.setattr(page, "story", lambda pattern, _seed: replace(plateau, pattern=pattern))
    out = tmp_path / "new" / "atlas.html"
    assert run(["atlas", "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert said.out == f"{out}\n"
    assert said.err.split() == ["healthy", *(name for name in NAMES if name != HEALTHY)]
    assert out.read_text().startswith("<!doctype html>")
    assert run(["atlas", "--out", str(out / "below")]) == 2
    assert "cannot be written" in capsys.readouterr().err


WATCHED = """
<script>
addEventListener("load", () => {
  const shown = () => [...document.querySelectorAll("main section")]
    .filter((section) => getComputedStyle(section).display !== "none").map((section) => section.id);
  const told = { first: shown() };
  document.querySelector("nav a[href='#overfitting']").click();
  setTimeout(() => {
    told.clicked = shown();
    told.focus = document.activeElement.id;
    const slider = document.querySelector("#overfitting-rise");
    slider.value = 0;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const section = document.querySelector("section.shown");
    told.state = section.querySelector(".state").textContent;
    told.lines = [...section.querySelectorAll("[data-line]")].map((line) => line.getAttribute("d"));
    told.valuetext = slider.getAttribute("aria-valuetext");
    const link = document.querySelector("nav a[aria-current]");
    link.focus();
    link.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
    told.arrow = shown();
    told.arrowFocus = document.activeElement.hash;
    told.tabStops = document.querySelectorAll("nav a[tabindex='0']").length;
    told.wide = document.documentElement.scrollWidth <= innerWidth;
    const out = document.createElement("pre");
    out.id = "told";
    out.textContent = JSON.stringify(told);
    document.body.append(out);
  }, 300);
});
</script></body></html>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH; the page is checked by parsing all the same")
def test_in_a_browser_a_click_a_slider_and_an_arrow_key_do_what_they_promise(html: str, tmp_path: Path) -> None:
    file = tmp_path / "atlas.html"
    file.write_text(html.replace("</body></html>", WATCHED))
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [str(CHROMIUM), *options, "--virtual-time-budget=5000", "--dump-dom", file.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout  # noqa: S603 - our own page
    found = re.search(r'<pre id="told">(.*?)</pre>', dom)
    assert found
    told = json.loads(found[1])
    curves = data(html)
    story = curves["stories"]["overfitting"]
    frame = frame_at(curves, "overfitting", [story["typical"][0], 0])
    assert told["first"] == [HEALTHY]
    assert (told["clicked"], told["focus"]) == (["overfitting"], "overfitting-title")
    assert told["state"] == curves["strings"][frame[5]] == "By its definition it is not present."
    assert told["lines"] == lines(curves, frame)
    assert told["valuetext"] == story["texts"][1][0]
    assert (told["arrow"], told["arrowFocus"]) == (["oscillation"], "#oscillation")
    assert told["tabStops"] == 1
    assert told["wide"]
