"""Data, orders and initial weights of one workload, the same for every peer; one file carries them over."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from benchmarks.workloads import WORKLOADS, Mlp, Workload

CHECKED_STEPS = 50
_PARAMETER = "parameter "


@dataclass(frozen=True)
class Problem:
    """What a peer is given.

    x: float32 (rows, …), images (rows, height, width, channels); or int32 (rows, tokens). y: int32 (rows,) or
    (rows, tokens), class numbers. orders: int64 (epochs, steps, batch), row
    numbers. parameters: by chainrule's names, in layer order: 'dense_1.weight' (inputs, outputs),
    'dense_1.bias' (outputs,) … threads: how many the peer may use.
    """

    workload: Workload
    x: np.ndarray
    y: np.ndarray
    orders: np.ndarray
    parameters: dict[str, np.ndarray]
    threads: int

    def dense(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """(weight, bias) of each layer of a multilayer perceptron, in order."""
        assert isinstance(self.workload.network, Mlp)
        names = [f"dense_{number}" for number in range(1, len(self.workload.network.widths))]
        return [(self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"]) for name in names]

    def save(self, path: Path) -> None:
        """Write it to a file."""
        arrays = {"x": self.x, "y": self.y, "orders": self.orders}
        arrays |= {_PARAMETER + name: array for name, array in self.parameters.items()}
        save_file(arrays, path, {"workload": self.workload.name})


def load_problem(path: Path, threads: int) -> Problem:
    """The problem that `save` wrote."""
    with safe_open(path, "numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
        workload = WORKLOADS[file.metadata()["workload"]]
    parameters = {
        name.removeprefix(_PARAMETER): arrays.pop(name)
        for name in list(arrays)
        if name.startswith(_PARAMETER)
    }
    return Problem(workload, arrays["x"], arrays["y"], arrays["orders"], parameters, threads)
