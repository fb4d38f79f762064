"""The model's card: what it is, what was measured on curves held out, and pictures of its calibration and confusion."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from curvedx.curve import FloatArray
from curvedx.models.artefact import Artefact
from curvedx.models.calibration import true_headline
from curvedx.models.dataset import Rows
from curvedx.models.headline import PRESENT
from curvedx.models.runtime import Model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 10
"""Bins of a reliability diagram, each with an equal share of the curves."""

COVERAGE = 0.9

LIBRARIES = ("python", "numpy", "scikit-learn", "tsfresh", "onnx")


def measure(model: Model, rows: Rows, seed: int) -> dict[str, Any]:
    """Return figures on synthetic curves that were neither fitted nor calibrated on, as plain data."""
    strange = rows.degrees[:, -1] >= PRESENT
    strangeness = model.judge(rows.features, ~np.isnan(rows.patterns)).strangeness
    rows = rows.losses()
    verdicts = model.judge(rows.features, ~np.isnan(rows.patterns))
    truth = true_headline(rows.patterns, np.random.default_rng([seed, 1]))
    right = verdicts.chosen == truth
    scores = np.array(model.conformal)
    limit = scores[min(int(np.ceil((len(scores) + 1) * COVERAGE)) - 1, len(scores) - 1)]
    inside = 1.0 - verdicts.headline <= limit
    patterns = {
        name: _figures(verdicts.probabilities[:, column], rows.degrees[:, column])
        for column, name in enumerate(model.classes)
    }
    bins = _reliability(verdicts.confidence, right.astype(float))
    return {
        "curves": len(rows),
        "headline_accuracy": round(float(right.mean()), 4),
        "headline_ece": round(float(sum(b["share"] * abs(b["said"] - b["true"]) for b in bins)), 4),
        "coverage": round(float(inside[np.arange(len(truth)), truth].mean()), 4),
        "set_size": round(float(inside.sum(axis=1).mean()), 3),
        "no_loss_auroc": round(float(roc_auc_score(strange, strangeness)), 4),
        "losses_warned_of": round(float((verdicts.strangeness >= PRESENT).mean()), 4),
        "macro_f1": round(float(np.mean([p["f1"] for p in patterns.values()])), 4),
        "pattern": patterns,
        "reliability": bins,
        "confusion": _confusion(verdicts.chosen, truth, len(model.labels)).tolist(),
    }


def _figures(p: FloatArray, degrees: FloatArray) -> dict[str, Any]:
    known = ~np.isnan(degrees)
    said, true = p[known] >= PRESENT, degrees[known] >= PRESENT
    hits = int((said & true).sum())
    return {
        "seen": int(true.sum()),
        "precision": round(hits / max(int(said.sum()), 1), 4),
        "recall": round(hits / max(int(true.sum()), 1), 4),
        "f1": round(2 * hits / max(int(said.sum() + true.sum()), 1), 4),
        "brier": round(float(np.mean((p[known] - degrees[known]) ** 2)), 5),
    }


def _reliability(said: FloatArray, true: FloatArray) -> list[dict[str, float]]:
    order = np.argsort(said, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    return [
        {
            "said": round(float(said[part].mean()), 4),
            "true": round(float(true[part].mean()), 4),
            "share": round(len(part) / len(said), 4),
        }
        for part in parts
    ]


def _confusion(said: NDArray[np.intp], truth: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    table = np.zeros((count, count), dtype=np.intp)
    np.add.at(table, (truth, said), 1)
    return table


def write(out: Path, artefact: Artefact) -> None:
    """Write ``CARD.md``, ``reliability.svg`` and ``confusion.svg`` into the model's folder."""
    from curvedx.show.reliability import diagram  # noqa: PLC0415 - models must not import what renders them

    passport = artefact.passport
    measured = passport["measured"]
    labels = [*passport["classes"], "healthy"]
    picture = diagram(
        measured["reliability"], said="confidence of the headline", true="share that was right", alone=True
    )
    (out / "reliability.svg").write_text(picture + "\n", encoding="utf-8")
    _save(_draw_confusion(np.array(measured["confusion"]), labels), out / "confusion.svg")
    rows = "\n".join(
        f"| `{name}` | {p['seen']} | {p['precision']:.2f} | {p['recall']:.2f} | {p['f1']:.2f} | {p['brier']:.4f} |"
        for name, p in measured["pattern"].items()
    )
    made = passport["made"]
    text = f"""# Model card: {artefact.title}

One calibrated head of gradient-boosted trees for each of {len(labels) - 1} patterns, and one for what is no loss, on
{len(passport["features"])} features of a curve. It was made from {made["curves"]} synthetic curves
(seed {made["seed"]}: three fifths fitted on, one calibrated on, one measured on)
and {made["own_runs"]} labelled runs of the trainer's own. Its calibration was adapted to {made["adapted_to"]} really
trained runs of the fault lab, of which it learned nothing else.

It judges the curves that a training run logged: it does not see the code, the data or the model that was trained, and
it cannot tell a right answer from a wrong one that is learned well.

## Measured on {measured["curves"]} synthetic curves held out

These figures test the fit and the calibration, not the use: what counts is how the model does on real runs, which
`curvedx evaluate` measures.

| | |
| --- | --- |
| headline accuracy | {measured["headline_accuracy"]:.3f} |
| expected calibration error of the headline | {measured["headline_ece"]:.3f} |
| conformal sets at {COVERAGE}: coverage, mean size | {measured["coverage"]:.3f}, {measured["set_size"]:.2f} |
| macro-F1 of the patterns | {measured["macro_f1"]:.3f} |
| signals that are no loss against losses: AUROC | {measured["no_loss_auroc"]:.3f} |
| losses taken for none | {measured["losses_warned_of"]:.1%} |

| pattern | seen | precision | recall | F1 | Brier |
| --- | --- | --- | --- | --- | --- |
{rows}

![How often the headline was right, against how sure the model was](reliability.svg)

![True and given headlines](confusion.svg)

Made with {", ".join(f"{library} {made[library]}" for library in LIBRARIES)}.
"""
    (out / "CARD.md").write_text(text, encoding="utf-8")


def _save(figure: Figure, path: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - only a training draws

    # Without these the file would differ from run to run.
    with mpl.rc_context({"svg.hashsalt": "curvedx", "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None}, bbox_inches="tight")


def _draw_confusion(table: NDArray[np.intp], labels: list[str]) -> Figure:
    from matplotlib.figure import Figure  # noqa: PLC0415 - only a training draws

    figure = Figure(figsize=(8, 8))
    axes = figure.add_subplot()
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=7)
    axes.set_yticks(range(len(labels)), labels, fontsize=7)
    for i, j in zip(*np.nonzero(share >= 0.02), strict=True):
        axes.text(
            j,
            i,
            f"{100 * share[i, j]:.0f}",
            ha="center",
            va="center",
            fontsize=5,
            color="w" if share[i, j] > 0.6 else "k",
        )
    axes.set(xlabel="given headline", ylabel="true headline (per cent of each row)")
    return figure
