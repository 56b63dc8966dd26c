"""JAX: a whole epoch under one jitted lax.scan, the state donated."""

import math
from typing import Any

import jax  # type: ignore[import-not-found] (only in the environment of `make bench`)
import jax.numpy as jnp  # type: ignore[import-not-found] (only in the environment of `make bench`)
import numpy as np

from benchmarks.peers.jax_networks import outputs
from benchmarks.problem import Problem
from benchmarks.workloads import Adam, AdamW, Momentum, Network, Workload

_BEFORE = "gathered before"


class Scan:
    """See `Peer`."""

    def __init__(self, problem: Problem, variant: str) -> None:
        self.note = variant
        self.steps_per_run = problem.workload.steps
        self._problem = problem
        self._x, self._y = jnp.asarray(problem.x), jnp.asarray(problem.y)
        self._orders = [jnp.asarray(order.astype(np.int32)) for order in problem.orders]
        self._epoch = jax.jit(_epoch_of(problem.workload, variant), donate_argnums=0)
        self.reset()

    def begin(self) -> None:
        """The first epoch: it is what gets compiled."""
        self.run(0)

    def reset(self) -> None:
        """Back to the start."""
        # Copies, since the arrays are given away by the first epoch.
        parameters = {name: jnp.array(array) for name, array in self._problem.parameters.items()}
        zeros = [jax.tree.map(jnp.zeros_like, parameters) for _ in range(2)]
        self._state: Any = (parameters, *zeros, jnp.zeros(()), jax.random.key(0))

    def losses(self, epoch: int) -> np.ndarray:
        """One epoch."""
        self._state, losses = self._epoch(self._state, self._x, self._y, self._orders[epoch])
        return np.asarray(losses)

    def run(self, epoch: int) -> None:
        """One epoch."""
        self._state, losses = self._epoch(self._state, self._x, self._y, self._orders[epoch])
        jax.block_until_ready((self._state, losses))


def _epoch_of(workload: Workload, variant: str) -> Any:
    """(state, x, y, order) -> (state, losses)."""
    network, chosen = workload.network, workload.optimizer
    gradients_of = jax.value_and_grad(_loss)

    def step(state: Any, x: jax.Array, y: jax.Array) -> Any:
        parameters, mean, square, count, key = state
        if network.dropout:
            key, own = jax.random.split(key)
        else:
            own = key
        loss, gradients = gradients_of(parameters, x, y, own, network)
        if isinstance(chosen, Adam):
            count = count + 1
            parameters, mean, square = _adam(chosen, gradients, parameters, mean, square, count)
        else:
            parameters, mean = _momentum(chosen, gradients, parameters, mean)
        return (parameters, mean, square, count, key), loss

    def epoch(state: Any, x: jax.Array, y: jax.Array, order: jax.Array) -> Any:
        if variant == _BEFORE:
            return jax.lax.scan(lambda s, batch: step(s, *batch), state, (x[order], y[order]))
        return jax.lax.scan(lambda s, rows: step(s, x[rows], y[rows]), state, order)

    return epoch


def _loss(parameters: Any, x: jax.Array, y: jax.Array, key: jax.Array, network: Network) -> jax.Array:
    logits = outputs(network, parameters, x, key)
    chosen = jnp.take_along_axis(logits, y[..., None], -1)[..., 0]
    return (jax.nn.logsumexp(logits, -1) - chosen).mean()


def _adam(chosen: Adam, gradients: Any, parameters: Any, mean: Any, square: Any, count: jax.Array) -> Any:
    mean = jax.tree.map(lambda m, g: chosen.beta1 * m + (1 - chosen.beta1) * g, mean, gradients)
    square = jax.tree.map(lambda v, g: chosen.beta2 * v + (1 - chosen.beta2) * g * g, square, gradients)
    mean_correction = -jnp.expm1(count * math.log(chosen.beta1))
    square_correction = -jnp.expm1(count * math.log(chosen.beta2))
    kept = 1 - chosen.rate * chosen.decay if isinstance(chosen, AdamW) else 1

    def update(p: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
        root = jnp.sqrt(v / square_correction) + chosen.epsilon
        return kept * p - chosen.rate * (m / mean_correction) / root

    return jax.tree.map(update, parameters, mean, square), mean, square


def _momentum(chosen: Momentum, gradients: Any, parameters: Any, velocity: Any) -> Any:
    velocity = jax.tree.map(lambda v, g: chosen.decay * v + g, velocity, gradients)
    return jax.tree.map(lambda p, v: p - chosen.rate * v, parameters, velocity), velocity


def build(problem: Problem, variant: str) -> Scan:
    """variant: where the batches are gathered."""
    return Scan(problem, variant)


def version() -> str:
    """The library and its version."""
    return f"JAX {jax.__version__}"
