"""DeepXDE on PyTorch, with the network, equation and points of a problem."""

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.science_problems import PI, PROBLEMS, VISCOSITY, FromSine, OnSquare, Problem

_STEPS_BEFORE = 10
"""That are not timed."""


def peer_of(problem: Problem, inside: np.ndarray) -> Callable[[int], float]:
    """A function of a number of steps of Adam: steps per second."""
    os.environ.setdefault("DDE_BACKEND", "pytorch")
    import deepxde as dde  # pyright: ignore[reportMissingImports] (a peer, in the environment of the benchmarks)
    import torch

    dde.config.set_default_float("float64")
    low, high = problem.box.low, problem.box.high
    shape: Any = dde.geometry.Rectangle(low, high)
    # No conditions: they hold exactly. One point is demanded inside; it is replaced by ours.
    data = dde.data.PDE(shape, _equation(dde, torch, problem), [], num_domain=1, anchors=inside)
    data.train_x = data.train_x_all = inside
    network = dde.nn.FNN([2, *problem.widths, 1], "tanh", "Glorot normal")
    network.apply_output_transform(_transform(torch, problem))
    model = dde.Model(data, network)
    model.compile("adam", lr=1e-3, verbose=0)
    model.train(iterations=_STEPS_BEFORE, display_every=10**9, verbose=0)
    used = np.asarray(model.train_state.X_train)
    if used.shape != inside.shape or not np.allclose(used, inside):
        raise RuntimeError("DeepXDE does not train on the points that it was given")

    def speed(steps: int) -> float:
        start = time.perf_counter()
        model.train(iterations=steps, display_every=10**9, verbose=0)
        return steps / (time.perf_counter() - start)

    return speed


def _equation(dde: Any, torch: Any, problem: Problem) -> Callable[[Any, Any], Any]:
    def second(u: Any, x: Any, axis: int) -> Any:
        return dde.grad.hessian(u, x, i=axis, j=axis)

    def waves(x: Any, up: int) -> Any:
        return torch.sin(PI * x[:, :1]) * torch.sin(up * PI * x[:, 1:])

    def poisson(x: Any, u: Any) -> Any:
        return second(u, x, 0) + second(u, x, 1) + 2 * PI**2 * waves(x, 1)

    def helmholtz(x: Any, u: Any) -> Any:
        return second(u, x, 0) + second(u, x, 1) + u - (1 - 17 * PI**2) * waves(x, 4)

    def heat(x: Any, u: Any) -> Any:
        return dde.grad.jacobian(u, x, j=0) - 0.4 * second(u, x, 1)

    def burgers(x: Any, u: Any) -> Any:
        slopes = (dde.grad.jacobian(u, x, j=0), dde.grad.jacobian(u, x, j=1))
        return slopes[0] + u * slopes[1] - VISCOSITY * second(u, x, 1)

    known = {"poisson": poisson, "helmholtz": helmholtz, "heat": heat, "burgers": burgers}
    return next(known[name] for name, each in PROBLEMS.items() if each is problem)


def _transform(torch: Any, problem: Problem) -> Callable[[Any, Any], Any]:
    wrapped: Any = problem.network()

    def on_square(x: Any, n: Any) -> Any:
        a, b, low = x[:, :1], x[:, 1:], wrapped.low
        return (a - low) * (1 - a) * (b - low) * (1 - b) * n

    def from_sine(x: Any, n: Any) -> Any:
        t, place = x[:, :1], x[:, 1:]
        return t * (place - wrapped.low) * (1 - place) * n + wrapped.sign * torch.sin(PI * place)

    return {OnSquare: on_square, FromSine: from_sine}[type(wrapped)]
