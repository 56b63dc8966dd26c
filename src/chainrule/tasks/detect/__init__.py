"""Boxes: the objects in images, each with its class and a rectangle around it."""

from chainrule.tasks.detect.answers import predict
from chainrule.tasks.detect.budget import settle
from chainrule.tasks.detect.evaluate import guess
from chainrule.tasks.detect.opening import open_box_set, takes
from chainrule.tasks.detect.run import TRAINER
from chainrule.tasks.detect.settings import HELP, DetectSettings
from chainrule.tasks.detect.space import SEARCH
from chainrule.tasks.detect.stored import FOLDER
from chainrule.tasks.images import explain
from chainrule.tasks.task import Task

DETECT = Task(
    name=FOLDER.task,
    meaning="find objects in images, and their boxes",
    settings=DetectSettings,
    help=HELP,
    open=lambda source, target, settings, say: open_box_set(source, target, say),
    plan=TRAINER.plan,
    train=TRAINER.train,
    load=FOLDER.load,
    predict=predict,
    explain=explain,
    guess=guess,
    sections=FOLDER.stored_sections,
    options={"doctor": "--doctor MODE", "minutes": "--minutes M"},
    takes=takes,
    settle=settle,
    search=SEARCH,
)
