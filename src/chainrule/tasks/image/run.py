"""How images are trained on, and how a trained run is evaluated."""

from chainrule.nn import summary
from chainrule.tasks.image.evaluate import evaluate
from chainrule.tasks.image.pictures import pictures_of
from chainrule.tasks.image.prepare import PreparedImages, prepare_images
from chainrule.tasks.image.settings import ImageSettings
from chainrule.tasks.image.stored import FOLDER, ImageRun
from chainrule.tasks.trainer import Trainer
from chainrule.training import Recipe, Run


def _evaluated(prepared: PreparedImages, run: Run, settings: ImageSettings) -> ImageRun:
    """A run, evaluated on the held-out images."""
    evaluation = evaluate(run, prepared, prepared.choices(settings).views)
    pictures = pictures_of(run, prepared, evaluation)
    subject = prepared.subject
    return ImageRun(
        FOLDER, run, prepared.shape, settings, subject.source, subject.target, evaluation, pictures
    )


def _story(prepared: PreparedImages, settings: ImageSettings, recipe: Recipe) -> str:
    chosen, shape = prepared.choices(settings), prepared.shape
    found = summary(recipe.model, (*shape.size, shape.channels))
    kind = "network of another run" if prepared.start else f"{chosen.network} network"
    return (
        f"{kind} of {found.parameters:,} parameters, {found.multiply_adds / 1e6:.1f} million multiply-adds "
        f"an image; {chosen.epochs:,} epochs of batches of {chosen.batch_size:,}"
    )


TRAINER = Trainer(prepare_images, _story, _evaluated)
