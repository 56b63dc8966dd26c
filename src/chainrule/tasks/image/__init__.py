"""Images: their classification, from folders, tables of paths and arrays."""

from chainrule.tasks.image.answers import explain, predict
from chainrule.tasks.image.budget import settle
from chainrule.tasks.image.evaluate import guess
from chainrule.tasks.image.opening import open_image_set, takes
from chainrule.tasks.image.run import NAME, load_image_run, train_images
from chainrule.tasks.image.sections import sections
from chainrule.tasks.image.settings import HELP, ImageSettings
from chainrule.tasks.image.space import SEARCH
from chainrule.tasks.task import Task

IMAGE = Task(
    name=NAME,
    meaning="classify images",
    settings=ImageSettings,
    help=HELP,
    open=lambda source, target, settings, say: open_image_set(source, target, say),
    train=train_images,
    load=load_image_run,
    predict=predict,
    explain=explain,
    guess=guess,
    sections=sections,
    options={"minutes": "--minutes M", "from_run": "--from RUN"},
    takes=takes,
    settle=settle,
    search=SEARCH,
)
