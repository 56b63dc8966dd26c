"""The network and the number of epochs that fit into given minutes, by timing a few steps."""

from dataclasses import replace

from chainrule.tasks.image.network import NETWORKS
from chainrule.tasks.image.opening import ImageSet
from chainrule.tasks.image.prepare import PreparedImages, prepare_images
from chainrule.tasks.image.settings import AUTO, ImageSettings
from chainrule.tasks.minutes import FORWARD, fitting_epochs, seconds_per_step
from chainrule.tasks.task import Say

FEWEST_EPOCHS = {"large": 12, "medium": 5}
"""A network is chosen if at least so many of its epochs fit, else the next smaller one.

These numbers are estimates, not measured.
"""
_MOST_EPOCHS = 100


def settle(subject: ImageSet, settings: ImageSettings, say: Say) -> ImageSettings:
    """The settings with the network and the number of epochs that fit into `minutes`, if they are set.

    Settings that are not 'auto' do not change. The choice is stored with the settings, so a resumed or
    repeated run does not measure again.
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
    epoch = images["train"] + FORWARD * images["validation"]
    return fitting_epochs(settings.minutes, each, epoch, 2 * images["test"])


def _seconds_per_step(prepared: PreparedImages, settings: ImageSettings) -> float:
    return seconds_per_step(prepared.recipe(settings), prepared.training)
