"""Checks of a network at its start: signal and deltas from layer to layer, and weights that are all alike."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chainrule.doctor.examined import Examined, few_of
from chainrule.doctor.short_run import ShortRun
from chainrule.nn.losses.loss import LOGITS
from chainrule.program import FLOATS, Program, Step, ending_in
from chainrule.training.findings import Finding
from chainrule.training.probes import Probe

_STEPS = 5
"""Of training, after which all is measured once more: what is zero at the start by intention, such as the
last layer or the scale of a residual branch, is no longer zero then."""
_FADES, _GROWS = 1e-3, 1e3
"""The first is AutoTrainer's bound for vanishing gradients (Zhang et al. 2021). On handwritten digits, with
six and ten layers of relu, tanh or sigmoid and weights of five sizes, all networks that keep less end at an
accuracy of 0.84 or below, and those that end above 0.95 keep more."""
_WEAK, _STRONG = 1e-2, 1e2
_SATURATED = 0.5  # share of a layer's numbers, as DeepDiagnosis has it (Wardat et al. 2022)
_SURE_LOGITS = 30.0
"""Logits that differ by so much give one class all the probability, before anything is learned."""
_ALIKE = 1e-3
_DEAD = 0.7
"""Share of a layer's units, as AutoTrainer and DeepDiagnosis have it."""
_SPREAD, _DELTA = Probe("activation", "spread"), Probe("delta")
_ZEROS, _SATURATION = Probe("activation", "dead_units"), Probe("activation", "saturated")
_PROBES = (_SPREAD, _DELTA, _ZEROS, _SATURATION)
_NOT_LAYERS = ("", "loss", "mixing", "random", "penalty")


@dataclass(frozen=True, eq=False)
class _Layer:
    """One layer on the first batch.

    spread: root mean square of how its output differs from example to example. delta: the length of the delta
    of one example. dead: the share of its units that are 0 for all examples. saturated: the share of its
    numbers at the flat ends of a sigmoid or tanh; None without.
    """

    path: str
    spread: float
    delta: float
    dead: float
    saturated: float | None


def signal(examined: Examined) -> list[Finding]:
    """Signal or deltas that shrink or grow from layer to layer before anything is learned.

    Measured on the first batch, at the start and after five steps. Forward it is how much
    the outputs of a layer differ from example to example: what is the same for all tells nothing. Backward it
    is the length of the delta of an example, which well-scaled weights preserve, whatever the widths. Both
    are compared between the first and the last hidden layer: the derivative of a logarithm, say, makes the
    deltas of probabilities as large as they are unlikely.
    A problem where less than a thousandth arrives, or a thousand times as much, both times. A note from a
    hundredth on, and where five steps have mended it.
    """
    if examined.rows < 2:
        return []
    before, after = _measured(examined, examined.tree, _some_steps_later(examined))
    if len(before) < 3 or len(before) != len(after):
        return []
    found = []
    for forward in (False, True):
        one, other = (_ratio(layers, forward=forward) for layers in (before, after))
        if other is None:
            continue
        one = one if one else other  # zero by intention, perhaps
        ratio = max(one, other) if other < 1 else min(one, other)
        if _WEAK <= ratio <= _STRONG and _FADES <= one <= _GROWS:
            continue
        severity = "note" if _FADES <= ratio <= _GROWS else "problem"
        ratio = one if _WEAK <= ratio <= _STRONG else ratio
        found.append(_signal_finding(before, ratio, severity, forward, _squashes(examined)))
    return [*found, *_saturation(before, after), *_sure_logits(examined, before, after)]


def _ratio(layers: list[_Layer], *, forward: bool) -> float | None:
    """What arrives of what is sent, at the last hidden layer or back at the first; None where nothing is."""
    first, last = layers[0], layers[-2]
    sent, arrives = (first.spread, last.spread) if forward else (last.delta, first.delta)
    return arrives / sent if sent > 0 and np.isfinite([sent, arrives]).all() else None


def _signal_finding(
    layers: list[_Layer], ratio: float, severity: str, forward: bool, squashing: bool
) -> Finding:
    sizes = [each.spread if forward else each.delta for each in layers]
    least = layers[-2] if forward else layers[0]
    said = _faded(layers, ratio, forward)
    if ratio > 1:
        causes = ("initial_weights_too_large", "missing_normalization")
        remedy = "take smaller initial weights, such as he_normal(), or normalize between the layers"
    elif max(each.dead for each in layers[:-1]) > _DEAD:
        causes = ("dead_units", "initial_weights_too_small", "missing_normalization")
        remedy = "take biases of 0, and weights such as he_normal()"
    elif squashing:
        causes = ("saturating_activation", "initial_weights_too_small", "missing_normalization")
        remedy = "use ReLU, or normalize between the layers"
    else:
        causes = ("initial_weights_too_small", "missing_normalization")
        remedy = "take larger initial weights, such as he_normal(), or normalize between the layers"
    return Finding(
        "signal",
        severity,
        said,
        remedy,
        least.path,
        causes=causes,
        evidence={
            "direction": "forward" if forward else "backward",
            "ratio": ratio,
            "layers": [each.path for each in layers],
            "sizes": sizes,
        },
    )


def _faded(layers: list[_Layer], ratio: float, forward: bool) -> str:
    first, last = layers[0].path, layers[-2].path
    times = _times(ratio if ratio > 1 else 1 / ratio) if ratio > 0 else ""
    if forward:
        if not times:
            return f"The outputs of layer '{last}' are the same for every example."
        much = "more" if ratio > 1 else "less"
        said = f"The outputs of layer '{last}' differ {times} times {much} from example to example"
        return f"{said} than those of layer '{first}'."
    size = (
        f"a delta {times} times {'larger' if ratio > 1 else 'smaller'} than" if times else "no delta, unlike"
    )
    return f"Layer '{first}', the first of {len(layers)}, receives {size} '{last}', the last but one."


