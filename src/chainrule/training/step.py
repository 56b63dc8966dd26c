"""Assembling the training step: forward pass, loss, deltas, update and probes as one Program."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from zlib import crc32

import numpy as np

from chainrule.backprop import differentiate, hessian_program
from chainrule.data import Arrays
from chainrule.errors import ChainruleError, ConfigError
from chainrule.nn.initializers import Initializer
from chainrule.nn.layer import RANDOM_KEY, Building, Rows, building
from chainrule.nn.optimizers.on_host import HostTransform
from chainrule.nn.results import check_scalar, check_tensor, described
from chainrule.program import Program, Tensor, Trace, Value
from chainrule.program import functions as f
from chainrule.program.garbage import no_garbage_collection
from chainrule.training.objective import forwarded, predicted, recorded
from chainrule.training.probes import Probe, measured, readings_of
from chainrule.training.recipe import Recipe
from chainrule.training.state import OPTIMIZER

_Shapes = Mapping[str, tuple[tuple[int, ...], str]]
"""(shape, dtype) by name."""


@dataclass(frozen=True)
class Batch:
    """Shapes and dtypes of one batch: name -> (shape, dtype), with the names of `Arrays`."""

    inputs: _Shapes

    @property
    def rows(self) -> int:
        """The number of examples."""
        return next(iter(self.inputs.values()))[0][0]

    @staticmethod
    def of(arrays: Arrays, rows: int) -> "Batch":
        """A batch of this many rows of these arrays."""
        return Batch({name: ((rows, *a.shape[1:]), a.dtype.name) for name, a in arrays.named.items()})


@dataclass(frozen=True)
class TrainingStep:
    """One step of training as a program, with the initializers of its parameters and of the state of layers.

    Outputs of the program: 'loss' (without penalties), and the numbers of probes, by `Probe.output`, such as
    'activation PATH' for each layer and 'gradient NAME' for each parameter.
    """

    program: Program
    initializers: Mapping[str, Initializer]


@no_garbage_collection()
def training_step(recipe: Recipe, batch: Batch, *, watch: Sequence[Probe] = ()) -> TrainingStep:
    """Record one whole training step.

    watch: probes to measure. Raises ShapeError or DTypeError, naming the layer, for shapes that do not fit.
    """
    trace = Trace()
    inputs = inputs_of(trace, recipe, batch.inputs)
    with building(trace, training=True, dtype=recipe.dtype) as built:
        loss = recorded(recipe.objective, inputs, built).loss
    # Of a table that is looked up sparsely, the rows of this step stand for the whole.
    parameters = dict(trace.parameters) | {name: rows.values for name, rows in built.rows.items()}
    objective = _with_penalties(recipe, loss, trace.parameters, built)
    _refuse_whole_tables(recipe, trace, built.rows)
    deltas = differentiate(objective, parameters.values())
    gradients = {name: deltas[tensor.value] for name, tensor in parameters.items()}
    with trace.at(layer="gradient_point", part="update"):
        point = recipe.optimizer.gradient_point(gradients, parameters)
    if point is not None:
        gradients = _gradients_at(point, recipe, inputs)
    with trace.at(layer="optimizer", part="update"):
        changes, updates = _optimize(recipe, objective, gradients, parameters, built.rows)
        news = {}
        for name, parameter in parameters.items():
            with trace.at(layer=name):
                whole, rows = trace.parameters[name], built.rows.get(name)
                changes[name] = changes[name] * rows.used if rows else changes[name]
                news[name] = parameter + changes[name]
                updates[whole] = f.put(whole, rows.numbers, news[name]) if rows else news[name]
    results = {"loss": loss}
    if watch:
        with trace.at(layer="sizes", part="watch"):
            news |= {name: news[name] * rows.used for name, rows in built.rows.items()}
            known = {path: deltas[y.value] for path, y in built.outputs.items() if y.value in deltas}
            results |= measured(watch, readings_of(built.outputs, known, news, gradients, changes))
    program = trace.program(results, updates | built.updates)
    trace.release()
    return TrainingStep(program, built.initializers)


def inputs_of(
    trace: Trace, recipe: Recipe, shapes: Mapping[str, tuple[tuple[int, ...], str]]
) -> dict[str, Tensor]:
    """The inputs of a program by name. uint8 inputs, such as images, are cast within the program.

    shapes: (shape, dtype) of each. uint8 x become what other integer x become, and uint8 y are class numbers.
    """
    whole = recipe.objective.takes_whole_numbers()
    inputs = {name: trace.input(name, shape, dtype) for name, (shape, dtype) in shapes.items()}
    for name, tensor in inputs.items():
        if tensor.dtype == "uint8":
            wanted = "int32" if whole or name.partition(".")[0] == "y" else recipe.dtype
            inputs[name] = tensor.cast(wanted)
    return inputs


def _gradients_at(
    point: Mapping[str, Tensor], recipe: Recipe, inputs: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The gradients of the same objective at another point, with the same random numbers."""
    with building(next(iter(inputs.values())).trace, training=True, at=point, dtype=recipe.dtype) as built:
        loss = recorded(recipe.objective, inputs, built).loss
    deltas = differentiate(_with_penalties(recipe, loss, point, built), point.values())
    return {name: deltas[tensor.value] for name, tensor in point.items()}


