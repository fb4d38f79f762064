"""The largest eigenvalue of the loss's Hessian, beside the step size that gradient descent can bear there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from curvedx.curve import FloatArray
from curvedx.errors import CurvedxError, MissingExtraError

EDGE = (0.9, 1.1)
"""``sharpness * lr / 2`` between these is at the edge of stability."""

_VECTORS = 20
"""Lanczos vectors that are kept, each as large as the model; scipy's own choice."""


@dataclass(frozen=True, kw_only=True)
class Sharpness:
    """How sharply the loss curves at the model's parameters."""

    eigenvalue: float
    """Largest eigenvalue of the Hessian, in loss for a squared unit of distance; below zero at a maximum."""
    residual: float
    """``|H v - eigenvalue * v|`` for the unit eigenvector: the eigenvalue is at most this far off."""
    iterations: int
    """Hessian-vector products that were taken."""
    loss: float
    """The loss on the batch."""
    parameters: int
    """Numbers that are trained."""
    lr: float | None
    """The learning rate given."""

    @property
    def limit(self) -> float | None:
        """The sharpness that gradient descent with this learning rate bears, ``2 / lr``; None without a rate."""
        return None if self.lr is None else 2.0 / self.lr

    @property
    def ratio(self) -> float | None:
        """``eigenvalue * lr / 2``: beyond 1 a step overshoots further than it came; None without a rate."""
        return None if self.lr is None else self.eigenvalue * self.lr / 2.0

    @property
    def verdict(self) -> Literal["stable", "edge of stability", "unstable"] | None:
        """On which side of the limit it lies, with a tenth on either side counted as the edge."""
        if self.ratio is None:
            return None
        return "stable" if self.ratio < EDGE[0] else "edge of stability" if self.ratio <= EDGE[1] else "unstable"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data."""
        return {
            "eigenvalue": self.eigenvalue,
            "residual": self.residual,
            "iterations": self.iterations,
            "loss": self.loss,
            "parameters": self.parameters,
            "lr": self.lr,
            "limit": self.limit,
            "ratio": self.ratio,
            "verdict": self.verdict,
        }

    def __str__(self) -> str:
        from curvedx.show.tools_text import render_sharpness  # noqa: PLC0415 - results must not import their renderer

        return render_sharpness(self.to_dict())


def sharpness(
    model: Any,
    loss_fn: Callable[..., Any],
    batch: Any,
    *,
    lr: float | None = None,
    tol: float = 1e-3,
    most: int = 1000,
    seed: int = 0,
) -> Sharpness:
    """Measure the sharpness of a PyTorch model: the largest eigenvalue of the Hessian of its loss.

    Lanczos iterations (ARPACK by `scipy.sparse.linalg.eigsh`) on Hessian-vector products by double backward
    (Pearlmutter 1994). Unlike a power iteration they find the largest eigenvalue and not the largest in size, which may
    be below zero, and in a fraction of the products.

    Parameters
    ----------
    model
        Any `torch.nn.Module`. It is judged in evaluation mode, and neither its state nor its gradients change.
    loss_fn
        For a batch that is a pair, ``loss_fn(model(inputs), targets)``; for any other, ``loss_fn(model, batch)``.
        Returns the mean loss, a scalar.
    batch
        ``(inputs, targets)`` on the model's device, or whatever else `loss_fn` understands. The larger the batch,
        the nearer to the sharpness of the whole training set.
    lr
        The learning rate in use, for the comparison with ``2 / lr``.
    tol
        Relative accuracy of the eigenvalue.
    most
        Hessian-vector products after which to give up.
    seed
        Of the vector to start from.

    Returns
    -------
    Sharpness
        The eigenvalue, how exact it is, what it took, and where it lies beside the limit of stability.

    Raises
    ------
    MissingExtraError
        If torch or scipy is not installed (extra ``torch``).
    CurvedxError
        If nothing is trained, the loss is no finite scalar, or the iterations do not converge.

    Notes
    -----
    Gradient descent is unstable where the sharpness exceeds ``2 / lr``; full-batch training drives it up to that limit
    and hovers there (Cohen et al. 2021, "Gradient Descent on Neural Networks Typically Occurs at the Edge of
    Stability"). With momentum ``b`` the limit is ``2 * (1 + b) / lr``; Adam's concerns the preconditioned Hessian.
    Takes the memory of one backward pass that keeps its graph, and of twenty copies of the parameters.
    """
    try:
        import torch.nn.attention  # noqa: F401, PLC0415 - an extra, asked for once for all that follows
        from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("torch", "measuring the sharpness") from error
    if lr is not None and not (math.isfinite(lr) and lr > 0.0):
        raise CurvedxError(f"sharpness: lr is {lr!r}; expected a finite number above 0, or None")
    parameters = [p for p in model.parameters() if p.requires_grad]
    count = sum(p.numel() for p in parameters)
    if not count:
        raise CurvedxError("sharpness: the model has no parameter that is trained; is it frozen?")
    with _still(model):
        loss = _loss(model, loss_fn, batch)
        product = _Product(loss, parameters)
        start = np.random.default_rng(seed).normal(size=count).astype(product.kind)
        if count == 1 or not product(start).any():
            vector = start / np.linalg.norm(start)
        else:
            operator = LinearOperator((count, count), matvec=product, dtype=product.kind)
            restarts = max(1, math.ceil(most / _VECTORS))
            try:
                _, found = eigsh(
                    operator, k=1, which="LA", v0=start, ncv=min(count, _VECTORS), tol=tol, maxiter=restarts
                )
            except ArpackNoConvergence:
                raise CurvedxError(
                    f"sharpness: no convergence within {product.taken} Hessian-vector products; raise most= "
                    f"(now {most}) or tol= (now {tol:g})"
                ) from None
            vector = found[:, 0].astype(np.float64)
            vector /= np.linalg.norm(vector)
        along = product(vector).astype(np.float64)
        eigenvalue = float(along @ vector)
    return Sharpness(
        eigenvalue=eigenvalue,
        residual=float(np.linalg.norm(along - eigenvalue * vector)),
        iterations=product.taken,
        loss=float(loss.detach()),
        parameters=count,
        lr=lr,
    )


class _Product:
    """The Hessian of a loss, as a product with vectors of all parameters laid end to end."""

    def __init__(self, loss: Any, parameters: list[Any]) -> None:
        import torch  # noqa: PLC0415 - an extra

        gradients = torch.autograd.grad(loss, parameters, create_graph=True, allow_unused=True)
        # Where the loss is linear in a parameter, or does not depend on it, there is no second derivative to follow.
        self.bent = [place for place, g in enumerate(gradients) if g is not None and g.requires_grad]
        self.gradients = [gradients[place] for place in self.bent]
        self.parameters = parameters
        self.kind = np.float64 if any(p.dtype == torch.float64 for p in parameters) else np.float32
        self.taken = 0

    def __call__(self, vector: FloatArray) -> FloatArray:
        import torch  # noqa: PLC0415 - an extra

        self.taken += 1
        if not self.bent:
            return np.zeros_like(vector)
        cuts = np.cumsum([p.numel() for p in self.parameters])[:-1]
        parts = np.split(np.asarray(vector, dtype=self.kind).ravel(), cuts)
        along = [torch.tensor(parts[at]).to(self.parameters[at]).view_as(self.parameters[at]) for at in self.bent]
        rows = torch.autograd.grad(
            self.gradients, self.parameters, along, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        flat = [row.detach().reshape(-1).cpu().numpy().astype(self.kind) for row in rows]
        return np.concatenate(flat)


def _loss(model: Any, loss_fn: Callable[..., Any], batch: Any) -> Any:
    if isinstance(batch, tuple | list) and len(batch) == 2:
        inputs, targets = batch
        loss = loss_fn(model(inputs), targets)
    else:
        loss = loss_fn(model, batch)
    if getattr(loss, "numel", lambda: 0)() != 1:
        shape = tuple(loss.shape) if hasattr(loss, "shape") else type(loss).__name__
        raise CurvedxError(f"sharpness: the loss is {shape}; expected one number, the mean over the batch")
    if not loss.requires_grad:
        raise CurvedxError("sharpness: the loss does not depend on the model's parameters; is it detached on the way?")
    if not math.isfinite(loss.item()):
        raise CurvedxError(f"sharpness: the loss on this batch is {loss.item()}; expected a finite one")
    return loss


@contextmanager
def _still(model: Any) -> Iterator[None]:
    """Put the model into evaluation mode, where every operation can be derived twice, and back as it was."""
    import torch  # noqa: PLC0415 - an extra
    from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: PLC0415 - as above

    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        # The fused attention and recurrent kernels have no second derivative.
        with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH), torch.backends.cudnn.flags(enabled=False):
            yield
    finally:
        for module, mode in modes:
            module.training = mode
