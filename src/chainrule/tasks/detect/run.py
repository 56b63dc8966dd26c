"""How boxes are trained on, and how a trained run is evaluated."""

from chainrule.nn import summary
from chainrule.tasks.detect.evaluate import evaluate
from chainrule.tasks.detect.objective import Detection
from chainrule.tasks.detect.pictures import pictures_of
from chainrule.tasks.detect.prepare import PreparedBoxes, prepare_boxes
from chainrule.tasks.detect.settings import DetectSettings
from chainrule.tasks.detect.stored import FOLDER, DetectRun
from chainrule.tasks.trainer import Trainer
from chainrule.training import Recipe, Run


def _evaluated(prepared: PreparedBoxes, run: Run, settings: DetectSettings) -> DetectRun:
    """A run, evaluated on the held-out images."""
    evaluation, said = evaluate(run, prepared, settings)
    pictures = pictures_of(run, prepared, evaluation, said)
    subject = prepared.subject
    return DetectRun(
        FOLDER, run, prepared.shape, settings, subject.source, subject.target, evaluation, pictures
    )


def _story(prepared: PreparedBoxes, settings: DetectSettings, recipe: Recipe) -> str:
    objective, shape = recipe.objective, prepared.shape
    assert isinstance(objective, Detection)  # as every recipe of this task
    found = summary(objective.model, (*shape.size, shape.channels))
    return (
        f"network of {found.parameters:,} parameters, {found.multiply_adds / 1e6:.1f} million multiply-adds "
        f"an image; {recipe.epochs:,} epochs of batches of {recipe.batch_size:,}"
    )


TRAINER = Trainer(prepare_boxes, _story, _evaluated)
