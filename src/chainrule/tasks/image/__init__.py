"""Images: their classification, from folders, tables of paths and arrays."""

from chainrule.tasks.image.answers import predict
from chainrule.tasks.image.budget import settle
from chainrule.tasks.image.evaluate import guess
from chainrule.tasks.image.opening import open_image_set, takes
from chainrule.tasks.image.run import TRAINER
from chainrule.tasks.image.settings import HELP, ImageSettings
from chainrule.tasks.image.space import SEARCH
from chainrule.tasks.image.stored import FOLDER
from chainrule.tasks.images import explain
from chainrule.tasks.task import Task

IMAGE = Task(
    name=FOLDER.task,
    meaning="classify images",
    settings=ImageSettings,
    help=HELP,
    open=lambda source, target, settings, say: open_image_set(source, target, say),
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
