"""scikit-learn's MLPClassifier, an epoch per partial_fit."""

import math
from typing import Any

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

from benchmarks.problem import Problem
from benchmarks.workloads import Adam, Mlp


class _Softmax(MLPClassifier):
    """MLPClassifier that starts from given weights and has one softmax output a class.

    For two classes scikit-learn would take one logistic output instead, which is another network.
    """

    given: list[tuple[np.ndarray, np.ndarray]]

    def _initialize(self, y: np.ndarray, layer_units: list[int], dtype: np.dtype) -> None:
        super()._initialize(y, layer_units, dtype)
        self.out_activation_ = "softmax"
        self.coefs_ = [weight.copy() for weight, _ in self.given]
        self.intercepts_ = [bias.copy() for _, bias in self.given]


class ScikitLearn:
    """See `Peer`."""

    note = "an epoch per partial_fit"

    def __init__(self, problem: Problem) -> None:
        self.steps_per_run = problem.workload.steps
        self._problem = problem
        network = problem.workload.network
        assert isinstance(network, Mlp)  # it lacks what the others need
        self._network, self._classes = network, network.classes
        # One column per class keeps scikit-learn from folding two classes into one output.
        self._y = np.eye(2, dtype=np.int64)[problem.y] if self._classes == 2 else problem.y
        self.reset()

    def begin(self) -> None:
        """The first step."""
        self._fit(self._problem.orders[0][0])

    def reset(self) -> None:
        """Back to the start."""
        workload = self._problem.workload
        settings: dict[str, Any] = {
            "hidden_layer_sizes": self._network.widths[1:-1],
            "activation": self._network.activation,
            "learning_rate_init": workload.optimizer.rate,
            "batch_size": workload.batch,
            "alpha": 0.0,
            "shuffle": False,
            "n_iter_no_change": 10**9,
        }
        if isinstance(workload.optimizer, Adam):
            chosen = workload.optimizer
            settings |= {"solver": "adam", "beta_1": chosen.beta1, "beta_2": chosen.beta2}
            settings |= {"epsilon": chosen.epsilon}
        else:
            settings |= {"solver": "sgd", "momentum": workload.optimizer.decay, "nesterovs_momentum": False}
        self._model = _Softmax(**settings)
        self._model.given = self._problem.dense()
        self._checked = 0

    def losses(self, epoch: int) -> np.ndarray:
        """One epoch, a call for each batch: scikit-learn tells the mean loss of a call alone."""
        losses = []
        for rows in self._problem.orders[epoch]:
            self._match_epsilon()
            self._fit(rows)
            losses.append(self._model.loss_)
        return np.array(losses)

    def run(self, epoch: int) -> None:
        """One epoch in one call: gathered first, then cut into the same batches."""
        self._fit(self._problem.orders[epoch].reshape(-1))

    def _match_epsilon(self) -> None:
        """Make the next step of Adam the one that the others take; only for losses that are compared.

        scikit-learn adds ε before the correction for the zero start, the others after it: ε √(1 - β₂ᵗ) before
        is ε after. While it is timed it takes its own form, which costs the same.
        """
        chosen = self._problem.workload.optimizer
        if isinstance(chosen, Adam):
            self._checked += 1
            epsilon = chosen.epsilon * math.sqrt(1 - chosen.beta2**self._checked)
            self._model.epsilon = epsilon  # the first step makes the optimizer from this
            optimizer: Any = vars(self._model).get("_optimizer")
            if optimizer is not None:
                optimizer.epsilon = epsilon

    def _fit(self, rows: np.ndarray) -> None:
        self._model.partial_fit(self._problem.x[rows], self._y[rows], classes=np.arange(self._classes))


def build(problem: Problem, variant: str) -> ScikitLearn:
    """variant: there is one."""
    return ScikitLearn(problem)


def version() -> str:
    """The library and its version."""
    return f"scikit-learn {sklearn.__version__}"
