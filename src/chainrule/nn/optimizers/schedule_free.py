"""Schedule-free learning: an average of the steps in place of a falling rate."""

from dataclasses import dataclass

import numpy as np

from chainrule.nn.optimizers.transform import NamedArrays, Recorded, Tensors, Transform, dtype_of, part
from chainrule.nn.settings import check_number
from chainrule.program import Tensor


@dataclass(frozen=True)
class ScheduleFree(Transform):
    """z ← z + u; x ← x + c (z - x); the parameters are y = (1 - β) z + β x, and x is evaluated and stored.

    c = tʳ / Σ iʳ, i = 1 … t: x is the mean of all z, the later ones of more weight for r above 0 (Defazio et
    al. 2024, equations 5 to 7; their weights η², for a warm-up, are left out: r = 1 does that, too). The last
    link of a chain, after the learning rate, which is constant or has a warm-up; u is the step before, such
    as that of sgd or of Adam without momentum. State of layers, such as the running statistics of BatchNorm,
    is that of y.
    momentum: β, at least 0 and below 1. power: r, at least 0.
    """

    momentum: float = 0.9
    power: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "momentum", self.momentum, at_least=0, below=1)
        check_number(self, "power", self.power, at_least=0)

    def init(self, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """0 steps and weights; x and z are the parameters."""
        copies = {f"{kind}.{n}": np.array(a) for kind in ("fast", "average") for n, a in parameters.items()}
        return {"step": np.zeros((), "int32"), "weights": np.zeros((), dtype_of(parameters)), **copies}

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """One step of z, x and y."""
        step = state["step"] + 1
        weight = step.cast(state["weights"].dtype) ** self.power
        weights = state["weights"] + weight
        share = weight / weights
        changed: dict[str, Tensor] = {}
        fresh: dict[str, Tensor] = {"step": step, "weights": weights}
        for name, u in updates.items():
            fast, average = state[f"fast.{name}"] + u, state[f"average.{name}"]
            average = average + share.cast(u.dtype) * (fast - average)
            changed[name] = average + (1.0 - self.momentum) * (fast - average) - parameters[name]
            fresh[f"fast.{name}"], fresh[f"average.{name}"] = fast, average
        return changed, fresh

    def evaluated(self, state: NamedArrays, parameters: NamedArrays) -> dict[str, np.ndarray]:
        """The averages x."""
        return dict(parameters) | part(state, "average.")
