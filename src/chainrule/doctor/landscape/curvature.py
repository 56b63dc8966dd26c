"""How curved the loss is at the weights of a run, over a fixed sample of examples."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.backprop import Hessian
from chainrule.calls import naming_settings
from chainrule.data import Arrays, Source
from chainrule.errors import ChainruleError, ConfigError, DataError
from chainrule.program import NamedArrays
from chainrule.training import Run
from chainrule.training.inputs import arrays_for, check_examples, check_lengths
from chainrule.training.programs import PREDICTION_ROWS
from chainrule.training.supply import supply_of

_MOST_EXAMPLES, _FEWEST_EXAMPLES = 2 * PREDICTION_ROWS, 64
_MULTIPLY_ADDS = 5e8  # of one forward pass over the sample; a landscape has hundreds of them


@dataclass(frozen=True)
class Sharpness:
    """The curvature of the loss at the weights of a run.

    loss: the mean over the sample, without penalties. gradient: the length of its gradient, 0 at a minimum.
    largest, smallest: eigenvalues of its Hessian. The largest is the sharpness of a minimum; where the
    smallest is well below 0 there is none, for along one direction the loss bends down. examples: of the
    sample.
    """

    loss: float
    gradient: float
    largest: float
    smallest: float
    examples: int


@naming_settings()
def sharpness(run: Run, data: Any = None, *, examples: int | None = None, seed: int = 0) -> Sharpness:
    """The loss, its gradient and the ends of its Hessian's spectrum at the weights of a run.

    By some seventy Hessian-vector products (`Hessian.ends`), each the cost of two to four gradients over the
    sample. The model is as in prediction: without dropout, with the statistics that BatchNorm has kept.
    data, examples, seed: as of `hessian_of`. Raises as that, and ChainruleError where the loss is not finite.
    """
    sample = sample_of(run, data, examples, seed)
    return sharpness_at(run, sample, seed)


@naming_settings()
def hessian_of(run: Run, data: Any = None, *, examples: int | None = None, seed: int = 0) -> Hessian:
    """The Hessian of the mean loss at the weights of a run, by its products with vectors.

    data: (x, y) or a source, as in training; None: what the run was trained on. examples: at least 1; of
    more, so many are drawn at random by seed, the same every time. None: 1,024, of networks with many
    multiply-adds fewer, but at least 64. Of a source and of sequences of different lengths they are drawn
    among the first 512.
    Raises DataError for a run that was loaded and no data, and as `Run.evaluate`.
    """
    return hessian_at(run, sample_of(run, data, examples, seed))


def sharpness_at(run: Run, sample: Arrays, seed: int) -> Sharpness:
    """The sharpness over these examples."""
    hessian = hessian_at(run, sample)
    loss, gradient = hessian.gradient()
    if not np.isfinite(loss):
        raise ChainruleError(
            f"the loss at the weights of this run is {loss}",
            remedy="take a run whose training did not break down",
        )
    smallest, largest = hessian.ends(seed=seed)
    return Sharpness(loss, float(np.linalg.norm(gradient)), largest, smallest, len(sample))


def hessian_at(run: Run, sample: Arrays) -> Hessian:
    """The Hessian over these examples."""
    tree = dict(run.parameters)
    parts = [sample.take(slice(i, i + PREDICTION_ROWS)) for i in range(0, len(sample), PREDICTION_ROWS)]
    trained = run.programs.curvature(parts[0], len(parts[0])).program.parameters

    def evaluate(directions: NamedArrays) -> Iterator[tuple[NamedArrays, float]]:
        for part in parts:
            compiled = run.programs.curvature(part, len(part))
            weight = len(part) if part.weight is None else float(part.weight.sum())
            yield compiled.run(tree, {**part.named, **directions}), weight

    return Hessian({value.name: run.parameters[value.name] for value in trained}, evaluate)


def sample_of(run: Run, data: Any, examples: int | None, seed: int) -> Arrays:
    """So many examples, checked; see `hessian_of`."""
    if examples is None:
        fitting = int(_MULTIPLY_ADDS / max(run.summary().multiply_adds, 1))
        examples = min(max(fitting, _FEWEST_EXAMPLES), _MOST_EXAMPLES)
    elif not isinstance(examples, int) or isinstance(examples, bool) or examples < 1:
        raise ConfigError(f"examples is {examples!r}", remedy="give a whole number, at least 1")
    if data is None:
        if run.going_on is None:
            raise DataError(
                "this run has no data in memory to measure its loss on: it was loaded, or trained by a task",
                remedy="give (x, y) as in training",
            )
        data = run.going_on.data
    elif not isinstance(data, Source):
        data = arrays_for(run.recipe, data, columns=run.columns)
    sample = supply_of(run.programs, data).sample
    if sample.y is None and run.recipe.objective.needs_targets:
        raise DataError("the data has no targets", remedy="pass a pair (x, y)")
    check_lengths(run.programs, sample.inputs.named, run.input_shapes, run.parameters, "the loss landscape")
    check_examples(run.programs, sample)
    if len(sample) <= examples:
        return sample
    chosen = np.random.default_rng(seed).permutation(len(sample))[:examples]
    return sample.take(np.sort(chosen))
