"""Faces: people told apart whom training never saw, by an embedding of their images."""

from chainrule.tasks.faces.answers import explain, predict
from chainrule.tasks.faces.evaluate import guess
from chainrule.tasks.faces.gallery import enroll, identify
from chainrule.tasks.faces.opening import open_faces, takes
from chainrule.tasks.faces.run import NAME, load_face_run, plan_faces, train_faces
from chainrule.tasks.faces.sections import sections
from chainrule.tasks.faces.settings import HELP, FaceSettings
from chainrule.tasks.faces.space import SEARCH
from chainrule.tasks.task import Option, Task, Verb

_RATE = "share of held-out images that would be accepted as another person held out"

FACES = Task(
    name=NAME,
    meaning="tell people apart by their faces",
    settings=FaceSettings,
    help=HELP,
    open=lambda source, target, settings, say: open_faces(source, target, say),
    plan=plan_faces,
    train=train_faces,
    load=load_face_run,
    predict=predict,
    explain=explain,
    guess=guess,
    sections=sections,
    options={"doctor": "--doctor MODE"},
    takes=takes,
    search=SEARCH,
    verbs={
        "enroll": Verb(
            meaning="Put people into the gallery of a run, kept in its folder; who is in it is replaced.",
            source="A folder of images for each person to enroll.",
            answer=enroll,
        ),
        "identify": Verb(
            meaning="Name the person on each image, or 'unknown' who is nobody of the gallery.",
            source="An image, or a folder of them.",
            answer=identify,
            options={"false_accepts": Option("--false-accepts SHARE", _RATE, 0.01)},
        ),
    },
)
