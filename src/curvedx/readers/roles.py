"""Which column is what, guessed from the names by scored patterns; `Columns` overrides the guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from curvedx.curve import CLASS_ACCURACY, TASK_LOSS
from curvedx.errors import NoLossError, ReadError
from curvedx.readers.log import found


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Names of columns (keys, tags) that override the guess; None leaves it to the guess."""

    loss: str | None = None
    """The train loss."""
    val_loss: str | None = None
    """The validation loss."""
    lr: str | None = None
    """The learning rate."""
    grad_norm: str | None = None
    """The gradient norm."""
    step: str | None = None
    """What the points are counted by."""
    run: str | None = None
    """In a table of several runs, the column that tells them apart."""


GUESS = Columns()
"""Nothing named: every role is guessed."""


@dataclass(frozen=True, kw_only=True)
class Roles:
    """The column found for each role."""

    loss: str
    val_loss: str | None = None
    lr: str | None = None
    grad_norm: str | None = None
    families: Mapping[str, str] = field(default_factory=dict)
    """Channel name (``task_loss/a``, ``class_accuracy/cat``) to column."""
    notes: tuple[str, ...] = ()
    """What was chosen among several, for the caveats."""

    def channels(self) -> dict[str, str]:
        """Map every judged channel found to its column."""
        single = {"train_loss": self.loss, "val_loss": self.val_loss, "lr": self.lr, "grad_norm": self.grad_norm}
        return {key: name for key, name in single.items() if name is not None} | dict(self.families)


CERTAIN = 85
"""From this score on a name says 'the train loss' and nothing else; of several such the denser one is taken."""

OF_METRIC = 50
"""Up to this score a name says which metric it is, not that it is the loss."""

_Table = tuple[tuple[int, re.Pattern[str]], ...]


def _table(*rows: tuple[int, str]) -> _Table:
    return tuple((score, re.compile(rf"(?:{pattern})\Z")) for score, pattern in rows)


_VAL = r"(?:val|valid|validation|eval|evaluation|test|testing|dev|held_?out)"
_TRAIN = r"(?:train|training|tr|learn)"
_METRIC = r"(?:rmse|mse|mae|l1|l2|nll|xent|xentropy|bce|cross_?entropy|(?:binary_|multi_)?m?log_?loss)"
_KIND = r"(?:total_|lm_)?"
_AVERAGE = r"(?:mean|avg|average|running)_"

_NOT_A_LOSS = re.compile(
    r"(?:.*_)?(?:acc|accuracy|auc|auroc|f1|map|map50|reward|rewards|score|bleu|precision|recall)(?:_.*)?\Z"
    r"|.*_vs_samples\Z"
    r"|(?:.*_)?(?:best|lowest)_.*"
    r"|(?:.*_)?loss_(?:scale|scaling|scaler|weight|weights|coef|std|var|min|max|time|count|ratio|delta)(?:_.*)?\Z"
    r"|(?:.*_)?(?:frac|num|n|min|max|std)_(?:.*_)?loss\Z"
)

