"""PyTorch through torch.compile: the whole step as one graph, or all of it but the optimizer."""

import math

import torch  # type: ignore[import-not-found] (only in the environment of `make bench`)

from benchmarks.peers.pytorch_model import Stepwise, data, loss, usual_step, version
from benchmarks.peers.pytorch_networks import network, set_weights
from benchmarks.problem import Problem
from benchmarks.workloads import Adam, AdamW, Momentum

__all__ = ["build", "version"]

Tensors = dict[str, torch.Tensor]


def build(problem: Problem, variant: str) -> Stepwise:
    """variant: how much is compiled."""
    if variant == "whole step":
        return _whole_step(problem)
    torch._dynamo.config.allow_rnn = True  # LSTM is left out of graphs otherwise
    compiler = torch.compile(fullgraph=True, dynamic=False)
    return usual_step(problem, variant, {"fused": True}, compiler, variant.endswith("channels last"))


def _whole_step(problem: Problem) -> Stepwise:
    """Gather, forward, backward and update in one graph.

    torch.compile does not take `backward()` and `optimizer.step()` into one graph, so the gradients come
    from torch.func and the optimizer is written out here.
    """
    torch.set_num_threads(problem.threads)
    x, y = data(problem)
    model, chosen = network(problem), problem.workload.optimizer
    trained = ((name, each) for name, each in model.named_parameters() if each.requires_grad)
    parameters: Tensors = {name: parameter.detach() for name, parameter in trained}
    mean, square = ({name: torch.zeros_like(p) for name, p in parameters.items()} for _ in range(2))
    count = torch.zeros(())

    def loss_of(parameters: Tensors, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return loss(lambda x: torch.func.functional_call(model, parameters, (x,)), x, y)

    gradients_of = torch.func.grad_and_value(loss_of)

    @torch.compile(fullgraph=True, dynamic=False)
    def step(
        x: torch.Tensor,
        y: torch.Tensor,
        rows: torch.Tensor,
        parameters: Tensors,
        mean: Tensors,
        square: Tensors,
        count: torch.Tensor,
    ) -> torch.Tensor:
        gradients, mean_loss = gradients_of(parameters, x[rows], y[rows])
        if isinstance(chosen, Adam):
            _adam(chosen, gradients, parameters, mean, square, count)
        else:
            _momentum(chosen, gradients, parameters, mean)
        return mean_loss

    def reset() -> None:
        set_weights(model, problem)
        for tensor in (*mean.values(), *square.values(), count):
            tensor.zero_()

    return Stepwise(
        problem, "whole step", lambda rows: step(x, y, rows, parameters, mean, square, count), reset
    )


def _adam(
    chosen: Adam, gradients: Tensors, parameters: Tensors, mean: Tensors, square: Tensors, count: torch.Tensor
) -> None:
    count.add_(1)
    mean_correction = -torch.expm1(count * math.log(chosen.beta1))
    square_correction = -torch.expm1(count * math.log(chosen.beta2))
    for name, gradient in gradients.items():
        mean[name].mul_(chosen.beta1).add_((1 - chosen.beta1) * gradient)
        square[name].mul_(chosen.beta2).add_((1 - chosen.beta2) * gradient * gradient)
        root = (square[name] / square_correction).sqrt() + chosen.epsilon
        if isinstance(chosen, AdamW):
            parameters[name].mul_(1 - chosen.rate * chosen.decay)
        parameters[name].sub_(chosen.rate * (mean[name] / mean_correction) / root)


def _momentum(chosen: Momentum, gradients: Tensors, parameters: Tensors, velocity: Tensors) -> None:
    for name, gradient in gradients.items():
        velocity[name].mul_(chosen.decay).add_(gradient)
        parameters[name].sub_(chosen.rate * velocity[name])
