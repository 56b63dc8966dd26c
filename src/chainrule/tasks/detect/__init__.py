"""Boxes: the objects in images, each with its class and a rectangle around it."""

from chainrule.tasks.detect.answers import explain, predict
from chainrule.tasks.detect.budget import settle
from chainrule.tasks.detect.evaluate import guess
from chainrule.tasks.detect.opening import open_box_set, takes
from chainrule.tasks.detect.run import NAME, load_detect_run, train_boxes
from chainrule.tasks.detect.sections import sections
from chainrule.tasks.detect.settings import HELP, DetectSettings
from chainrule.tasks.detect.space import SEARCH
from chainrule.tasks.task import Task

DETECT = Task(
    name=NAME,
    meaning="find objects in images, and their boxes",
    settings=DetectSettings,
    help=HELP,
    open=lambda source, target, settings, say: open_box_set(source, target, say),
    train=train_boxes,
    load=load_detect_run,
    predict=predict,
    explain=explain,
    guess=guess,
    sections=sections,
    options={"minutes": "--minutes M"},
    takes=takes,
    settle=settle,
    search=SEARCH,
)