_LOSS = _table(
    (100, rf"{_TRAIN}_{_KIND}loss|{_TRAIN}_loss_total|total_{_TRAIN}_loss|(?:reduced_|mean_)?train_loss"),
    (99, rf"{_TRAIN}_{_AVERAGE}loss|{_TRAIN}_loss_(?:mean|avg)"),
    (98, rf"trl|closs|loss_{_TRAIN}|{_TRAIN}_loss_step|lm_loss_training_lm_loss"),
    (95, r"(?:total_|lm_)?loss|loss_total|loss_step"),
    (90, r"(?:mean|avg|average|running|epoch|batch|iter|step)_loss|loss_(?:mean|avg|epoch)"),
    (88, rf"{_TRAIN}_loss_epoch|{_TRAIN}_(?:epoch|batch|step)_loss|{_TRAIN}_loss_smooth"),
    (70, rf"{_TRAIN}_(?:.*_)?loss(?:_.*)?|(?:.*_)?{_TRAIN}_loss"),
    (60, r"(?:.*_)?loss(?:_.*)?"),
    (OF_METRIC, rf"{_TRAIN}(?:_s|_0)?_{_METRIC}|{_METRIC}_(?:{_TRAIN}|trn)"),
    (40, _METRIC),
)
_VAL_LOSS = _table(
    (100, rf"val_{_KIND}loss|(?:valid|validation|eval|evaluation)_{_KIND}loss|tel|vl_loss"),
    (99, rf"(?:val|valid|validation|eval|evaluation)_{_AVERAGE}loss"),
    (95, rf"loss_{_VAL}|{_VAL}_loss_(?:epoch|total|mean|avg|step)|total_{_VAL}_loss|{_VAL}_epoch_loss"),
    (90, rf"(?:dev|held_?out)_(?:{_AVERAGE})?{_KIND}loss|lm_loss_validation_lm_loss"),
    (80, rf"(?:test|testing)_(?:{_AVERAGE})?{_KIND}loss"),
    (60, rf"(?:.*_)?{_VAL}_(?:.*_)?loss(?:_.*)?|(?:.*_)?loss_(?:.*_)?{_VAL}"),
    (OF_METRIC, rf"{_VAL}(?:_[01])?_{_METRIC}|{_METRIC}_{_VAL}"),
)
_LR = _table(
    (100, r"(?:train_)?(?:lr|learning_?rate)|epoch_learning_rate|epoch_lr"),
    (90, r"lr_pg_?0|x_lr_?0|lr_0|lr0|learning_rate_learning_rate"),
    (70, r"(?:train_|optim_|optimizer_|opt_)(?:lr|learning_rate)(?:_.*)?|lr_(?!loss)\w+"),
)
_GRAD_NORM = _table(
    (100, r"(?:train_|optim_)?(?:total_|global_)?(?:grad|grads|gradient)_?norm"),
    (90, r"gnorm|norm|grad_norm_grad_norm|grad_norm_total|grad_2_0_norm_total|(?:train_)?grad_?norm_(?:total|step)"),
)
_STEP = _table(
    (100, r"(?:train_|trainer_)?global_?steps?"),
    (95, r"steps?|global_step_max_steps"),
    (90, r"current_steps|num_updates|(?:valid|train)_num_updates|iteration|iterations|iter|iters"),
    (85, r"updates?|s"),
    (70, r"train_step|batch|round|boosting_round|train_iter|trees"),
    (40, r"(?:train_|current_|trainer_)?epochs?"),
    (10, r"|index|unnamed_0"),
)
_STEP_RAW = {"_step": 60}  # W&B's own counter, which a logged global step beats

_TASK = re.compile(
    rf"(?:{_TRAIN}[/_])?(?:task_loss|loss_task|loss/task|task/loss)[/_.:](?P<a>.+)"
    rf"|(?:{_TRAIN}[/_])?task[/_. ](?P<b>.+?)[/_. ]loss",
    re.IGNORECASE,
)
_CLASS = re.compile(
    rf"(?:{_VAL}[/_])?(?:class_acc(?:uracy)?|per_class_acc(?:uracy)?|acc(?:uracy)?_per_class)[/_](?P<a>.+)"
    rf"|(?:{_VAL}[/_])?acc(?:uracy)?[/_](?:class|cls)[/_]?(?P<b>.+)"
    rf"|(?:{_VAL}[/_])?class[/_](?P<c>.+?)[/_]acc(?:uracy)?",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Reduce a name to lower-case words joined by ``_``: ``train/Loss``, ``trainLoss`` and ``train losses`` are one."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", split.lower()).strip("_").replace("losses", "loss")


def guess(counts: Mapping[str, int], columns: Columns, source: str) -> Roles:
    """Find the column of each role.

    Parameters
    ----------
    counts
        Column names with the number of values each holds.
    columns
        What the user named.
    source
        The file, for messages.

    Raises
    ------
    ReadError
        If there is no train loss, two that could be meant, or a named column does not exist.
    """
    named = {
        role: resolve(getattr(columns, role), counts, f"--{role.replace('_', '-')}", source)
        for role in ("loss", "val_loss", "lr", "grad_norm")
    }
    taken = {name for name in named.values() if name}
    live = {name: count for name, count in counts.items() if count and name not in taken}
    families = _family(_TASK, TASK_LOSS, live) | _family(_CLASS, CLASS_ACCURACY, live)
    free = {name: count for name, count in live.items() if name not in families.values()}
    notes: list[str] = []
    val_loss = named["val_loss"]
    if val_loss is None and (ranked := _ranked(_VAL_LOSS, free, _NOT_A_LOSS)):
        best = [name for score, name in ranked if score == ranked[0][0]]
        val_loss = _denser(best, free)
        if val_loss is None:
            notes.append(f"several validation losses could be meant: {found(best)}; name one with --val-loss NAME")
    loss = named["loss"] or _loss({k: n for k, n in free.items() if k != val_loss}, notes, counts, val_loss, source)
    if val_loss and not named["val_loss"] and _score(_VAL_LOSS, val_loss) <= OF_METRIC < _score(_LOSS, loss):
        notes.append(f"{val_loss!r} is a metric, not known to be what {loss!r} is; where it is, use --val-loss NAME")
        val_loss = None
    return Roles(
        loss=loss,
        val_loss=val_loss,
        lr=named["lr"] or _first(_LR, free),
        grad_norm=named["grad_norm"] or _first(_GRAD_NORM, free),
        families=families,
        notes=tuple(notes),
    )


