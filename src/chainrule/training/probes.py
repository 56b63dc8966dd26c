"""Probes: numbers that are measured within the training step. PROBES lists them by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType

from chainrule.errors import ConfigError, did_you_mean
from chainrule.nn.part import Part
from chainrule.nn.settings import check_choice, check_text
from chainrule.program import Tensor
from chainrule.program import functions as f

READS = ("activation", "delta", "value", "gradient", "update")
EACH_STEP = "@step"
"""The ending of names of outputs that are recorded at every step."""
_NEAR = 0.02
"""So near its bounds the slope of a sigmoid is below a tenth of its steepest, that of tanh a twenty-fifth."""


def _largest(x: Tensor) -> Tensor:
    """max |x|."""
    return f.maximum(x, -x).max()


def _zeros(x: Tensor) -> Tensor:
    """The share of numbers that are 0."""
    return f.equal(x, 0.0).cast(x.dtype).mean()


def _dead_units(x: Tensor) -> Tensor:
    """The share of units, along the last axis, that are 0 for all examples of the batch."""
    largest = f.maximum(x, -x).max(range(x.ndim - 1)) if x.ndim > 1 else f.maximum(x, -x)
    return f.equal(largest, 0.0).cast(x.dtype).mean()


def _spread(x: Tensor) -> Tensor:
    """The root mean square of how numbers differ from their mean over the first axis, the examples."""
    return f.root_mean_square(x - x.mean(0, keepdims=True)) if x.ndim else 0.0 * x


def _saturated(x: Tensor) -> Tensor:
    """The share of numbers within 0.02 of their bounds: -1 and 1, or 0 and 1 where none is negative."""
    below = _NEAR - (x.min() < 0.0).cast(x.dtype)
    return f.where(x < below, 1.0, (x > 1.0 - _NEAR).cast(x.dtype)).mean()


REDUCTIONS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {
        "root_mean_square": f.root_mean_square,
        "mean": lambda x: x.mean(),
        "largest": _largest,
        "zeros": _zeros,
        "dead_units": _dead_units,
        "spread": _spread,
        "saturated": _saturated,
    }
)


@dataclass(frozen=True)
class Probe(Part):
    """One number for each layer or parameter, measured within the training step.

    reads: for layers, 'activation' (the output) or 'delta' (the derivative of the loss with respect to it);
    for parameters, 'gradient', 'update' (what the optimizer adds) or 'value' (after the update).
    reduction: what it is reduced by: 'root_mean_square', 'mean', 'largest' (absolute number), 'zeros' (share
    of numbers that are 0), 'dead_units' (share of units that are 0 for all examples of the batch), 'spread'
    (root mean square of the differences between examples and their mean) or 'saturated' (share of numbers
    within 0.02 of -1 and 1, or of 0 and 1 where none is negative).
    per: another quantity of the same layer or parameter, such as 'value', by whose reduction the number is
    divided; or None. every: 'epoch' measures at the last full batch of every epoch, 'step' at every step.
    on: a shell pattern for the names of layers or parameters, such as 'dense_1*'.
    Raises ConfigError for another setting, and if one of `reads` and `per` is of layers and the other of
    parameters.
    """

    reads: str
    reduction: str = "root_mean_square"
    per: str | None = None
    every: str = "epoch"
    on: str = "*"

    def __post_init__(self) -> None:
        check_choice("Probe", "reads", self.reads, READS)
        check_choice("Probe", "reduction", self.reduction, REDUCTIONS)
        check_choice("Probe", "every", self.every, ("epoch", "step"))
        check_text(self, "on", self.on)
        if self.per is not None:
            check_choice("Probe", "per", self.per, [other for other in READS if self._beside(other)])

    def _beside(self, other: str) -> bool:
        of_layers = ("activation", "delta")
        return other != self.reads and (other in of_layers) == (self.reads in of_layers)

    @property
    def name(self) -> str:
        """Its name in records, such as 'activation', 'activation_zeros' or 'update_per_value'."""
        reduced = "" if self.reduction == "root_mean_square" else f"_{self.reduction}"
        return f"{self.reads}{reduced}" + (f"_per_{self.per}" if self.per else "")

    def output(self, path: str) -> str:
        """The name of the training step's output for a layer or parameter."""
        return f"{self.name} {path}" + (EACH_STEP if self.every == "step" else "")

    def measure(self, readings: Mapping[str, Tensor]) -> Tensor:
        """Record the number. readings: of one layer or parameter: 'activation' -> Tensor, and so on."""
        reduce = REDUCTIONS[self.reduction]
        number = reduce(readings[self.reads])
        return number if self.per is None else number / reduce(readings[self.per])


