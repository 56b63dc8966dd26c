"""Control by backpropagation through a simulator: the gradient of the cost of whole episodes.

Only a differentiable simulator has it, such as those of `simulators`; policy gradients estimate it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from chainrule.control.acting import Acting
from chainrule.control.settings import ThroughSettings
from chainrule.control.simulators import SIMULATORS, Simulator
from chainrule.control.worlds import Worlds
from chainrule.data import Arrays
from chainrule.errors import ConfigError
from chainrule.nn import ClipByGlobalNorm, Layer, PolynomialDecay, adam, chain, glorot_uniform, zeros
from chainrule.nn.layer import current_building
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.training.objective import Recorded, Tensors
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.state import Record
from chainrule.training.step import Batch, initial_tree


@dataclass(frozen=True)
class Controller(Layer):
    """y = tanh(W_n tanh(… tanh(W_1 x + b_1) …) + b_n): actions within -1 … 1.

    actions: how many numbers, at least 1. hidden: widths. x: float (batch, features) -> (batch, actions).
    """

    actions: int
    hidden: tuple[int, ...] = (64,)

    def __post_init__(self) -> None:
        check_whole(self, "actions", self.actions)
        for width in self.hidden:
            check_whole(self, "hidden", width)

    def __call__(self, x: Tensor) -> Tensor:
        return self.of(self.weights(x), x)

    def weights(self, x: Tensor) -> list[Tensor]:
        """W_1, b_1, W_2, …, for inputs like x: a loop must be given all that it uses."""
        widths = (x.shape[-1], *self.hidden, self.actions)
        found = []
        for number, shape in enumerate(pairwise(widths), start=1):
            found.append(self.param(f"weight_{number}", shape, glorot_uniform(), x.dtype))
            found.append(self.param(f"bias_{number}", shape[1:], zeros, x.dtype))
        return found

    @staticmethod
    def of(weights: list[Tensor], x: Tensor) -> Tensor:
        """The equation."""
        for weight, bias in zip(weights[::2], weights[1::2], strict=True):
            x = f.tanh(x @ weight + bias)
        return x


@dataclass(frozen=True)
class ThroughSimulator(Acting):
    """E[Σ γ^t c(s_t, π(s_t))] over `horizon` steps from given states, s_(t+1) = step(s_t, π(s_t)).

    controller: π. simulator: step and cost c. discount: γ, above 0 and at most 1.
    Input: x, first states, (batch, numbers). Outputs: cost, (batch,), and last, the states after it.
    """

    controller: Controller
    simulator: Simulator
    horizon: int
    discount: float = 1.0

    def __post_init__(self) -> None:
        check_whole(self, "horizon", self.horizon)
        check_number(self, "discount", self.discount, above=0, at_most=1)

    def record(self, inputs: Tensors) -> Recorded:
        """The mean cost of a step, over episodes."""
        state, built = inputs["x"], current_building(self)
        with built.place(self.controller):
            weights = self.controller.weights(self.simulator.observed(state))

        def step(
            carries: list[Tensor], here: list[Tensor], held: list[Tensor]
        ) -> tuple[list[Tensor], list[Tensor]]:
            action = self.controller.of(held, self.simulator.observed(carries[0]))
            following, cost = self.simulator.step(carries[0], action)
            return [following], [cost * here[0]]

        shares = state.trace.constant(self.discount ** np.arange(self.horizon), state.dtype)
        done = f.scan(step, [state], [shares], weights)
        cost = done.outputs[0].sum(0)
        return Recorded(cost.mean() * (1 / self.horizon), {"cost": cost, "last": done.last[0]})

    def decide(self, x: Tensor) -> Tensor:
        """The action for observations."""
        return self.controller(x)


class ThroughLearner:
    """Draws first states, and takes a step down the gradient of their episodes' cost; again and again."""

    def __init__(self, worlds: Worlds, settings: ThroughSettings, executor: str) -> None:
        name = worlds.environment.name
        if name not in SIMULATORS:
            raise ConfigError(
                f"there is no differentiable simulator of {name}",
                remedy=f"choose ppo, which needs none, or one of {', '.join(SIMULATORS)}",
            )
        self.worlds, self.settings, simulator = worlds, settings, SIMULATORS[name]
        self._simulator = simulator
        controller = Controller(simulator.actions, settings.hidden)
        self.objective = ThroughSimulator(controller, simulator, settings.rollout, settings.discount)
        rate = PolynomialDecay(settings.learning_rate, settings.iterations)
        self.recipe = Recipe(
            self.objective,
            chain(ClipByGlobalNorm(settings.largest_gradient), adam(rate)),
            batch_size=settings.worlds,
            seed=settings.seed,
        )
        programs, examples = Programs(self.recipe, executor), self._examples(0)
        self.tree = initial_tree(self.recipe, programs.step(examples, settings.worlds))
        self.batch = Batch.of(examples, settings.worlds)
        self._session = programs.training(examples, settings.worlds).bind(self.tree)
        self.iteration = 0

    @property
    def steps(self) -> int:
        """Steps of the simulator so far."""
        return self.iteration * self.settings.worlds * self.settings.rollout

    def learn(self) -> Record:
        """One step of the optimizer."""
        examples = self._examples(self.iteration)
        order = np.arange(self.settings.worlds, dtype=np.int32)[None]
        self.iteration += 1
        return {"loss": float(self._session.run_many(examples.named, order)["loss"][0])}

    def arrays(self) -> dict[str, np.ndarray]:
        """What is to be kept to go on with the same bits."""
        return dict(self.tree)

    def restore(self, arrays: Mapping[str, np.ndarray], steps: int) -> None:
        """Go on from `arrays`, after so many steps."""
        for name, array in arrays.items():
            self.tree[name][...] = array
        self.iteration = steps // (self.settings.worlds * self.settings.rollout)

    def _examples(self, iteration: int) -> Arrays:
        key = np.array([self.settings.seed, iteration], np.uint64)
        generator = np.random.Generator(np.random.Philox(key=key))
        return Arrays({"x": self._simulator.starts(generator, self.settings.worlds)})
