"""How sounds are trained on, and how a trained run is evaluated."""

from chainrule.nn import summary
from chainrule.tasks.minutes import by_minutes, settle_epochs
from chainrule.tasks.settings import AUTO
from chainrule.tasks.sound.evaluate import evaluate
from chainrule.tasks.sound.network import NETWORKS
from chainrule.tasks.sound.opening import SoundSet
from chainrule.tasks.sound.pictures import pictures_of
from chainrule.tasks.sound.prepare import PreparedSounds, prepare_sounds
from chainrule.tasks.sound.recipe import MOST_EPOCHS
from chainrule.tasks.sound.settings import SoundSettings
from chainrule.tasks.sound.stored import FOLDER, SoundRun
from chainrule.tasks.task import Say
from chainrule.tasks.trainer import Trainer
from chainrule.training import Recipe, Run

FEWEST_EPOCHS = {"large": 20, "medium": 15}
"""By the clock, a network is chosen if at least so many of its epochs fit. Estimates, not measured."""


def settle(subject: SoundSet, settings: SoundSettings, say: Say) -> SoundSettings:
    """The settings with the network and the number of epochs that fit into `minutes`, if they are set."""
    if not by_minutes(settings):
        return settings
    prepared = prepare_sounds(subject, settings)
    tried = [*NETWORKS][::-1] if settings.network == AUTO else [settings.network]
    once = 2 * len(prepared.rows["test"])
    return settle_epochs(
        prepared, settings, tried, say, fewest=FEWEST_EPOCHS, most=MOST_EPOCHS, once=once, examples="sounds"
    )


def _evaluated(prepared: PreparedSounds, run: Run, settings: SoundSettings) -> SoundRun:
    """A run, evaluated on the held-out sounds."""
    evaluation = evaluate(run, prepared)
    pictures = pictures_of(run, prepared, evaluation)
    subject = prepared.subject
    return SoundRun(
        FOLDER, run, prepared.shape, settings, subject.source, subject.target, evaluation, pictures
    )


def _story(prepared: PreparedSounds, settings: SoundSettings, recipe: Recipe) -> str:
    chosen = prepared.choices(settings)
    found = summary(recipe.model, (prepared.shape.samples,))
    return (
        f"{chosen.network} network of {found.parameters:,} parameters, {found.multiply_adds / 1e6:.1f} "
        f"million multiply-adds a sound; {chosen.epochs:,} epochs of batches of {chosen.batch_size:,}"
    )


TRAINER = Trainer(prepare_sounds, _story, _evaluated)
