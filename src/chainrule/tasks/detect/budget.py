"""The number of epochs on boxes that fits into given minutes, by timing a few steps."""

from chainrule.tasks.detect.evaluate import views_of
from chainrule.tasks.detect.found import MIRRORED
from chainrule.tasks.detect.opening import BoxSet
from chainrule.tasks.detect.prepare import prepare_boxes
from chainrule.tasks.detect.settings import DetectSettings
from chainrule.tasks.minutes import by_minutes, settle_epochs
from chainrule.tasks.task import Say


def settle(subject: BoxSet, settings: DetectSettings, say: Say) -> DetectSettings:
    """The settings with the number of epochs that fits into `minutes`, if they are set and epochs are not."""
    if not by_minutes(settings):
        return settings
    prepared = prepare_boxes(subject, settings)
    predicted = len(prepared.rows["test"]) + len(prepared.rows["validation"])
    once = len(MIRRORED[views_of(settings)]) * predicted
    return settle_epochs(prepared, settings, [settings.network], say, once=once)