def step_candidates(names: Iterable[str]) -> list[str]:
    """Return the columns that could number the points, the best first; epochs come last."""
    scored = [(_STEP_RAW.get(name) or _score(_STEP, name), name) for name in names]
    return [name for score, name in sorted(scored, key=lambda item: -item[0]) if score]


def could_be_loss(name: str) -> bool:
    """Tell whether a name would do for a loss, of train or validation."""
    return bool(_ranked(_LOSS, [name], _NOT_A_LOSS) or _ranked(_VAL_LOSS, [name], _NOT_A_LOSS))


def is_clock(name: str) -> bool:
    """Tell whether a column counts or times the run, or holds its learning rate, rather than measuring it."""
    words = plain(name)
    timed = re.fullmatch(r"(?:.*_)?(?:time|timestamp|runtime|seconds|eta|date)(?:_.*)?", words)
    return bool(_score(_STEP, name) or name in _STEP_RAW or _score(_LR, name) or timed)


def resolve(name: str | None, names: Iterable[str], option: str, source: str) -> str | None:
    """Find the column the user named, by its exact name or, where only one fits, by its words.

    Raises
    ------
    ReadError
        If no column, or more than one, has this name.
    """
    if name is None:
        return None
    known = list(names)
    if name in known:
        return name
    alike = [each for each in known if plain(each) == plain(name)]
    if len(alike) == 1:
        return alike[0]
    raise ReadError(f"{source}: no column {name!r} (found {found(known)}); give one of these to {option}")


def _loss(
    free: Mapping[str, int], notes: list[str], counts: Mapping[str, int], val_loss: str | None, source: str
) -> str:
    taken_for_validation = {name for _, name in _ranked(_VAL_LOSS, free, _NOT_A_LOSS)}
    ranked = _ranked(_LOSS, {k: n for k, n in free.items() if k not in taken_for_validation}, _NOT_A_LOSS)
    if not ranked:
        only = val_loss or next(iter(taken_for_validation), None)
        if only is not None:
            raise ReadError(
                f"{source}: only a validation loss ({only!r}) and no train loss; "
                f"to judge it in place of the train loss use --loss {only!r}"
            )
        raise NoLossError(f"{source}: no loss column (found {found(counts)}); name it with --loss NAME")
    certain = [name for score, name in ranked if score >= CERTAIN]
    if len(certain) > 1:
        best = max(certain, key=lambda name: free[name])
        if free[best] <= 1.5 * free[certain[0]]:
            best = certain[0]
        if ranked[0][0] != ranked[1][0] or free[best] > 1.5 * max(free[n] for n in certain if n != best):
            others = [name for name in certain if name != best]
            notes.append(f"train loss taken from {best!r}; {found(others)} also logged")
            return best
    best_names = [name for score, name in ranked if score == ranked[0][0]]
    if len(best_names) > 1:
        kind = "two losses could both" if len(best_names) == 2 else f"any of {len(best_names)} losses could"
        raise ReadError(f"{source}: {kind} be meant: {found(best_names)}; name one with --loss NAME")
    return best_names[0]


def _denser(names: list[str], counts: Mapping[str, int]) -> str | None:
    """Return the only name, or the one with clearly more values than every other."""
    ordered = sorted(names, key=lambda name: -counts[name])
    if len(ordered) == 1 or counts[ordered[0]] > 1.5 * counts[ordered[1]]:
        return ordered[0]
    return None


def _family(pattern: re.Pattern[str], prefix: str, names: Iterable[str]) -> dict[str, str]:
    matches = ((pattern.fullmatch(name), name) for name in names)
    return {prefix + next(g for g in match.groups() if g): name for match, name in matches if match}


def _first(table: _Table, names: Mapping[str, int]) -> str | None:
    ranked = _ranked(table, names)
    return ranked[0][1] if ranked else None


def _ranked(table: _Table, names: Iterable[str], never: re.Pattern[str] | None = None) -> list[tuple[int, str]]:
    scored = [(_score(table, name), name) for name in names if never is None or not never.match(plain(name))]
    return sorted((item for item in scored if item[0]), key=lambda item: -item[0])


def _score(table: _Table, name: str) -> int:
    words = plain(name)
    return next((score for score, pattern in table if pattern.match(words)), 0)
