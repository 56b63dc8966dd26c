"""Masks: the class of every pixel, learned from folders of images and of masks."""

from chainrule.tasks.segment.answers import explain, predict
from chainrule.tasks.segment.budget import settle
from chainrule.tasks.segment.evaluate import guess
from chainrule.tasks.segment.opening import open_mask_set, takes
from chainrule.tasks.segment.run import NAME, load_segment_run, train_masks
from chainrule.tasks.segment.sections import sections
from chainrule.tasks.segment.settings import HELP, SegmentSettings
from chainrule.tasks.segment.space import SEARCH
from chainrule.tasks.task import Task

SEGMENT = Task(
    name=NAME,
    meaning="predict the class of every pixel of images",
    settings=SegmentSettings,
    help=HELP,
    open=lambda source, target, settings, say: open_mask_set(source, target, settings),
    train=train_masks,
    load=load_segment_run,
    predict=predict,
    explain=explain,
    guess=guess,
    sections=sections,
    options={"minutes": "--minutes M", "from_run": "--from RUN"},
    takes=takes,
    settle=settle,
    search=SEARCH,
)