def _saturation(before: list[_Layer], after: list[_Layer]) -> list[Finding]:
    worst = [
        (min(one.saturated, other.saturated), one.path)
        for one, other in zip(before, after, strict=True)
        if one.saturated is not None and other.saturated is not None
    ]
    share, path = max(worst, default=(0.0, ""))
    if share < _SATURATED:
        return []
    return [
        Finding(
            "signal",
            "note",
            f"{share:.0%} of the outputs of layer '{path}' are at the flat ends of its activation, where "
            "hardly any delta comes through.",
            "take smaller initial weights, and inputs of deviation 1",
            path,
            causes=("initial_weights_too_large", "unscaled_inputs", "saturating_activation"),
            evidence={"saturated": share},
        )
    ]


def _sure_logits(examined: Examined, before: list[_Layer], after: list[_Layer]) -> list[Finding]:
    takes = {head.loss.of_one().takes for head in examined.heads}
    spread = min(before[-1].spread, after[-1].spread)
    if takes != {LOGITS} or spread < _SURE_LOGITS:
        return []
    return [
        Finding(
            "signal",
            "note",
            f"Before anything is learned the outputs of layer '{before[-1].path}' differ by {spread:.3g} "
            "from example to example: the network is sure of classes that it guesses.",
            "take smaller initial weights, and inputs of deviation 1",
            before[-1].path,
            causes=("initial_weights_too_large", "unscaled_inputs"),
            evidence={"spread": spread},
        )
    ]


def symmetric_weights(examined: Examined) -> list[Finding]:
    """Weights of a layer whose units are all alike, and stay so: they learn the same, as one unit would.

    Units are alike by intention in a last layer of zeros; so it counts only where all of them have made the
    same five steps, or none.
    """
    alike = {
        value.name: examined.tree[value.name]
        for value in examined.forward.parameters
        if len(value.shape) > 1
        and value.shape[-1] > 1
        and np.ptp(examined.tree[value.name], axis=-1).max() == 0
    }
    later = _some_steps_later(examined) if alike else {}
    same = [name for name, start in alike.items() if _stay_alike(start, later[name])]
    if not same:
        return []
    first = alike[same[0]]
    paths = [name.rpartition(".")[0] for name in same]
    others = f", and so do those of {_more_layers(len(same) - 1)}" if len(same) > 1 else ""
    return [
        Finding(
            "symmetric_weights",
            "problem",
            f"All {first.shape[-1]} units of layer '{paths[0]}' begin with the same weights "
            f"({first.flat[0]:g}) and make the same steps{others}.",
            "draw the weights at random, such as by he_normal()",
            paths[0],
            causes=("symmetric_weights",),
            evidence={"layers": paths, "units": first.shape[-1], "value": float(first.flat[0])},
        )
    ]


def _more_layers(count: int) -> str:
    return "1 more layer" if count == 1 else f"{count} more layers"


def _stay_alike(start: np.ndarray, later: np.ndarray) -> bool:
    moved = float(np.abs(later - start).max())
    return bool(np.ptp(later, axis=-1).max() <= _ALIKE * moved)


def _some_steps_later(examined: Examined) -> dict[str, np.ndarray]:
    run = ShortRun(examined.programs, examined.examples, examined.rows, examined.tree)
    run.advance(_STEPS)
    return run.tree


def _measured(examined: Examined, *trees: Mapping[str, np.ndarray]) -> list[list[_Layer]]:
    """For each tree the layers on the first batch, in their order, as far as deltas come back to them."""
    batch = few_of(examined.batch, examined.rows)
    program = examined.programs.step(batch, len(batch), watch=_PROBES).program
    last = _last_steps(program)
    names = [probe.output(path) for probe in _PROBES for path in last]
    wanted = {name: program.outputs[name] for name in names if name in program.outputs}
    compiled = examined.programs.compile(ending_in(program, wanted))
    found = []
    for tree in trees:
        with np.errstate(all="ignore"):
            sizes = compiled.run({name: array.copy() for name, array in tree.items()}, batch.named)
        found.append(_layers(last, sizes, len(batch)))
    return found


def _layers(last: Mapping[str, Step], sizes: Mapping[str, np.ndarray], examples: int) -> list[_Layer]:
    """last: as of `_last_steps`. sizes: what the probes measured."""
    layers = []
    for path, step in last.items():
        shape = step.output.shape
        if len(shape) < 2 or shape[0] != examples or _SPREAD.output(path) not in sizes:
            continue
        spread, delta, dead, saturated = (float(sizes[probe.output(path)]) for probe in _PROBES)
        length = delta * float(np.sqrt(np.prod(shape[1:])))
        squashes = step.operation in ("sigmoid", "tanh")
        layers.append(_Layer(path, spread, length, dead, saturated if squashes else None))
    return layers


def _last_steps(program: Program) -> dict[str, Step]:
    """The step that makes the output of each layer that a delta comes back to, by path."""
    last: dict[str, Step] = {}
    for step in program.part("forward"):
        known = step.output in program.deltas and step.output.dtype in FLOATS
        if known and step.layer.partition(".")[0] not in _NOT_LAYERS:
            last[step.layer] = step
    return last


def _squashes(examined: Examined) -> bool:
    """Whether a sigmoid or tanh lies between the layers."""
    hidden = list(_last_steps(examined.programs.step(examined.batch, len(examined.batch)).program).values())
    return any(step.operation in ("sigmoid", "tanh") for step in hidden[:-1])


def _times(ratio: float) -> str:
    return f"{float(f'{ratio:.2g}'):,.0f}" if ratio < 1e9 else f"{ratio:.0e}"
