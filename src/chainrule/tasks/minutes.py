"""Fitting training into given minutes, by timing a few steps; shared by tasks."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import Any

import numpy as np

from chainrule.data import Arrays, Source
from chainrule.executors import DEFAULT
from chainrule.tasks.settings import AUTO
from chainrule.tasks.task import Say
from chainrule.training import Programs, Recipe
from chainrule.training.fitting import starting_tree_of
from chainrule.training.supply import Supply, supply_of

KEPT = 0.92
"""The share of the minutes for training steps; the rest is a reserve."""
TIMED = 24
"""Batches of sequences that are timed."""
FORWARD = 1 / 3
"""The time to predict examples, as a share of a step with as many examples."""


def seconds_per_step(recipe: Recipe, training: Source) -> float:
    """The time of a training step: the fastest of three. Nothing that they learn is kept.

    Where examples are sequences, the mean of the first batches of an epoch, which differ in length.
    """
    programs = Programs(recipe, DEFAULT)
    supply = supply_of(programs, training)
    tree = starting_tree_of(recipe, supply, programs)
    taken = []
    for arrays, order in _some_batches(supply, recipe.batch_size):
        session = programs.training(Arrays(arrays), order.shape[1]).bind(tree)
        times = []
        for _ in range(4):
            start = time.perf_counter()
            session.run_many(arrays, order)
            times.append(time.perf_counter() - start)
        taken.append(min(times[1:]))
    return sum(taken) / len(taken)


def _some_batches(supply: Supply, batch_size: int) -> Iterator[tuple[Mapping[str, np.ndarray], np.ndarray]]:
    """Arrays, and the rows of a batch of them, (1, batch)."""
    if supply.is_ragged:
        with closing(supply.feed(batch_size, 0, 0)) as parts:
            for part in islice(parts, TIMED):
                yield part.arrays, part.order[:1]
    else:
        rows = supply.rows(batch_size)
        yield supply.sample.named, np.resize(np.arange(len(supply.sample)), (1, rows))


def fitting_epochs(minutes: float, each: float, epoch: float, once: float) -> int:
    """The number of epochs that fit into the minutes, perhaps 0.

    each: seconds of a step per example. epoch: examples trained on in an epoch, plus `FORWARD` times those
    predicted. once: examples predicted after training.
    """
    return int((KEPT * 60 * minutes - each * FORWARD * once) / (each * epoch))


def by_minutes(settings: Any) -> bool:
    """Whether the number of epochs is chosen by the clock: `minutes` are set, and `epochs` is 'auto'."""
    return settings.minutes is not None and settings.epochs == AUTO


def settle_network(
    prepare: Callable[[Any, Any], Any],
    opened: Any,
    settings: Any,
    say: Say,
    *,
    networks: Iterable[str],
    fewest: Mapping[str, int],
    most: int,
) -> Any:
    """The settings with the network and the number of epochs that fit into `minutes`, if they are set.

    prepare: (opened source, settings) -> images in parts. networks: their names, the smallest first. fewest,
    most, say: as for `settle_epochs`. Each image is predicted in two views after training. Settings that are
    not 'auto' do not change.
    """
    if not by_minutes(settings):
        return settings
    prepared = prepare(opened, settings)
    chosen = settings.network == AUTO and settings.from_run is None
    tried = [*networks][::-1] if chosen else [settings.network]
    once = 2 * len(prepared.rows["test"])
    return settle_epochs(prepared, settings, tried, say, fewest=fewest, most=most, once=once)


def settle_epochs(
    prepared: Any,
    settings: Any,
    networks: Sequence[str],
    say: Say,
    *,
    fewest: Mapping[str, int] = MappingProxyType({}),
    most: int | None = None,
    once: int,
    examples: str = "images",
) -> Any:
    """The settings with the number of epochs that fits into `minutes`, and with the network for it.

    prepared: the examples, in parts. networks: names, to choose the first of which enough epochs fit, or else
    the last. fewest: name -> the epochs that are enough, 1 for the others. most: the most epochs, or None.
    once: the number of examples predicted after training. examples: what they are called. say: called with a
    sentence on the choice.
    The result is stored with the settings, so that a resumed or repeated run does not measure again.
    """
    numbers = {part: len(rows) for part, rows in prepared.rows.items()}
    epoch = numbers["train"] + FORWARD * numbers["validation"]
    for name in networks:
        settings = replace(settings, network=name)
        recipe = prepared.recipe(settings)
        seconds = seconds_per_step(recipe, prepared.training)
        fitting = fitting_epochs(settings.minutes, seconds / recipe.batch_size, epoch, once)
        if fitting >= fewest.get(name, 1):
            break
    epochs = max(1, fitting if most is None else min(fitting, most))
    chosen = f"the {name} network for " if len(networks) > 1 else ""
    say(
        f"{settings.minutes:g} minutes: {chosen}{epochs:,} epochs "
        f"(a step of {recipe.batch_size:,} {examples} took {seconds:.2g} s)"
    )
    return replace(settings, epochs=epochs)
