"""The loss of a network with several outputs, each with targets of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.nn.losses.loss import Loss
from chainrule.nn.results import check_tensor, described
from chainrule.nn.settings import check_number
from chainrule.program import Tensor


@dataclass(frozen=True)
class MultiOutputLoss(Loss):
    """l = Σ_h w_h · l_h(outputs of head h, targets of head h).

    losses: by the name of the head, such as {"kind": SoftmaxCrossEntropy(), "size": Huber()}; or a tuple, for
    outputs and targets that are tuples. A loss may itself be a MultiOutputLoss, for heads within a head.
    weights: by the name of the head, at least 0; 1 by default. Both are stored as (name, value) pairs.
    outputs, targets: mappings (or tuples) of (batch, ...), as each head's loss takes them. An output without
    a loss is ignored, and `predict` returns it unchanged. A sample weight applies to all heads of an example.
    Raises ConfigError without losses, for an item that is no loss, and for weights of unknown heads.
    """

    losses: Any
    weights: Any = ()
    metrics: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        pairs = self.weights.items() if isinstance(self.weights, Mapping) else self.weights
        object.__setattr__(self, "losses", _named_losses(self.losses))
        object.__setattr__(self, "weights", tuple((str(name), weight) for name, weight in pairs))
        names = [name for name, _ in self.losses]
        if not names:
            raise ConfigError("MultiOutputLoss has no losses", remedy="give one for each head")
        for name, loss in self.losses:
            if not isinstance(loss, Loss):
                raise ConfigError(
                    f"MultiOutputLoss: the loss of '{name}' is {loss!r}",
                    remedy="give a loss, such as SoftmaxCrossEntropy()",
                )
        for name, weight in self.weights:
            if name not in names:
                raise ConfigError(
                    f"MultiOutputLoss: there is a weight for '{name}', and no loss",
                    remedy=f"its heads are {', '.join(names)}",
                )
            check_number(self, f"the weight of '{name}'", weight, at_least=0)

    def each(self, outputs: Any, targets: Any) -> Tensor:
        weights, total = dict(self.weights), None
        for name, loss, output, target in self._heads(outputs, targets):
            owner = f"{type(loss).__name__} of head '{name}'"
            with _first(output).trace.at(layer=f"loss.{name}", label=owner):
                each = loss.each(output, target)
                check_tensor(owner, "its each", each)
                if each.ndim != 1:
                    raise ShapeError(
                        f"{owner}: its each gave shape {each.shape}",
                        remedy="it must give one number per example, (batch,)",
                    )
                if weights.get(name, 1) != 1:
                    each = weights[name] * each
                total = each if total is None else total + each
        assert total is not None  # there is a loss
        return total

    def predict(self, outputs: Any) -> Any:
        """The prediction of each head by its loss, in the structure of the outputs."""
        losses = dict(self.losses)
        said = {
            name: losses[name].predict(part) if name in losses else part
            for name, part in _parts("outputs", outputs).items()
        }
        return said if isinstance(outputs, Mapping) else tuple(said.values())

    def check(self, outputs_shape: Any, targets: Any) -> None:
        """Check the targets of each head; raises DataError, naming the head, also for unknown heads."""
        for name, loss, shape, target in self._heads(outputs_shape, targets):
            try:
                loss.check(shape, target)
            except DataError as error:
                raise error.at(f"head '{name}'") from None
        strange = [name for name in _parts("targets", targets) if name not in dict(self.losses)]
        if strange:
            raise DataError(
                f"MultiOutputLoss: the targets '{strange[0]}' have no loss",
                remedy="give a loss for them, or leave them out",
            )

    def _heads(self, outputs: Any, targets: Any) -> Iterator[tuple[str, Loss, Any, Any]]:
        given, wanted = _parts("outputs", outputs), _parts("targets", targets)
        for name, loss in self.losses:
            for what, parts in (("outputs", given), ("targets", wanted)):
                if name not in parts:
                    raise DataError(
                        f"MultiOutputLoss: there is a loss for '{name}', and no {what}; "
                        f"they are {', '.join(parts)}",
                        remedy="call heads the same in the model, the targets and the losses",
                    )
            yield name, loss, given[name], wanted[name]


def _named_losses(given: Any) -> tuple[tuple[str, Any], ...]:
    if isinstance(given, Mapping):
        return tuple((str(name), loss) for name, loss in given.items())
    if not isinstance(given, tuple | list):
        raise ConfigError(
            f"MultiOutputLoss: losses is {given!r}", remedy="give a mapping or a tuple of losses"
        )
    pairs = bool(given) and all(isinstance(each, tuple | list) and len(each) == 2 for each in given)
    return tuple((str(name), loss) for name, loss in (given if pairs else enumerate(given)))


def _parts(what: str, structure: Any) -> dict[str, Any]:
    """Outputs or targets by the name of the head."""
    if isinstance(structure, Mapping):
        return dict(structure)
    if isinstance(structure, tuple) and not all(isinstance(part, int) for part in structure):  # no shape
        return {str(number): part for number, part in enumerate(structure)}
    raise DataError(
        f"MultiOutputLoss: the {what} are one array, not one for each head",
        remedy=f"let the {what} be a mapping or a tuple with the names of the losses",
    )


def _first(structure: Any) -> Tensor:
    while not isinstance(structure, Tensor):
        if not isinstance(structure, tuple | Mapping) or not structure:
            raise DataError(
                f"MultiOutputLoss got {described(structure)}",
                remedy="let the model give one Tensor per head",
            )
        structure = next(iter(structure.values() if isinstance(structure, Mapping) else structure))
    return structure
