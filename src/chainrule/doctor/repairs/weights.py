"""Repairs of weights and activations: drawn anew, revived, exchanged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np

from chainrule.doctor.examined import few_of
from chainrule.doctor.repairs.change import Change, model_of, with_model
from chainrule.doctor.surgery import (
    WITH_ACTIVATION,
    activation_of,
    hidden_mapped,
    innermost,
    mapped,
    with_activation,
)
from chainrule.nn import glorot_uniform, he_normal, lecun_normal, orthogonal, zeros
from chainrule.nn.initializers import Initializer
from chainrule.nn.layer import RANDOM_KEY, Layer, building
from chainrule.program import FLOATS, Tensor, Trace, ending_in
from chainrule.program import functions as f
from chainrule.training.attending import Patient
from chainrule.training.fitting import starting_tree_of
from chainrule.training.objective import forwarded
from chainrule.training.state import OPTIMIZER, RunState
from chainrule.training.step import Batch, evaluated, inputs_of

SQUASHING = ("sigmoid", "tanh", "hard_sigmoid", "hard_tanh", "softsign")
_ONE_SIDED = ("relu", "relu6")
_USUAL: Mapping[str, Initializer] = {
    **dict.fromkeys(SQUASHING, glorot_uniform()),
    "selu": lecun_normal(),
}
_EXAMPLES, _NUMBERS = 256, 1 << 19
"""That units are looked at with: so many at most, and so many numbers of their inputs."""
_SHAKEN = 0.5
_ELSEWHERE = 1_000_003
"""What the seed of other weights is ahead of the training's."""


def reinitialize(patient: Patient, state: RunState) -> Iterator[Change]:
    """All weights drawn anew: by He for ReLU and its kin, Glorot for what squashes, LeCun for SELU."""
    del state
    recipe = with_model(patient.recipe, usually_initialized)
    if recipe is not None:
        yield Change("weights drawn anew, at the scale that each activation needs", recipe, anew=True)


def restart(patient: Patient, state: RunState) -> Iterator[Change]:
    """Other weights, drawn as the first ones were: training leaves a poor minimum by beginning elsewhere."""
    if state.step:
        said, arrays = "other weights, drawn as the first ones were", partial(_drawn_elsewhere, patient)
        yield Change(said, patient.recipe, anew=True, arrays=arrays)


def _drawn_elsewhere(patient: Patient) -> dict[str, np.ndarray]:
    recipe = patient.recipe
    elsewhere = replace(recipe, seed=(recipe.seed + _ELSEWHERE) % 2**32)
    other = patient.by(elsewhere)
    drawn = starting_tree_of(elsewhere, other.data, other.programs)
    return {name: array for name, array in drawn.items() if name != RANDOM_KEY}


def shake_weights(patient: Patient, state: RunState) -> Iterator[Change]:
    """Noise added to the weights of every layer, a share of their own deviation: out of a poor minimum."""
    names = [name for name in state.tree if name.endswith("weight") and not name.startswith(OPTIMIZER)]
    if state.step and names:
        said = f"weights with noise of {_SHAKEN:g} of their deviation"
        yield Change(said, patient.recipe, arrays=partial(_shaken, patient, state, names))


def _shaken(patient: Patient, state: RunState, names: Sequence[str]) -> dict[str, np.ndarray]:
    random = np.random.Generator(np.random.Philox(key=[patient.recipe.seed, state.step]))
    known = ((name, state.tree[name]) for name in sorted(names))
    return {
        name: (array + random.normal(0, _SHAKEN * array.std(), array.shape)).astype(array.dtype)
        for name, array in known
    }


def usually_initialized(model: Layer) -> Layer:
    """The model with the usual initializers."""
    return mapped(model, _initialized)


def _initialized(layer: Layer) -> Layer:
    known = {each.name: getattr(layer, each.name) for each in fields(layer)}
    changed: dict[str, Initializer] = {}
    if isinstance(known.get("weight"), Initializer):
        function = activation_of(layer)
        recurrent = isinstance(known.get("recurrent"), Initializer)
        changed["weight"] = glorot_uniform() if recurrent else _USUAL.get(function or "", he_normal())
        if recurrent:
            changed["recurrent"] = orthogonal()
    if isinstance(layer, WITH_ACTIVATION):
        changed["bias"] = zeros
    return replace(layer, **changed)


