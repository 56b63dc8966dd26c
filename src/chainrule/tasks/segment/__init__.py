"""Masks: the class of every pixel, learned from folders of images and of masks."""

from chainrule.tasks.images import explain
from chainrule.tasks.segment.answers import predict
from chainrule.tasks.segment.budget import settle
from chainrule.tasks.segment.evaluate import guess
from chainrule.tasks.segment.opening import open_mask_set, takes
from chainrule.tasks.segment.run import TRAINER
from chainrule.tasks.segment.settings import HELP, SegmentSettings
from chainrule.tasks.segment.space import SEARCH
from chainrule.tasks.segment.stored import FOLDER
from chainrule.tasks.task import Task

SEGMENT = Task(
    name=FOLDER.task,
    meaning="predict the class of every pixel of images",
    settings=SegmentSettings,
    help=HELP,
    open=lambda source, target, settings, say: open_mask_set(source, target, settings),
    plan=TRAINER.plan,
    train=TRAINER.train,
    load=FOLDER.load,
    predict=predict,
    explain=explain,
    guess=guess,
    sections=FOLDER.stored_sections,
    options={"doctor": "--doctor MODE", "minutes": "--minutes M", "from_run": "--from RUN"},
    takes=takes,
    settle=settle,
    search=SEARCH,
)
