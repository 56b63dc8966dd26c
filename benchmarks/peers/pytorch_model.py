"""The training step of the workload as PyTorch writes it, and what its peers share."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch  # type: ignore[import-not-found] (only in the environment of `make bench`)

from benchmarks.peers.pytorch_networks import network, set_weights
from benchmarks.problem import Problem
from benchmarks.workloads import Adam, AdamW, Momentum

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


def data(problem: Problem, channels_last: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """x and y; class numbers and tokens are int64 for PyTorch. Images in the memory format."""
    x, network = torch.from_numpy(problem.x), problem.workload.network
    if network.images:
        form = torch.channels_last if channels_last else torch.contiguous_format
        x = x.permute(0, 3, 1, 2).contiguous(memory_format=form)
    return x.long() if network.tokens else x, torch.from_numpy(problem.y).long()


def loss(model: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Mean softmax cross-entropy over examples, or over all their tokens."""
    return torch.nn.functional.cross_entropy(model(x).flatten(0, -2), y.flatten())


def optimizer_of(chosen: Adam | Momentum, model: torch.nn.Module, **form: bool) -> torch.optim.Optimizer:
    """The workload's optimizer in one of its forms: fused or foreach."""
    if isinstance(chosen, Adam):
        adam = (model.parameters(), chosen.rate, (chosen.beta1, chosen.beta2), chosen.epsilon)
        if isinstance(chosen, AdamW):
            return torch.optim.AdamW(*adam, chosen.decay, **form)
        return torch.optim.Adam(*adam, **form)
    return torch.optim.SGD(model.parameters(), chosen.rate, chosen.decay, **form)


def usual_step(
    problem: Problem,
    note: str,
    form: dict[str, bool],
    compiler: Callable[[Step], Step] = lambda loss: loss,
    channels_last: bool = False,
) -> Stepwise:
    """The training step that PyTorch's tutorials write; compiler: applied to the loss of a batch."""
    torch.set_num_threads(problem.threads)
    x, y = data(problem, channels_last)
    model = network(problem)
    if channels_last:
        model = cast(Any, model).to(memory_format=torch.channels_last)  # PyTorch's types know no such call
    optimizer = optimizer_of(problem.workload.optimizer, model, **form)

    def loss_of(rows: torch.Tensor) -> torch.Tensor:
        return loss(model, x[rows], y[rows])

    compiled = compiler(loss_of)

    def step(rows: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        mean_loss = compiled(rows)
        mean_loss.backward()
        optimizer.step()
        return mean_loss.detach()

    def reset() -> None:
        set_weights(model, problem)
        for state in optimizer.state.values():  # an optimizer whose state is all 0 is a fresh one
            for tensor in state.values():
                tensor.zero_()

    return Stepwise(problem, note, step, reset)


def version() -> str:
    """The library and its version."""
    return f"PyTorch {torch.__version__}"
