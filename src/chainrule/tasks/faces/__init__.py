"""Faces: an embedding of images that also tells people apart who were not in the training images."""

from chainrule.tasks.faces.answers import predict
from chainrule.tasks.faces.evaluate import guess
from chainrule.tasks.faces.gallery import enroll, identify
from chainrule.tasks.faces.opening import open_faces, takes
from chainrule.tasks.faces.run import TRAINER
from chainrule.tasks.faces.settings import HELP, FaceSettings
from chainrule.tasks.faces.space import SEARCH
from chainrule.tasks.faces.stored import FOLDER
from chainrule.tasks.images import explain
from chainrule.tasks.task import Option, Task, Verb

_RATE = "the share of held-out images of other people that may be accepted as a person"

FACES = Task(
    name=FOLDER.task,
    meaning="tell people apart by their faces",
    settings=FaceSettings,
    help=HELP,
    open=lambda source, target, settings, say: open_faces(source, target, say),
    plan=TRAINER.plan,
    train=TRAINER.train,
    load=FOLDER.load,
    predict=predict,
    explain=explain,
    guess=guess,
    sections=FOLDER.stored_sections,
    options={"doctor": "--doctor MODE"},
    takes=takes,
    search=SEARCH,
    verbs={
        "enroll": Verb(
            meaning="Add people to the gallery in a run's folder; people who are in it already are replaced.",
            source="A folder that holds a folder of images for each person.",
            answer=enroll,
        ),
        "identify": Verb(
            meaning="Name the person of the gallery whom each image shows, or 'unknown'.",
            source="An image, or a folder of images.",
            answer=identify,
            options={"false_accepts": Option("--false-accepts SHARE", _RATE, 0.01)},
        ),
    },
)
