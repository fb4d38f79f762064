"""A comparison of two runs as text."""

from __future__ import annotations

from collections.abc import Iterator

from curvedx.diagnosis.evidence import call, many, say, say_percent, say_step
from curvedx.show import words
from curvedx.show.text import finding_lines, wrap
from curvedx.show.words import Report


def render(report: Report) -> str:
    """Write a comparison as text of at most 100 columns, without colour.

    Parameters
    ----------
    report
        What `Comparison.to_dict` returned.

    Returns
    -------
    str
        Whether the run shows anything that its baseline did not, on the first line; then what is new in full, what is
        gone and common by name, where the curves part, who is where when, and the doubts. No line break at the end.
    """
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield from wrap(f"{report['run'] or 'run'} beside {report['baseline'] or 'baseline'}: {_verdict(report)}")
    train = next((each for each in report["differences"] if each["channel"] == "train_loss"), None)
    if train is not None:
        yield f"compared at {many(train['points'], 'step')}, {say_step(train['first'])} to {say_step(train['last'])}"
    for number, finding in enumerate(report["new"], 1):
        yield ""
        yield from finding_lines(number, finding, f"in the baseline {_chance(finding['baseline_probability'])}")
    others = [("Gone", report["gone"], "run"), ("In both", report["common"], "baseline")]
    if any(found for _, found, _ in others):
        yield ""
    for term, found, other in others:
        if found:
            told = "; ".join(f"{f['title'].lower()} ({other} {_chance(f[f'{other}_probability'])})" for f in found)
            yield from wrap(f"{term}: {told}", hang="  ")
    if report["differences"]:
        yield ""
        yield "At equal steps:"
        for each in report["differences"]:
            said = _rate(each) if each["channel"] == "lr" else _parting(each)
            yield from wrap(said, first=f"  {call(each['channel']):<17}", hang=" " * 19)
    if report["reached"]:
        yield "To where the baseline ended:"
        for each in report["reached"]:
            yield from wrap(_arrival(each), first=f"  {call(each['channel']):<17}", hang=" " * 19)
    if report["caveats"]:
        yield "Take with care:"
        for caveat in report["caveats"]:
            yield from wrap(f"- {caveat}", first="  ", hang="    ")


def _verdict(report: Report) -> str:
    problems = [f["title"].lower() for f in report["new"] if f["kind"] == "problem"]
    notes = [f["title"].lower() for f in report["new"] if f["kind"] != "problem"]
    if problems:
        return f"{many(len(problems), 'new problem')}: {', '.join(problems)}"
    if report["ok"] is None:
        return "could not be assessed"
    said = f"no new problem, but worth knowing: {', '.join(notes)}" if notes else "nothing new found"
    higher = [call(each["channel"]) for each in report["differences"] if _is_worse(each)]
    return f"{said}; yet its {' and its '.join(higher)} stayed above the baseline's" if higher else said


def _is_worse(each: Report) -> bool:
    """Tell whether a loss parted upwards, which no finding needs to have a name for."""
    if not each["channel"].endswith("_loss") or each["since"] is None:
        return False
    return each["run"] is None or (each["baseline"] is not None and each["run"] > each["baseline"])


def _chance(probability: float | None) -> str:
    return "not assessed" if probability is None else words.percent(probability)


def _parting(each: Report) -> str:
    last = say_step(each["last"])
    if each["run"] is None or each["baseline"] is None:
        who = "the run's" if each["run"] is None else "the baseline's"
        other = each["baseline"] if each["run"] is None else each["run"]
        level = "" if other is None else f", where the other is {say(other)}"
        since = "" if each["since"] is None else f"; apart from step {say_step(each['since'])} on"
        return f"{who} is not finite at step {last}{level}{since}"
    levels = f"{say(each['run'])} against {say(each['baseline'])} at step {last}"
    if each["since"] is None:
        return f"no difference beyond the noise that lasts; {levels}"
    side = "above" if each["run"] >= each["baseline"] else "below"
    share = "" if each["percent"] is None else f", {_by(each)}"
    return f"{side} from step {say_step(each['since'])} on; {levels}{share}"


def _by(each: Report) -> str:
    if each["ratio"] is not None and each["ratio"] >= 3.0:
        return _times(each["ratio"])
    more = "more" if each["percent"] >= 0 else "less"
    return f"{say_percent(abs(each['percent']))} {more}"


def _rate(each: Report) -> str:
    if each["since"] is None:
        return "the same"
    until = "on" if each["until"] is None else f"to {say_step(each['until'])}"
    from_ = f"from step {say_step(each['since'])} {until}"
    if each["ratio"] is None:
        return f"differs {from_}; {say(each['run'])} against {say(each['baseline'])} at the end"
    if each["ratio"] == 0.0:
        return f"zero {from_}, where the baseline's is not"
    return f"{_times(each['ratio'])} the baseline's in the median {from_}"


def _arrival(each: Report) -> str:
    there = f"{say(each['level'])}, where the baseline was at step {say_step(each['baseline'])}"
    if each["run"] is None:
        if each["last"] < each["baseline"]:
            return f"not yet at {there}; the run is at step {say_step(each['last'])}"
        return f"never at {there}; {say(each['lowest'])} at the lowest, by step {say_step(each['last'])}"
    return f"at step {say_step(each['run'])}{_pace(each['ratio'])}: within noise of {there}"


def _pace(ratio: float | None) -> str:
    if not ratio or round(ratio, 2) == 1.0:
        return ""
    return f", {_times(ratio)} as late" if ratio > 1.0 else f", {_times(1.0 / ratio)} as early"


def _times(ratio: float) -> str:
    return f"{say(float(f'{ratio:.2g}'))} x"
