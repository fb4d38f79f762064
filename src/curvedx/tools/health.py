"""One call that writes what a diagnosis needs to wherever a run is logged, under the names curvedx reads."""

from __future__ import annotations

import json
import operator
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from curvedx.curve import CLASS_ACCURACY, GRAD_NORM, LR, TASK_LOSS, TRAIN_LOSS, VAL_LOSS
from curvedx.errors import CurvedxError
from curvedx.tools.scalar import scalar

_LINES = (".jsonl", ".ndjson")

_Write = Callable[[dict[str, float], int], object]


def log_health(
    step: int,
    loss: object = None,
    grad_norm: object = None,
    lr: object = None,
    per_class_acc: Mapping[Any, object] | Iterable[object] | None = None,
    *,
    to: object,
    val_loss: object = None,
    task_losses: Mapping[Any, object] | None = None,
    model: Any = None,
    optimizer: Any = None,
    run_id: str | None = None,
) -> dict[str, float]:
    """Write the health of a run at one step: to Weights & Biases, TensorBoard, MLflow or a JSONL file.

    What is None is not logged. Numbers may be tensors of one element; NaN and infinity are written as they are, for
    they are what a diagnosis looks for.

    Parameters
    ----------
    step
        The training step, a whole number.
    loss, grad_norm, lr, val_loss
        Train loss, gradient norm, learning rate and validation loss.
    per_class_acc
        Accuracy of each class as a share of 1, by name or in order.
    task_losses
        The loss of each task, by name.
    to
        Where to, or a list of such: a wandb run or the module ``wandb`` (has ``log``), a ``SummaryWriter`` (has
        ``add_scalar``), the module ``mlflow`` or a Lightning logger (has ``log_metrics``), an ``MlflowClient``
        together with `run_id`, or the path of a file that ends in .jsonl, to which one line is appended.
    model
        A PyTorch model: where `grad_norm` is not given, the norm of its gradients is taken as they are at this
        moment. Call between ``backward()`` and ``zero_grad()``, and before clipping.
    optimizer
        A PyTorch optimizer: where `lr` is not given, that of its first parameter group is taken.
    run_id
        The run that MLflow writes to; its module writes to the active one without.

    Returns
    -------
    dict
        What was written: channel name to value, as `curvedx.Curve` names the channels.

    Raises
    ------
    CurvedxError
        If there is nothing to write, a value is no number, or a destination is none of these.
    """
    at = _step(step)
    if grad_norm is None and model is not None:
        grad_norm = gradient_norm(model)
    if lr is None and optimizer is not None:
        lr = _learning_rate(optimizer)
    single = {TRAIN_LOSS: loss, VAL_LOSS: val_loss, LR: lr, GRAD_NORM: grad_norm}
    values = {name: scalar(f"log_health: {name}", value) for name, value in single.items() if value is not None}
    for prefix, family in ((TASK_LOSS, task_losses), (CLASS_ACCURACY, per_class_acc)):
        for name, value in _named(family):
            values[prefix + name] = scalar(f"log_health: {prefix}{name}", value)
    if not values:
        raise CurvedxError(f"log_health: nothing to write at step {at}; give the loss, or a model with gradients")
    # Every destination is recognised before the first is written to, so that an error leaves none a step ahead.
    for write in [_writer(each, run_id) for each in (to if isinstance(to, list | tuple) else [to])]:
        write(values, at)
    return values


def gradient_norm(model: Any) -> Any:
    """Return the Euclidean norm of all gradients of a PyTorch model, as a tensor; None where there is none.

    Taken in float32 at least, so that half-precision gradients neither overflow nor lose digits.
    """
    import torch  # noqa: PLC0415 - whoever has a model of it has it loaded

    gradients = [parameter.grad.detach() for parameter in model.parameters() if parameter.grad is not None]
    if not gradients:
        return None
    gradients = [g.coalesce().values() if g.is_sparse else g for g in gradients]
    # One norm a tensor and one of these, so that a device is waited for once, not once a tensor.
    norms = [torch.linalg.vector_norm(g.float() if g.itemsize < 4 else g).to(gradients[0].device) for g in gradients]
    return torch.linalg.vector_norm(torch.stack(norms))


def _learning_rate(optimizer: Any) -> object:
    try:
        return optimizer.param_groups[0]["lr"]
    except (AttributeError, LookupError, TypeError):
        raise CurvedxError(
            f"log_health: the optimizer {type(optimizer).__name__} has no param_groups with an 'lr'; give lr= itself"
        ) from None


def _step(given: object) -> int:
    try:
        return operator.index(given)  # type: ignore[arg-type]  # refused where it is none
    except TypeError:
        raise CurvedxError(f"log_health: step is {given!r}; expected a whole number, as trackers do") from None


def _named(family: Mapping[Any, object] | Iterable[object] | None) -> list[tuple[str, object]]:
    if family is None:
        return []
    pairs: Iterable[tuple[Any, object]] = family.items() if isinstance(family, Mapping) else enumerate(family)
    return [(str(name), value) for name, value in pairs]


def _writer(to: Any, run_id: str | None) -> _Write:
    """Tell from what a destination offers how it is written to; no tracker is imported."""
    if isinstance(to, str | os.PathLike):
        return _line_writer(Path(to))
    if hasattr(to, "add_scalar"):
        return lambda values, step: [to.add_scalar(name, value, global_step=step) for name, value in values.items()]
    if hasattr(to, "log_metrics"):
        where = {} if run_id is None else {"run_id": run_id}
        return lambda values, step: to.log_metrics(values, step=step, **where)
    if hasattr(to, "log_metric"):
        if run_id is None:
            raise CurvedxError("log_health: an MlflowClient writes to a run by its id; give run_id=run.info.run_id")
        return lambda values, step: [to.log_metric(run_id, name, value, step=step) for name, value in values.items()]
    if hasattr(to, "log"):
        return lambda values, step: to.log(values, step=step)
    raise CurvedxError(
        f"log_health: to is a {type(to).__name__}; expected a wandb run, a SummaryWriter, mlflow, or the path of a "
        ".jsonl file"
    )


def _line_writer(path: Path) -> _Write:
    if path.suffix.lower() not in _LINES:
        raise CurvedxError(f"{path}: written one JSON object a line; end its name in .jsonl, by which it is recognised")

    def write(values: dict[str, float], step: int) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step} | values) + "\n")
        except OSError as error:
            raise CurvedxError(f"{path}: cannot be written ({error.strerror or error}); choose another path") from error

    return write
