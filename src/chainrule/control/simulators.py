"""Simulators in chainrule's own language: a step of theirs is differentiable."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from chainrule.nn.part import Part
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class Simulator(Part, ABC):
    """The laws of a world.

    numbers: how many make a state. actions: how many make an action, each within -1 … 1.
    """

    numbers: ClassVar[int]
    actions: ClassVar[int]

    @abstractmethod
    def starts(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """First states, float32 (count, numbers)."""

    @abstractmethod
    def observed(self, state: Tensor) -> Tensor:
        """What the environment shows of states: (batch, numbers) -> (batch, features)."""

    @abstractmethod
    def step(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """(next states, costs), (batch, numbers) and (batch,). action: (batch, actions)."""


@dataclass(frozen=True)
class Pendulum(Simulator):
    """gymnasium's Pendulum-v1: θ'' = 3 g / (2 l) sin θ + 3 u / (m l²), θ = 0 upright, semi-implicit Euler.

    The cost of a step is θ² + 0.1 θ'² + 0.001 u², θ within ±π, before it. State: θ, θ'.
    gravity: m / s². mass: kg. length: m. interval: s. torque: the most, N m. speed: the most, 1 / s.
    """

    gravity: float = 10.0
    mass: float = 1.0
    length: float = 1.0
    interval: float = 0.05
    torque: float = 2.0
    speed: float = 8.0
    numbers: ClassVar[int] = 2
    actions: ClassVar[int] = 1

    def starts(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """Any angle, at speeds up to 1."""
        return generator.uniform([-math.pi, -1.0], [math.pi, 1.0], (count, 2)).astype(np.float32)

    def observed(self, state: Tensor) -> Tensor:
        """cos θ, sin θ, θ'."""
        angle, speed = state[:, 0], state[:, 1]
        return f.stack([f.cos(angle), f.sin(angle), speed], axis=1)

    def step(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """A step of `interval`."""
        angle, speed = state[:, 0], state[:, 1]
        torque = action[:, 0] * self.torque
        turned = angle - 2 * math.pi * f.floor((angle + math.pi) * (0.5 / math.pi))
        cost = turned * turned + 0.1 * speed * speed + 0.001 * torque * torque
        pull = 1.5 * self.gravity / self.length * f.sin(angle)
        push = 3.0 / (self.mass * self.length**2) * torque
        faster = _within(speed + (pull + push) * self.interval, self.speed)
        return f.stack([angle + faster * self.interval, faster], axis=1), cost


@dataclass(frozen=True)
class CartPole(Simulator):
    """A pole on a cart that is pushed, to be swung up (Barto, Sutton and Anderson 1983; Florian 2007).

    x'' and θ'' as in gymnasium's CartPole-v1, θ = 0 upright, without its limits and with a force of any size;
    semi-implicit Euler. The cost of a step is 1 - cos θ + 0.05 x² + 0.01 θ'² + 0.001 u². State: x, x', θ, θ'.
    gravity: m / s². cart, pole: kg. half: half the pole's length, m. force: the most, N. interval: s.
    """

    gravity: float = 9.8
    cart: float = 1.0
    pole: float = 0.1
    half: float = 0.5
    force: float = 10.0
    interval: float = 0.02
    numbers: ClassVar[int] = 4
    actions: ClassVar[int] = 1

    def starts(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """At rest in the middle, the pole hanging, but for a little."""
        little = generator.uniform(-0.05, 0.05, (count, 4))
        little[:, 2] += math.pi
        return little.astype(np.float32)

    def observed(self, state: Tensor) -> Tensor:
        """x, x', cos θ, sin θ, θ'."""
        place, speed, angle, turning = (state[:, number] for number in range(4))
        return f.stack([place, speed, f.cos(angle), f.sin(angle), turning], axis=1)

    def step(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """A step of `interval`."""
        place, speed, angle, turning = (state[:, number] for number in range(4))
        push, sine, cosine = action[:, 0] * self.force, f.sin(angle), f.cos(angle)
        cost = 1.0 - cosine + 0.05 * place * place + 0.01 * turning * turning
        cost = cost + 0.001 * action[:, 0] * action[:, 0]
        total, weight = self.cart + self.pole, self.pole * self.half
        pushed = (push + weight * turning * turning * sine) * (1 / total)
        bent = 4.0 / 3.0 - self.pole / total * cosine * cosine
        turn = (self.gravity * sine - cosine * pushed) / (self.half * bent)
        move = pushed - weight / total * turn * cosine
        speed, turning = speed + move * self.interval, turning + turn * self.interval
        place, angle = place + speed * self.interval, angle + turning * self.interval
        return f.stack([place, speed, angle, turning], axis=1), cost


SIMULATORS: Mapping[str, Simulator] = MappingProxyType({"Pendulum-v1": Pendulum()})
"""Those of environments, by the names that gymnasium has for these."""


def _within(x: Tensor, limit: float) -> Tensor:
    return f.minimum(f.maximum(x, -limit), limit)
