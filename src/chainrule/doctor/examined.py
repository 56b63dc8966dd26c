"""What checks look at: a training that is about to begin."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from chainrule.data import Arrays, Source
from chainrule.executors import DEFAULT
from chainrule.program import Program
from chainrule.training.fitting import check_supplies, starting_tree_of
from chainrule.training.heads import Head, heads_of
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.supply import Supply, supply_of

_FEWEST = 8


def few_of(examples: Arrays, most: int, numbers: int = 1 << 18) -> Arrays:
    """The first examples: at most so many, and of large ones no more than have so many numbers together."""
    each = sum(int(np.prod(array.shape[1:])) for array in examples.inputs.named.values())
    return examples.take(slice(min(most, max(_FEWEST, numbers // max(each, 1)))))


@dataclass(frozen=True, eq=False)
class Examined:
    """What is examined: a recipe with its data, before the first step.

    programs: of the recipe. data, held_out: what is trained on, and validated with. tree: parameters and
    state before the first step; whoever trains copies it. steps: how many are planned; None where nobody
    knows how many examples there are.
    """

    recipe: Recipe
    programs: Programs
    data: Supply
    held_out: Supply | None
    tree: Mapping[str, np.ndarray]
    steps: int | None

    @property
    def examples(self) -> Arrays:
        """Those in memory: all of plain arrays, else a few hundred."""
        return self.data.sample

    @property
    def rows(self) -> int:
        """Of a full batch."""
        return self.data.rows(self.recipe.batch_size)

    @property
    def heads(self) -> list[Head]:
        """The heads with their losses, and with targets among the examples; none of an own objective."""
        return [head for head in heads_of(self.recipe.objective) if head.target in self.examples.named]

    @cached_property
    def batch(self) -> Arrays:
        """The first batch of training, as the step gets it."""
        seed = self.recipe.seed if self.recipe.shuffle else None
        with closing(self.data.feed(self.rows, seed, 1)) as parts:
            part = next(parts)
        return Arrays({name: array[part.order[0]] for name, array in part.arrays.items()})

    @cached_property
    def forward(self) -> Program:
        """The forward pass of one row with the raw outputs."""
        return self.programs.forward(self.examples.inputs, 1, raw=True)

    def targets(self, head: Head) -> np.ndarray:
        """Of the examples."""
        return self.examples.named[head.target]

    def whose(self, head: Head) -> str:
        """'the targets', or 'the targets of kind' where there are several heads."""
        return f"the targets of {head.name}" if head.name else "the targets"


def examined_of(
    recipe: Recipe,
    data: Arrays | Source,
    validation: Arrays | Source | None,
    *,
    initial: Mapping[str, np.ndarray] = MappingProxyType({}),
    executor: str = DEFAULT,
) -> Examined:
    """A training that is about to begin. Arguments are those of `train_recipe`, and it raises as that does.

    What training would warn of is left to the checks.
    """
    programs = Programs(recipe, executor)
    supply = supply_of(programs, data)
    held_out = None if validation is None else supply_of(programs, validation)
    check_supplies(recipe, programs, supply, held_out)
    tree = starting_tree_of(recipe, supply, programs, initial)
    count = supply.examples
    steps = None if count is None else recipe.epochs * -(-count // supply.rows(recipe.batch_size))
    return Examined(recipe, programs, supply, held_out, tree, steps)
