"""The path of training: the weights of some epochs, kept while it runs."""

import numpy as np

from chainrule.errors import ConfigError
from chainrule.nn.layer import RANDOM_KEY
from chainrule.program import NamedArrays
from chainrule.training import EpochDone, Event, RunState, Started
from chainrule.training.step import OPTIMIZER
from chainrule.training.supply import Supply


class TrainingPath:
    """A listener that keeps the weights at the start, at every nth epoch, and of the last epoch.

    most: at least 3: the number of copies of the weights in memory, beside those of the last epoch.
    n is 1 at first, and doubles whenever there would be more copies. With an optimizer that averages weights,
    the averages are kept, since the model predicts with them.
    If training goes on (`Run.train`), the path becomes longer. If it begins anew, or goes back to an earlier
    epoch, the weights of later epochs are dropped. The path of a resumed run begins where it was resumed.

        path = chainrule.doctor.TrainingPath()
        run = chainrule.train(model, (x, y), listeners=[path])
        chainrule.doctor.loss_landscape(run, path=path).plot()

    epochs: of the weights, 0 for the start. weights: by name, with what layers keep; as many. data: what was
    trained on; None before training.
    Raises ConfigError for a `most` below 3.
    """

    def __init__(self, most: int = 20) -> None:
        if not isinstance(most, int) or isinstance(most, bool) or most < 3:
            raise ConfigError(f"TrainingPath: most is {most!r}", remedy="give a whole number, at least 3")
        self.most = most
        self.epochs: list[int] = []
        self.weights: list[NamedArrays] = []
        self.data: Supply | None = None
        self._every = 1

    def __call__(self, event: Event) -> None:
        """Keep a copy of the weights, where they are due."""
        if isinstance(event, Started):
            self.data = event.data
            self._forget(event.state.epoch + 1)
            if event.state.step == 0:
                self._keep(0, _of_model(event.state))
        elif isinstance(event, EpochDone):
            self._keep(event.state.epoch, event.weights())

    def _keep(self, epoch: int, weights: NamedArrays) -> None:
        """Those of the last epoch give way, unless they are due."""
        self._forget(epoch)
        if self.epochs and not self._due(self.epochs[-1]):
            self._forget(self.epochs[-1])
        self.epochs.append(epoch)
        self.weights.append({name: array.copy() for name, array in weights.items()})
        while sum(map(self._due, self.epochs)) > self.most:
            self._every *= 2
            kept = [i for i, each in enumerate(self.epochs) if self._due(each) or each == epoch]
            self.epochs, self.weights = [self.epochs[i] for i in kept], [self.weights[i] for i in kept]

    def _forget(self, first: int) -> None:
        """The weights of this epoch and later ones."""
        count = sum(epoch < first for epoch in self.epochs)
        self.epochs, self.weights = self.epochs[:count], self.weights[:count]
        if not count:
            self._every = 1

    def _due(self, epoch: int) -> bool:
        return (epoch - self.epochs[0]) % self._every == 0


def _of_model(state: RunState) -> dict[str, np.ndarray]:
    """Parameters and layers' state, of a run that has not begun."""
    tree = state.tree.items()
    return {name: a for name, a in tree if name != RANDOM_KEY and not name.startswith(OPTIMIZER)}