@no_garbage_collection()
def prediction_program(recipe: Recipe, batch: Batch, *, raw: bool = False, measured: bool = False) -> Program:
    """The forward pass, without dropout: 'prediction', or 'prediction.kind' … for several outputs.

    raw: the outputs of the model, not converted to probabilities. measured: also compute the 'loss', for a
    batch with targets.
    """
    trace = Trace()
    inputs = inputs_of(trace, recipe, batch.inputs)
    with building(trace, training=False, dtype=recipe.dtype) as built:
        if not measured:
            return trace.program(forwarded(recipe.objective, inputs, built, raw=raw))
        result = recorded(recipe.objective, inputs, built)
        said = predicted(recipe.objective, result.outputs, raw=raw)
        return trace.program(said | {"loss": result.loss})


@no_garbage_collection()
def curvature_program(recipe: Recipe, batch: Batch) -> Program:
    """The forward pass, without dropout, its loss, without penalties, and what `hessian_program` adds."""
    trace = Trace()
    inputs = inputs_of(trace, recipe, batch.inputs)
    with building(trace, training=False, dtype=recipe.dtype) as built:
        return hessian_program(recorded(recipe.objective, inputs, built).loss)


def held_by_model(program: Program) -> list[Value]:
    """The values with which the model of a training step predicts: parameters, and state of layers."""
    of_layers = (v for v in program.state if v.name != RANDOM_KEY and not v.name.startswith(OPTIMIZER))
    return [*program.parameters, *of_layers]


def evaluated(recipe: Recipe, program: Program, tree: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays to predict with and to store; for some optimizers, parameters are averages.

    program: a training step. The arrays may be those of the tree.
    """
    held = {value.name: tree[value.name] for value in held_by_model(program)}
    trained = {value.name: tree[value.name] for value in program.parameters}
    return held | recipe.optimizer.evaluated(optimizer_state(tree), trained)


def optimizer_state(tree: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The optimizer's part of the tree, by the optimizer's own names."""
    return {n.removeprefix(OPTIMIZER): array for n, array in tree.items() if n.startswith(OPTIMIZER)}


def initial_tree(
    recipe: Recipe, step: TrainingStep, given: Mapping[str, np.ndarray] = MappingProxyType({})
) -> dict[str, np.ndarray]:
    """The initial parameters and state, by name.

    given: arrays of the model that are known, such as those of another run; an array of another name, shape
    or dtype is ignored.

    Each array is drawn from a separate random generator, seeded by the seed and its name, so that adding a
    layer does not change the weights of others.
    """
    tree = {
        value.name: given[value.name].copy()
        if _is_like(given.get(value.name), value)
        else _first_value(step.initializers[value.name], value, recipe.seed)
        for value in held_by_model(step.program)
    }
    state = recipe.optimizer.init({value.name: tree[value.name] for value in step.program.parameters})
    tree |= {OPTIMIZER + name: array for name, array in state.items()}
    if any(value.name == RANDOM_KEY for value in step.program.state):
        folded = (recipe.seed ^ (recipe.seed >> 32)) & 0xFFFFFFFF
        tree[RANDOM_KEY] = np.array([folded, 0], np.uint32)
    return tree


def _is_like(array: np.ndarray | None, value: Value) -> bool:
    return array is not None and array.shape == value.shape and array.dtype == value.dtype


def _first_value(initializer: Initializer, value: Value, seed: int) -> np.ndarray:
    array = initializer(value.shape, _generator(seed, value.name), value.dtype)
    got = described(array)
    if isinstance(array, np.ndarray):
        if array.shape == value.shape and array.dtype == value.dtype:
            return array
        got = f"{got} of {array.dtype}"
    raise ChainruleError(
        f"{type(initializer).__name__} gave {got} for '{value.name}'",
        remedy=f"it must give an array of shape {value.shape} of {value.dtype}, as its arguments say",
    )


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array([seed, crc32(name.encode())], np.uint64)))


