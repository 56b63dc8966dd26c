"""The number of epochs on boxes that fits into given minutes, by timing a few steps."""

from dataclasses import replace

from chainrule.tasks.detect.evaluate import views_of
from chainrule.tasks.detect.opening import BoxSet
from chainrule.tasks.detect.prepare import prepare_boxes
from chainrule.tasks.detect.settings import AUTO, DetectSettings
from chainrule.tasks.minutes import FORWARD, fitting_epochs, seconds_per_step
from chainrule.tasks.task import Say

_VIEWS = {"one": 1, "mirrored": 2, "all": 4}


def settle(subject: BoxSet, settings: DetectSettings, say: Say) -> DetectSettings:
    """The settings with the number of epochs that fits into `minutes`, if minutes are set and epochs are not.

    The choice is stored with the settings, so a resumed or repeated run does not measure again.
    """
    if settings.minutes is None or settings.epochs != AUTO:
        return settings
    prepared = prepare_boxes(subject, settings)
    recipe = prepared.recipe(settings)
    seconds = seconds_per_step(recipe, prepared.training)
    images = {part: len(rows) for part, rows in prepared.rows.items()}
    epoch = images["train"] + FORWARD * images["validation"]
    once = _VIEWS[views_of(settings)] * (images["test"] + images["validation"])
    epochs = max(1, fitting_epochs(settings.minutes, seconds / recipe.batch_size, epoch, once))
    say(
        f"{settings.minutes:g} minutes: {epochs:,} epochs (a step of {recipe.batch_size:,} images took "
        f"{seconds:.2g} s)"
    )
    return replace(settings, epochs=epochs)
