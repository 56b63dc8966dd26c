"""How faces are trained on, and how a trained run is evaluated."""

from chainrule.nn import summary
from chainrule.tasks.faces.evaluate import evaluate
from chainrule.tasks.faces.objective import Recognition
from chainrule.tasks.faces.pictures import pictures_of
from chainrule.tasks.faces.prepare import PreparedFaces, prepare_faces
from chainrule.tasks.faces.settings import FaceSettings
from chainrule.tasks.faces.stored import FOLDER, FaceRun
from chainrule.tasks.faces.verification import impostor_scores
from chainrule.tasks.faces.views import embeddings
from chainrule.tasks.trainer import Trainer
from chainrule.training import Recipe, Run


def _evaluated(prepared: PreparedFaces, run: Run, settings: FaceSettings) -> FaceRun:
    """A run, evaluated on the people held out."""
    faces = embeddings(run, prepared.shape, prepared.images, prepared.rows["test"])
    evaluation, found = evaluate(run, prepared, faces)
    pictures = pictures_of(run, prepared, evaluation, found)
    impostors = {"scores": impostor_scores(faces, prepared.numbers("test"))}
    subject = prepared.subject
    return FaceRun(
        FOLDER, run, prepared.shape, settings, subject.source, subject.target, evaluation, pictures, impostors
    )


def _story(prepared: PreparedFaces, settings: FaceSettings, recipe: Recipe) -> str:
    objective, shape = recipe.objective, prepared.shape
    assert isinstance(objective, Recognition)  # as every recipe of this task
    found = summary(objective.model, (*shape.size, shape.channels))
    networks = f"{shape.members} networks side by side" if shape.members > 1 else "one network"
    return (
        f"{networks} of {found.parameters:,} parameters and "
        f"{found.multiply_adds / 1e6:.1f} million multiply-adds an image in all; {recipe.epochs:,} epochs of "
        f"batches of {recipe.batch_size:,}"
    )


TRAINER = Trainer(prepare_faces, _story, _evaluated)
