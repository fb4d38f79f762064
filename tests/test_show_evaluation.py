"""An evaluation as a page: self-contained, escaped, and with nothing left out of what was measured."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np

from curvedx.curve import Curve
from curvedx.evaluate.misjudged import misjudged
from curvedx.evaluate.predictions import Prediction, headline
from curvedx.evaluate.report import summarise
from curvedx.evaluate.scored import Scored
from curvedx.readers.labelled import LabelledRun
from curvedx.show.evaluation import LABEL_ROWS, ROWS, estimate, markdown, percent
from curvedx.show.evaluation_page import page
from curvedx.show.reliability import diagram
from test_show_html import EVIL, Balanced


def evaluated(count: int = 12, name: str = "run") -> dict[str, Any]:
    """Return what `compare` says of a model that takes every third run for overfitting."""
    channels: Any = {"train_loss": np.linspace(2.0, 1.0, 20)}
    runs = [
        LabelledRun(
            curve=Curve(channels, f"{name} {index}"),
            present=frozenset({"overfitting" if index % 2 else "healthy"}),
            grey=frozenset(),
            cluster=name,
            not_a_loss=False,
            onsets={},
        )
        for index in range(count)
    ]
    said = []
    for index in range(count):
        labels = frozenset({"overfitting"} if index % 3 == 0 else ())
        said.append(
            Prediction(
                labels=labels,
                unassessed=frozenset(),
                headline=headline(labels),
                confidence=0.05 + 0.08 * (index % 12),
                probabilities={"overfitting": 0.9 if labels else 0.2},
            )
        )
    return {
        "schema_version": 2,
        "model": "curvedx test",
        "runs": count,
        "clusters": 1,
        "not_a_loss": 0,
        "interval": "90 %",
        "systems": {"model": summarise(runs, said)},
        "ahead": {},
        "misjudged": misjudged(Scored.of(runs, said, seed=0)),
    }


def test_the_page_is_well_formed_and_holds_nothing_from_outside() -> None:
    for count in (0, 12):
        html = page(evaluated(count), "An evaluation").removeprefix("<!doctype html>")
        seen = Balanced(html.replace("<br>", "<br/>").replace('<meta charset="utf-8">', ""))
        assert "script" not in seen.tags
        assert not [value for key, value in seen.attributes if key in ("src", "href")]
    assert seen.tags.count("svg") == 2


def test_names_of_runs_and_files_are_text() -> None:
    html = page(evaluated(name=EVIL), EVIL)
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_the_page_shows_every_figure_the_confusion_and_each_misjudged_run() -> None:
    result = evaluated()
    html = page(result, "An evaluation")
    model = result["systems"]["model"]
    for title, show in ROWS:
        assert f'<th scope="row">{title}</th><td>{show(model)}</td>' in html
    for title, _ in LABEL_ROWS:
        assert f">{title}</th>" in html
    # Of 12 runs every second overfits and every third is said to.
    assert [model["headline"]["confusion"]["runs"]] == [[[2, 4], [2, 4]]]
    assert re.findall(r'<td class="(?:right|wrong)">(\d)', html) == ["2", "4", "2", "4"]
    assert len(result["misjudged"]) == html.count("<li><strong>") == 6
    assert "overfitting missed (20 %)" in html
    assert "overfitting wrongly named (90 %)" in html


def test_a_long_list_of_misjudged_runs_is_cut_and_says_so() -> None:
    result = evaluated()
    result["misjudged"] = result["misjudged"][:1] * 1003
    html = page(result, "An evaluation")
    assert html.count("<li><strong>") == 1000
    assert "and 3 more" in html


def test_a_diagram_puts_each_bin_where_it_was_said_and_came_true() -> None:
    bins = [
        {"low": 0.0, "high": 0.1, "count": 30, "said": 0.0, "true": 0.0},
        {"low": 0.9, "high": 1.0, "count": 15, "said": 1.0, "true": 1.0},
    ]
    tree = ET.fromstring(diagram(bins, said="said & done", true="true", alone=True))  # noqa: S314 - our own text
    kind = "{http://www.w3.org/2000/svg}"
    frame = tree.find(f"{kind}rect")
    assert frame is not None
    left, top, side = (float(frame.attrib[key]) for key in ("x", "y", "width"))
    circles = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in tree.iter(f"{kind}circle")]
    assert circles == [(left, top + side), (left + side, top)]
    bars = [float(bar.attrib["height"]) for bar in tree.findall(f"{kind}rect")[1:]]
    assert bars[0] == 2 * bars[1]
    texts = [text.text for text in tree.iter(f"{kind}text")]
    assert {"30", "15", "said & done", "true"} <= set(texts)


def test_a_diagram_without_counts_has_no_bars() -> None:
    assert diagram([{"said": 0.2, "true": 0.3, "share": 1.0}], said="a", true="b").count("<rect") == 1


def test_an_estimate_is_written_with_its_interval_and_nothing_where_it_cannot_be_said() -> None:
    assert estimate({"value": 0.5, "low": 0.25, "high": 1.0}) == "0.50 [0.25, 1.00]"
    assert estimate({"value": 0.015, "low": 0.01, "high": 0.02}, percent) == "1.5 % [1.0, 2.0]"
    assert estimate({"value": None, "low": None, "high": None}) == ""
    assert "| onset error, median |  |" in markdown(evaluated())
