"""The workload's network and data as PyTorch writes them, and what its peers share."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch  # type: ignore[import-not-found] (only in the environment of `make bench`)

from benchmarks.problem import Problem
from benchmarks.workloads import Adam, Momentum

_ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}

Step = Callable[[torch.Tensor], torch.Tensor]


class Stepwise:
    """See `Peer`.

    step: from the rows of a batch to its loss, training on the way. reset: back to the start.
    """

    def __init__(self, problem: Problem, note: str, step: Step, reset: Callable[[], None]) -> None:
        self.note = note
        self.steps_per_run = problem.workload.steps
        self.reset = reset
        self._step = step
        self._orders = [torch.from_numpy(order).unbind(0) for order in problem.orders]

    def begin(self) -> None:
        """The first step."""
        self._step(self._orders[0][0])

    def losses(self, epoch: int) -> np.ndarray:
        """One epoch."""
        return torch.stack([self._step(rows) for rows in self._orders[epoch]]).numpy()

    def run(self, epoch: int) -> None:
        """One epoch."""
        for rows in self._orders[epoch]:
            self._step(rows)


def data(problem: Problem) -> tuple[torch.Tensor, torch.Tensor]:
    """x and y; class numbers are int64 for PyTorch's loss."""
    return torch.from_numpy(problem.x), torch.from_numpy(problem.y).long()


def network(problem: Problem) -> torch.nn.Sequential:
    """The layers, with our initial weights.

    Where images join, memory formats (channels last) become variants of the peers, and of this function.
    """
    shape = problem.workload.network
    *hidden, last = pairwise(shape.widths)
    layers: list[torch.nn.Module] = []
    for inputs, outputs in hidden:
        layers += [torch.nn.Linear(inputs, outputs), _ACTIVATIONS[shape.activation]()]
        if shape.dropout:
            layers.append(torch.nn.Dropout(shape.dropout))
    model = torch.nn.Sequential(*layers, torch.nn.Linear(*last))
    set_weights(model, problem)
    return model


def set_weights(model: torch.nn.Sequential, problem: Problem) -> None:
    """Our initial weights, in place; ours are (inputs, outputs), PyTorch's the transpose."""
    linear = [layer for layer in model if isinstance(layer, torch.nn.Linear)]
    with torch.no_grad():
        for layer, (weight, bias) in zip(linear, problem.dense(), strict=True):
            layer.weight.copy_(torch.from_numpy(weight.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias))


def optimizer_of(chosen: Adam | Momentum, model: torch.nn.Module, **form: bool) -> torch.optim.Optimizer:
    """The workload's optimizer in one of its forms: fused or foreach."""
    if isinstance(chosen, Adam):
        return torch.optim.Adam(
            model.parameters(), chosen.rate, (chosen.beta1, chosen.beta2), chosen.epsilon, **form
        )
    return torch.optim.SGD(model.parameters(), chosen.rate, chosen.decay, **form)


def usual_step(
    problem: Problem, note: str, form: dict[str, bool], compiler: Callable[[Step], Step] = lambda loss: loss
) -> Stepwise:
    """The training step that PyTorch's tutorials write; compiler: applied to the loss of a batch."""
    torch.set_num_threads(problem.threads)
    x, y = data(problem)
    model = network(problem)
    optimizer = optimizer_of(problem.workload.optimizer, model, **form)

    def loss_of(rows: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(model(x[rows]), y[rows])

    compiled = compiler(loss_of)

    def step(rows: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss = compiled(rows)
        loss.backward()
        optimizer.step()
        return loss.detach()

    def reset() -> None:
        set_weights(model, problem)
        for state in optimizer.state.values():  # an optimizer whose state is all 0 is a fresh one
            for tensor in state.values():
                tensor.zero_()

    return Stepwise(problem, note, step, reset)


def version() -> str:
    """The library and its version."""
    return f"PyTorch {torch.__version__}"
