"""Fitting the training into minutes, by timing the first steps."""

import time
from dataclasses import replace

import numpy as np

from chainrule.executors import DEFAULT
from chainrule.tasks.image.network import NETWORKS
from chainrule.tasks.image.opening import ImageSet
from chainrule.tasks.image.prepare import PreparedImages, prepare_images
from chainrule.tasks.image.settings import AUTO, ImageSettings
from chainrule.tasks.task import Say
from chainrule.training import Programs
from chainrule.training.fitting import starting_tree_of
from chainrule.training.supply import supply_of

FEWEST_EPOCHS = {"large": 12, "medium": 5}
"""A network is taken where so many epochs of it fit, else the next smaller one.

Estimates, until they are measured: in fewer epochs the larger networks are thought not to catch up.
"""
_MOST_EPOCHS = 100
_KEPT = 0.92
"""Of the minutes, for the steps: the rest is for validation and the figures on held-out images."""
_FORWARD = 1 / 3
"""Of a step, what predicting as many images takes."""


def settle(subject: ImageSet, settings: ImageSettings, say: Say) -> ImageSettings:
    """The settings with the epochs and the network that fit the minutes, where these are given.

    What was chosen stands in the settings from then on: a resumed or repeated run does not time again.
    """
    if settings.minutes is None or settings.epochs != AUTO:
        return settings
    prepared = prepare_images(subject, settings)
    names = [settings.network] if settings.network != AUTO or prepared.start else [*reversed([*NETWORKS])]
    for name in names:
        tried = replace(settings, network=name)
        seconds = _seconds_per_step(prepared, tried)
        epochs = _fitting(prepared, tried, seconds)
        settings = replace(tried, epochs=max(1, min(epochs, _MOST_EPOCHS)))
        if epochs >= FEWEST_EPOCHS.get(name, 1):
            break
    what = "" if prepared.start else f"the {settings.network} network "
    say(
        f"{settings.minutes:g} minutes: {what}for {settings.epochs:,} epochs"
        f" (a step of {prepared.choices(settings).batch_size:,} images took {seconds:.2g} s)"
    )
    return settings


def _fitting(prepared: PreparedImages, settings: ImageSettings, seconds: float) -> int:
    assert settings.minutes is not None
    images = {part: len(rows) for part, rows in prepared.rows.items()}
    each = seconds / prepared.choices(settings).batch_size
    once = each * _FORWARD * 2 * images["test"]
    epoch = each * (images["train"] + _FORWARD * images["validation"])
    return int((_KEPT * 60 * settings.minutes - once) / epoch)


def _seconds_per_step(prepared: PreparedImages, settings: ImageSettings) -> float:
    """The fastest of three steps, which are forgotten."""
    recipe = prepared.recipe(settings)
    programs = Programs(recipe, DEFAULT)
    supply = supply_of(programs, prepared.training)
    rows = supply.rows(recipe.batch_size)
    tree = starting_tree_of(recipe, supply, programs)
    sample = supply.sample
    session = programs.training(sample, rows).bind(tree)
    order = np.resize(np.arange(len(sample)), (1, rows))
    taken = []
    for _ in range(4):
        start = time.perf_counter()
        session.run_many(sample.named, order)
        taken.append(time.perf_counter() - start)
    return min(taken[1:])
