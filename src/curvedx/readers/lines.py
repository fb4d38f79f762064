"""What one line of console output says: keys with numbers, whichever of the usual ways they are written."""

from __future__ import annotations

import ast
import json
import re

from curvedx.readers import jsontext
from curvedx.readers.hf_trainer import is_summary
from curvedx.readers.log import bare

Record = dict[str, object]

IN_EPOCH = "iteration"
"""The key under which an iteration counted within its epoch goes, as an integer counted through all epochs."""

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x08+")
_NUM = r"[-+]?(?:\d++\.?\d*+(?:[eE][-+]?\d++)?+|\.\d++(?:[eE][-+]?\d++)?+|nan|inf(?:inity)?+)(?![\w.]*+[(}'\"=])"
# Possessive, and begun only where a word begins: a line is read in time linear in its length, whatever it holds.
_WORD = r"[A-Za-z_][\w./@'-]*+"
_KEY = rf"(?<![\w./@-]){_WORD}(?: {_WORD}){{0,2}}"
_PAIR = re.compile(rf"(?P<key>{_KEY})\s*+[:=]\s*+(?P<num>{_NUM})(?:/\s*+\d+|%|[a-z]{{1,3}}\b)?", re.IGNORECASE)
_SPACED = re.compile(rf"(?:^|(?<=[,:|;]\s)|(?<=\s\s)|(?<=\t))(?P<key>{_KEY})\s++(?P<num>{_NUM})", re.IGNORECASE)
_BARE = re.compile(r"(?<![\w'\"])(-?)(nan|inf|NaN|Infinity)(?![\w'\"])")
_COUNTER = re.compile(
    r"^\W*(?:\[[^\]]*\]\s*)?(?P<key>global[_ ]step|step|iter|iteration)s?\s*[:=#]?\s*\[?(?P<num>\d+)\b", re.IGNORECASE
)
_ROUND = re.compile(r"^\s*\[(\d+)\]\s+(?=\S)")
_BOOST = re.compile(rf"(?<!\w)(?P<key>[A-Za-z]\w*+(?:-\w[\w@-]*+|'s \w++))\s*:\s*(?P<num>{_NUM})", re.IGNORECASE)
_IN_EPOCH = re.compile(
    r"\bEpoch\s*(?:\((?P<mode>train|val|test)\))?:?\s*\[?(?P<epoch>\d++)(?:/\d++)?\]?[,:\s|]*(?:\d+%\|[^|]*\|\s*)?"
    r"(?:(?:step|iter|iteration|batch)s?:?\s*)?\[?\s*(?P<at>\d++)/(?P<of>\d++)[^\]]*\]?",
    re.IGNORECASE,
)
_MEGATRON_AT = re.compile(r"\b(?P<key>iteration)\s+(?P<num>\d+)/")
_MEGATRON_VAL = re.compile(
    rf"validation loss at iteration (?P<step>\d+).*?lm loss value: (?P<num>{_NUM})", re.IGNORECASE
)
_HELD_OUT = re.compile(r"^\W*(?:test|val|valid|validation|eval|evaluation)\b", re.IGNORECASE)
LONGEST = 20_000
"""Characters of a line beyond which it is no line of a log."""

_TELL = re.compile(r"loss|trl:|tel:|s:\d|^\s*\[\d+\]\s", re.IGNORECASE)


def clean(line: str) -> str:
    """Take colours and printed types away; of a line that was drawn again and again keep what was seen last."""
    if "\x1b" in line or "\x08" in line:
        line = _ANSI.sub("", line)
    line = line.rstrip("\r\n ")
    drawn = line.split("\r")
    return bare(next((part for part in reversed(drawn) if "loss" in part), drawn[-1]))


def record_in(line: str, asked: str | None = None) -> Record | None:
    """Read one clean line; None where it says nothing of a loss, nor names the quantity asked for."""
    if len(line) > LONGEST or not (_TELL.search(line) or (asked and asked in line)):
        return None
    for read in (_from_dict, _from_boosting, _from_megatron, _from_epoch):
        if record := read(line):
            return record
    return _from_pairs(line, asked)


def quantities_in(line: str) -> list[str]:
    """Return the names that stand before numbers in one clean line."""
    return list(_pairs(line)) if len(line) <= LONGEST else []


def _from_dict(line: str) -> Record | None:
    """Read a dict printed by Python or as JSON, as the last thing of a line."""
    opening, closing = line.find("{"), line.rfind("}")
    if not 0 <= opening < closing:
        return None
    text = line[opening : closing + 1]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        try:
            # A literal, not an expression: nan and inf, which are names, become text first.
            found = ast.literal_eval(_BARE.sub(r"'\1\2'", text))
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            return None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        return None
    return None if is_summary(found) else jsontext.flat(found)


def _from_boosting(line: str) -> Record | None:
    """Read ``[10] train-rmse:1.18 eval-rmse:1.24`` and ``[10] training's l2: 0.5 valid_1's l2: 0.6``."""
    round_ = _ROUND.match(line)
    if round_ is None:
        return None
    pairs: Record = {match["key"].replace("'s ", "-"): match["num"] for match in _BOOST.finditer(line)}
    return {"iteration": round_[1]} | pairs if pairs else None


def _from_megatron(line: str) -> Record | None:
    found = _MEGATRON_VAL.search(line) if "validation loss at" in line else None
    return {"iteration": found["step"], "val_loss": found["num"]} if found else None


def _from_epoch(line: str) -> Record | None:
    """Read ``Epoch(train) [1][200/735] ... loss: 2.75`` and its kin, whose iterations count within the epoch."""
    found = _IN_EPOCH.search(line) if "poch" in line else None
    if found is None:
        return None
    pairs = _pairs(line[found.end() :].lstrip(" \t:,|-"))
    if found["mode"] in ("val", "test"):
        return _as_held_out(pairs, found["mode"])
    return {IN_EPOCH: (int(found["epoch"]) - 1) * int(found["of"]) + int(found["at"])} | pairs if pairs else None


def _from_pairs(line: str, asked: str | None) -> Record | None:
    counter = _COUNTER.match(line) or _MEGATRON_AT.search(line)
    pairs = _pairs(line)
    if counter is not None:
        pairs = {key: value for key, value in pairs.items() if key.lower() != counter["key"].lower()}
        pairs = {"step": counter["num"]} | pairs
    if not any(key == asked or _TELL.search(f"{key}:") for key in pairs):
        return None
    # 'Test set: Average loss: 0.05' says once for the line what 'test loss' says for the key.
    return _as_held_out(pairs, "val") if _HELD_OUT.match(line) else pairs


def _as_held_out(pairs: Record, split: str) -> Record:
    return {
        f"{split} {key}" if "loss" in key.lower() and not _HELD_OUT.match(key) else key: pairs[key] for key in pairs
    }


def _pairs(line: str) -> Record:
    found = [*_SPACED.finditer(line), *_PAIR.finditer(line)]
    return {match["key"].strip(): match["num"] for match in sorted(found, key=lambda match: match.start())}
