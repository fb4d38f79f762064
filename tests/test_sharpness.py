"""The sharpness is the largest eigenvalue of the Hessian, compared with the dense one of tiny models."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from curvedx import CurvedxError, sharpness
from curvedx.tools.sharpness import Sharpness

torch = pytest.importorskip("torch")
pytest.importorskip("scipy")


def quadratic(eigenvalues: list[float]) -> tuple[Any, Any]:
    """Return a model and a loss whose Hessian has these eigenvalues, in a rotated basis."""
    count = len(eigenvalues)
    rotation, _ = np.linalg.qr(np.random.default_rng(count).normal(size=(count, count)))
    hessian = torch.tensor(rotation @ np.diag(eigenvalues) @ rotation.T, dtype=torch.float32)
    model = torch.nn.Module()
    model.weights = torch.nn.Parameter(torch.ones(count))
    return model, lambda module, batch: module.weights @ batch @ module.weights / 2 if batch is hessian else None


def of_quadratic(eigenvalues: list[float], **more: Any) -> Sharpness:
    model, loss = quadratic(eigenvalues)
    hessian = loss.__closure__[0].cell_contents
    return sharpness(model, loss, hessian, **more)


@pytest.mark.parametrize(
    "eigenvalues",
    [
        [3.0, 1.0],
        [2.5, 1.0, 0.3, -9.0],
        [-1.0, -2.0, -3.0],
        [5.0, 5.0, 5.0],
        [4.0],
        [0.0, 0.0, 0.0],
        np.linspace(10.0, -4.0, 60).tolist(),
    ],
    ids=["two", "indefinite", "a maximum", "a ball", "one parameter", "flat", "many"],
)
def test_the_largest_eigenvalue_of_a_quadratic_is_found_whatever_the_others_are(eigenvalues: list[float]) -> None:
    found = of_quadratic(eigenvalues)
    assert found.eigenvalue == pytest.approx(max(eigenvalues), rel=2e-3, abs=1e-5)
    assert abs(found.eigenvalue - max(eigenvalues)) <= found.residual + 1e-4
    assert found.parameters == len(eigenvalues)


def network() -> tuple[Any, Any, tuple[Any, Any]]:
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(3, 5), torch.nn.BatchNorm1d(5), torch.nn.Tanh(), torch.nn.Dropout(0.5), torch.nn.Linear(5, 2)
    )
    return model, torch.nn.functional.cross_entropy, (torch.randn(20, 3), torch.randint(0, 2, (20,)))


def dense(model: Any, loss_fn: Any, batch: tuple[Any, Any]) -> float:
    """Return the largest eigenvalue of the whole Hessian, column by column."""
    model.eval()
    names = [name for name, _ in model.named_parameters()]
    values = [p.detach() for p in model.parameters()]

    def loss(flat: Any) -> Any:
        parts = torch.split(flat, [v.numel() for v in values])
        given = {name: part.view_as(v) for name, part, v in zip(names, parts, values, strict=True)}
        return loss_fn(torch.func.functional_call(model, given, (batch[0],)), batch[1])

    hessian = torch.autograd.functional.hessian(loss, torch.cat([v.reshape(-1) for v in values]))
    return float(torch.linalg.eigvalsh(hessian.double()).max())


def test_a_network_has_the_sharpness_of_its_dense_hessian_and_is_left_as_it_was() -> None:
    model, loss_fn, batch = network()
    model[0].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    random = torch.get_rng_state()
    found = sharpness(model, loss_fn, batch)
    assert [module.training for module in model] == [False, True, True, True, True]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert torch.equal(torch.get_rng_state(), random)
    assert found.eigenvalue == pytest.approx(dense(model, loss_fn, batch), rel=2e-3)
    assert found == sharpness(model, loss_fn, batch)


def test_parameters_that_are_frozen_or_unused_do_not_count() -> None:
    model, loss_fn, batch = network()
    model.spare = torch.nn.Linear(2, 2)
    forward = torch.nn.Sequential(*list(model)[:5])
    whole = sharpness(forward, loss_fn, batch).eigenvalue
    used = sharpness(
        model, lambda _, given: loss_fn(forward.eval()(given["x"]), given["y"]), dict(zip("xy", batch, strict=True))
    )
    assert used.eigenvalue == pytest.approx(whole, rel=2e-3)
    for parameter in model.parameters():
        parameter.requires_grad_(requires_grad=False)
    with pytest.raises(CurvedxError, match="no parameter that is trained"):
        sharpness(model, loss_fn, batch)


def test_fused_attention_has_a_sharpness_too_and_so_under_no_grad() -> None:
    torch.manual_seed(1)
    model = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    batch = (torch.randn(2, 5, 8), torch.randn(2, 5, 8))
    with torch.no_grad():
        found = sharpness(model, torch.nn.functional.mse_loss, batch)
    assert found.eigenvalue > 0
    assert found.residual < 1e-2 * found.eigenvalue


@pytest.mark.parametrize(
    ("eigenvalue", "verdict"), [(10.0, "stable"), (20.0, "edge of stability"), (30.0, "unstable"), (-5.0, "stable")]
)
def test_the_learning_rate_sets_the_edge(eigenvalue: float, verdict: str) -> None:
    found = of_quadratic([eigenvalue, -50.0], lr=0.1)
    assert found.verdict == verdict
    assert found.limit == 20.0
    assert found.ratio == pytest.approx(eigenvalue / 20.0, rel=1e-3)
    assert verdict in str(found)
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize(("lr", "falls"), [(0.19, True), (0.21, False)])
def test_gradient_descent_does_what_the_verdict_says(lr: float, falls: bool) -> None:
    model, loss = quadratic([10.0, 1.0])
    hessian = loss.__closure__[0].cell_contents
    ratio = sharpness(model, loss, hessian, lr=lr).ratio
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    first = loss(model, hessian).item()
    for _ in range(200):
        optimizer.zero_grad()
        loss(model, hessian).backward()
        optimizer.step()
    assert ratio is not None
    assert (ratio < 1) == falls == (loss(model, hessian).item() < first)


def test_without_a_learning_rate_nothing_is_said_of_an_edge() -> None:
    found = of_quadratic([3.0, 1.0])
    assert (found.limit, found.ratio, found.verdict) == (None, None, None)
    assert str(found).count("\n") == 0


@pytest.mark.parametrize(
    ("loss_fn", "more", "said"),
    [
        (lambda *_: torch.tensor(1.0), {}, "does not depend on the model's parameters"),
        (lambda out, _: out.sum() * math.inf, {}, "the loss on this batch is"),
        (lambda out, _: out, {}, r"the loss is \(20, 2\); expected one number"),
        (lambda *_: 0.5, {}, "expected one number"),
        (torch.nn.functional.cross_entropy, {"lr": 0.0}, "lr is 0.0"),
    ],
)
def test_what_has_no_sharpness_is_said(loss_fn: Any, more: dict[str, Any], said: str) -> None:
    model, _, batch = network()
    with pytest.raises(CurvedxError, match=said):
        sharpness(model, loss_fn, batch, **more)
    assert model.training


def test_what_does_not_converge_in_time_is_said_and_not_guessed() -> None:
    crowded = np.linspace(9.0, 10.0, 300).tolist()
    with pytest.raises(CurvedxError, match=r"no convergence within \d+ Hessian-vector products"):
        of_quadratic(crowded, most=20, tol=1e-7)
    assert of_quadratic(crowded).eigenvalue == pytest.approx(10.0, rel=2e-3)
