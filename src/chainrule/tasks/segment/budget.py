"""The network and the number of epochs that fit into given minutes, by timing a few steps."""

from dataclasses import replace

from chainrule.tasks.minutes import FORWARD, fitting_epochs, seconds_per_step
from chainrule.tasks.segment.network import NETWORKS
from chainrule.tasks.segment.opening import MaskSet
from chainrule.tasks.segment.prepare import PreparedMasks, prepare_masks
from chainrule.tasks.segment.recipe import MOST_EPOCHS
from chainrule.tasks.segment.settings import AUTO, SegmentSettings
from chainrule.tasks.task import Say

FEWEST_EPOCHS = {"large": 60, "medium": 20}
"""A network is chosen if at least so many of its epochs fit, else the next smaller one.

On CamVid at half size the large network is no better than the medium one after 30 epochs.
"""


def settle(subject: MaskSet, settings: SegmentSettings, say: Say) -> SegmentSettings:
    """The settings with the network and the number of epochs that fit into `minutes`, if they are set.

    Settings that are not 'auto' do not change. The choice is stored with the settings, so a resumed or
    repeated run does not measure again.
    """
    if settings.minutes is None or settings.epochs != AUTO:
        return settings
    prepared = prepare_masks(subject, settings)
    names = [settings.network] if settings.network != AUTO or prepared.start else [*reversed([*NETWORKS])]
    for name in names:
        tried = replace(settings, network=name)
        seconds = _seconds_per_step(prepared, tried)
        epochs = _fitting(prepared, tried, seconds)
        settings = replace(tried, epochs=max(1, min(epochs, MOST_EPOCHS)))
        if epochs >= FEWEST_EPOCHS.get(name, 1):
            break
    what = "" if prepared.start else f"the {settings.network} network "
    say(
        f"{settings.minutes:g} minutes: {what}for {settings.epochs:,} epochs"
        f" (a step of {prepared.choices(settings).batch_size:,} images took {seconds:.2g} s)"
    )
    return settings


def _fitting(prepared: PreparedMasks, settings: SegmentSettings, seconds: float) -> int:
    assert settings.minutes is not None
    images = {part: len(rows) for part, rows in prepared.rows.items()}
    each = seconds / prepared.choices(settings).batch_size
    epoch = images["train"] + FORWARD * images["validation"]
    return fitting_epochs(settings.minutes, each, epoch, 2 * images["test"])


def _seconds_per_step(prepared: PreparedMasks, settings: SegmentSettings) -> float:
    return seconds_per_step(prepared.recipe(settings), prepared.training)
