"""How masks are trained on, and how a trained run is evaluated."""

from chainrule.nn import summary
from chainrule.tasks.segment.evaluate import evaluate, mean_iou
from chainrule.tasks.segment.objective import Segmentation
from chainrule.tasks.segment.prepare import PreparedMasks, prepare_masks
from chainrule.tasks.segment.settings import SegmentSettings
from chainrule.tasks.segment.stored import FOLDER, SegmentRun
from chainrule.tasks.trainer import Trainer
from chainrule.training import Recipe, Run


def _evaluated(prepared: PreparedMasks, run: Run, settings: SegmentSettings) -> SegmentRun:
    """A run, evaluated on the held-out images."""
    evaluation, pictures = evaluate(run, prepared)
    subject = prepared.subject
    return SegmentRun(
        FOLDER, run, prepared.shape, settings, subject.source, subject.target, evaluation, pictures
    )


def _story(prepared: PreparedMasks, settings: SegmentSettings, recipe: Recipe) -> str:
    chosen, shape = prepared.choices(settings), prepared.shape
    assert isinstance(recipe.objective, Segmentation)  # as every recipe of this task
    found = summary(recipe.objective.network, (*prepared.canvas, shape.channels))
    kind = "network of another run" if prepared.start else f"{chosen.network} network"
    return (
        f"{kind} of {found.parameters:,} parameters, {found.multiply_adds / 1e6:,.0f} million multiply-adds "
        f"an image; {chosen.epochs:,} epochs of batches of {chosen.batch_size:,}"
    )


TRAINER = Trainer(prepare_masks, _story, _evaluated, own_metrics={"mean_iou": mean_iou})