def exchange_activation(patient: Patient, state: RunState) -> Iterator[Change]:
    """ReLU in the place of what squashes, with He's weights; leaky ReLU in the place of ReLU."""
    model = model_of(patient.recipe)
    known = {activation_of(each) for each in innermost(model)} if model is not None else set()
    if known & {*SQUASHING}:
        recipe = with_model(patient.recipe, _with_relu)
        if recipe is not None:
            yield Change("ReLU in place of the activations that saturate", recipe, anew=True)
    if known & {*_ONE_SIDED}:
        recipe = with_model(patient.recipe, _with_leaks)
        if recipe is not None:
            yield Change("leaky ReLU in place of ReLU", recipe)
            if state.step:
                yield Change("leaky ReLU in place of ReLU, from the start", recipe, anew=True)


def _with_relu(model: Layer) -> Layer:
    def exchanged(layer: Layer) -> Layer:
        return with_activation(layer, "relu") if activation_of(layer) in SQUASHING else layer

    return usually_initialized(hidden_mapped(model, exchanged))


def _with_leaks(model: Layer) -> Layer:
    def exchanged(layer: Layer) -> Layer:
        return with_activation(layer, "leaky_relu") if activation_of(layer) in _ONE_SIDED else layer

    return hidden_mapped(model, exchanged)


def revive_dead_units(patient: Patient, state: RunState) -> Iterator[Change]:
    """Units that give 0 for every example get weights drawn anew and a bias of 0; the others stay."""
    arrays, count = {}, 0
    for path, units in units_of(patient, state).items():
        weight, bias = f"{path}.weight", f"{path}.bias"
        dead = units.largest == 0
        if not dead.any() or weight not in state.tree or state.tree[weight].shape[-1] != len(dead):
            continue
        fresh = state.tree[weight].copy()
        random = np.random.Generator(np.random.Philox(key=[patient.recipe.seed, state.step]))
        fan_in = int(np.prod(fresh.shape[:-1]))
        drawn = random.normal(0, np.sqrt(2 / fan_in), (*fresh.shape[:-1], int(dead.sum())))
        fresh[..., dead] = drawn.astype(fresh.dtype)
        arrays[weight] = fresh
        if bias in state.tree:
            arrays[bias] = np.where(dead, 0, state.tree[bias]).astype(fresh.dtype)
        count += int(dead.sum())
    if count:
        yield Change(f"{count} dead units with new weights", patient.recipe, arrays=lambda: arrays)


@dataclass(frozen=True, eq=False)
class Units:
    """What the units of a layer give, (units,) each. largest: the largest absolute number."""

    mean: np.ndarray
    variance: np.ndarray
    largest: np.ndarray


def units_of(patient: Patient, state: RunState) -> dict[str, Units]:
    """What the units of every innermost layer give for some examples as prediction runs it, by path.

    Units lie along the last axis; all others are reduced within the program, so that little is kept.
    """
    examples = few_of(patient.data.sample.inputs, _EXAMPLES, _NUMBERS)
    trace = Trace()
    inputs = inputs_of(trace, patient.recipe, Batch.of(examples, len(examples)).inputs)
    with building(trace, training=False, dtype=patient.recipe.dtype) as built:
        forwarded(patient.recipe.objective, inputs, built, raw=True)
        wanted: dict[str, Tensor] = {}
        for path, y in built.outputs.items():
            if y.dtype not in FLOATS or y.ndim < 2:
                continue
            rows = tuple(range(y.ndim - 1))
            with trace.at(part="watch"):
                wanted[f"mean {path}"] = y.mean(rows)
                wanted[f"variance {path}"] = ((y - y.mean(rows)) ** 2).mean(rows)
                wanted[f"largest {path}"] = f.maximum(y, -y).max(rows)
        recorded = trace.program(wanted)
        program = ending_in(recorded, recorded.outputs)
    training = patient.programs.step(
        patient.data.sample, patient.data.rows(patient.recipe.batch_size)
    ).program
    tree = evaluated(patient.recipe, training, state.tree)
    with np.errstate(all="ignore"):
        found = patient.programs.compile(program).run(dict(tree), examples.named)
    paths = [name.partition(" ")[2] for name in wanted if name.startswith("mean ")]
    return {path: Units(*(found[f"{each.name} {path}"] for each in fields(Units))) for path in paths}