PROBES: Mapping[str, Probe] = MappingProxyType(
    {
        "activation": Probe("activation"),
        "delta": Probe("delta"),
        "gradient": Probe("gradient"),
        "update": Probe("update"),
        "value": Probe("value"),
        "activation_mean": Probe("activation", "mean"),
        "activation_largest": Probe("activation", "largest"),
        "activation_zeros": Probe("activation", "zeros"),
        "activation_dead_units": Probe("activation", "dead_units"),
        "activation_spread": Probe("activation", "spread"),
        "activation_saturated": Probe("activation", "saturated"),
        "delta_largest": Probe("delta", "largest"),
        "delta_zeros": Probe("delta", "zeros"),
        "gradient_largest": Probe("gradient", "largest"),
        "value_largest": Probe("value", "largest"),
        "update_per_value": Probe("update", per="value"),
    }
)
"""Probes by the names that `watch=` accepts."""
USUAL = tuple(PROBES[name] for name in READS)
"""The probes that are watched by default."""

Watch = bool | str | Probe | Sequence[str | Probe]
"""True for `USUAL`, False for none; else names in PROBES, and probes."""


def probes_of(watch: Watch) -> tuple[Probe, ...]:
    """The probes that `watch` means. Raises ConfigError, suggesting the nearest name, for an unknown one."""
    if isinstance(watch, bool):
        return USUAL if watch else ()
    given = [watch] if isinstance(watch, str | Probe) else watch
    if not isinstance(given, Sequence):
        raise ConfigError(f"watch is {watch!r}", remedy="give True, False, names of probes, or probes")
    return tuple(dict.fromkeys(_probe_of(each) for each in given))


def _probe_of(given: str | Probe) -> Probe:
    if isinstance(given, Probe):
        return given
    if not isinstance(given, str) or given not in PROBES:
        hint = did_you_mean(given, PROBES) if isinstance(given, str) else ""
        raise ConfigError(
            f"watch: there is no probe {given!r}{hint}",
            remedy=f"it must be one of {', '.join(PROBES)}, or a Probe of your own",
        )
    return PROBES[given]


def every_step(probes: Sequence[Probe]) -> tuple[Probe, ...]:
    """The probes that measure at every step."""
    return tuple(probe for probe in probes if probe.every == "step")


def readings_of(
    outputs: Mapping[str, Tensor],
    deltas: Mapping[str, Tensor],
    values: Mapping[str, Tensor],
    gradients: Mapping[str, Tensor],
    updates: Mapping[str, Tensor],
) -> dict[str, dict[str, Tensor]]:
    """Layer -> its activation and delta; parameter -> its value, gradient and update."""
    of_layers = {
        path: {"activation": output} | ({"delta": deltas[path]} if path in deltas else {})
        for path, output in outputs.items()
    }
    of_parameters = {
        name: {"value": value, "gradient": gradients[name], "update": updates[name]}
        for name, value in values.items()
    }
    return of_layers | of_parameters


def measured(probes: Sequence[Probe], places: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Record the numbers of the probes, by `Probe.output`. places: see `readings_of`.

    Raises ConfigError for a probe whose pattern matches nothing.
    """
    found: dict[str, Tensor] = {}
    hit: set[Probe] = set()
    for path, readings in places.items():
        for read in readings:
            for probe in probes:
                if probe.reads != read or not fnmatchcase(path, probe.on):
                    continue
                hit.add(probe)
                if probe.per is None or probe.per in readings:
                    found[probe.output(path)] = probe.measure(readings)
    for probe in probes:
        if probe not in hit and probe.on != "*":
            known = [path for path, readings in places.items() if probe.reads in readings]
            raise ConfigError(
                f"watch: no {probe.reads} has a name like {probe.on!r}{did_you_mean(probe.on, known)}",
                remedy=f"give a pattern for {', '.join(known[:8])}{' …' if len(known) > 8 else ''}",
            )
    return found


def by_place(sizes: Mapping[str, float | list[float]]) -> dict[str, dict[str, float | list[float]]]:
    """The numbers as in records: layer or parameter -> name of the probe -> number, or one for each step."""
    watched: dict[str, dict[str, float | list[float]]] = {}
    for output, size in sizes.items():
        kind, _, path = output.removesuffix(EACH_STEP).partition(" ")
        watched.setdefault(path, {})[kind] = size
    return watched
