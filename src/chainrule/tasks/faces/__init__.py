"""Faces: people told apart whom training never saw, by an embedding of their images."""

from chainrule.tasks.faces.answers import explain, predict
from chainrule.tasks.faces.evaluate import guess
from chainrule.tasks.faces.opening import open_faces, takes
from chainrule.tasks.faces.run import NAME, load_face_run, train_faces
from chainrule.tasks.faces.sections import sections
from chainrule.tasks.faces.settings import HELP, FaceSettings
from chainrule.tasks.task import Task

FACES = Task(
    name=NAME,
    meaning="tell people apart by their faces",
    settings=FaceSettings,
    help=HELP,
    open=lambda source, target, settings, say: open_faces(source, target, say),
    train=train_faces,
    load=load_face_run,
    predict=predict,
    explain=explain,
    guess=guess,
    sections=sections,
    takes=takes,
)