def _with_penalties(
    recipe: Recipe, loss: Tensor, parameters: Mapping[str, Tensor], built: Building
) -> Tensor:
    objective = loss
    for penalty in recipe.penalties:
        owner = type(penalty).__name__
        with loss.trace.at(layer="penalty", label=owner):
            for what, amount in (
                ("its __call__", penalty(parameters)),
                ("its of_outputs", penalty.of_outputs(built.outputs)),
            ):
                if amount is not None:
                    check_scalar(owner, what, amount)
                    objective = objective + amount
    return objective


def _refuse_whole_tables(recipe: Recipe, trace: Trace, rows: Mapping[str, Rows]) -> None:
    """Raise ConfigError where a step could not leave most rows of a sparse table alone."""
    for name, looked_up in rows.items():
        table, values = trace.parameters[name].value, looked_up.values.value
        for step in trace.steps:
            if table in step.inputs and step.output is not values:
                raise ConfigError(
                    f"'{name}' is sparse, and {step.layer or 'the objective'} reads all of it",
                    remedy="use weight decay in place of a penalty, as it acts on the rows of a step, "
                    "or a table that is not sparse",
                )
        if not recipe.optimizer.acts_by_rows(name):
            raise ConfigError(
                f"'{name}' is sparse, and the optimizer does not act by rows",
                remedy="use one such as adam, adagrad or sgd for it, by nn.Partition beside others, "
                "or a table that is not sparse",
            )


def _optimize(
    recipe: Recipe,
    loss: Tensor,
    gradients: Mapping[str, Tensor],
    parameters: Mapping[str, Tensor],
    rows: Mapping[str, Rows],
) -> tuple[dict[str, Tensor], dict[Tensor, Tensor]]:
    """What the optimizer adds to each parameter, and the updates of its state.

    loss: with penalties. rows: of sparse tables, in whose place the parameters have these rows.
    """
    trace = loss.trace
    shapes = {name: (t.shape, t.dtype) for name, t in trace.parameters.items()}
    arrays = recipe.optimizer.init(_zeros(shapes))
    wholes = {name: trace.state(OPTIMIZER + name, a.shape, a.dtype.name) for name, a in arrays.items()}
    numbers = {
        name: next(rows[table].numbers for table in sorted(rows, key=len)[::-1] if name.endswith(f".{table}"))
        for name in _with_rows(recipe, shapes, rows)
    }
    state = {n: f.gather(whole, numbers[n]) if n in numbers else whole for n, whole in wholes.items()}
    owner = type(recipe.optimizer).__name__
    if isinstance(recipe.optimizer, HostTransform):  # solved between programs
        return {n: f.zeros_like(g) for n, g in gradients.items()}, {}
    with trace.at(label=owner):
        changes, fresh = recipe.optimizer.update_at(loss, gradients, state, parameters)
    for what, given, names in (("an update", changes, parameters), ("state", fresh, state)):
        if strange := sorted(set(given) ^ set(names)):
            raise ChainruleError(
                f"{owner}: its update gave {what} for {sorted(given)}; '{strange[0]}' is "
                f"{'missing' if strange[0] in names else 'none of those asked for'}",
                remedy="give an update for each parameter, and state of exactly the names of init",
            )
        for name, tensor in given.items():
            check_tensor(owner, f"its update, for '{name}',", tensor)
    updates = {
        whole: f.put(whole, numbers[name], fresh[name]) if name in numbers else fresh[name]
        for name, whole in wholes.items()
    }
    return dict(changes), updates


def _with_rows(recipe: Recipe, shapes: _Shapes, tables: Iterable[str]) -> list[str]:
    """The arrays of the optimizer that have a row for each row of a table: longer where that is longer."""
    longer = {name: ((shapes[name][0][0] + 1, *shapes[name][0][1:]), shapes[name][1]) for name in tables}
    if not longer:
        return []
    arrays, others = (recipe.optimizer.init(_zeros(each)) for each in (shapes, {**shapes, **longer}))
    return [name for name, array in arrays.items() if array.shape != others[name].shape]


def _zeros(shapes: _Shapes) -> dict[str, np.ndarray]:
    """Arrays of which only shapes and dtypes matter: views of one zero take no memory."""
    views = {form: np.broadcast_to(np.zeros((), form[1]), form[0]) for form in set(shapes.values())}
    return {name: views[form] for name, form in shapes.items()}
