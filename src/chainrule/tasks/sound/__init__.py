"""Sounds: their classification, from folders and tables of paths."""

from chainrule.tasks.images import explain
from chainrule.tasks.sound.answers import predict
from chainrule.tasks.sound.evaluate import guess
from chainrule.tasks.sound.opening import open_sound_set, takes
from chainrule.tasks.sound.run import TRAINER, settle
from chainrule.tasks.sound.settings import HELP, SoundSettings
from chainrule.tasks.sound.space import SEARCH
from chainrule.tasks.sound.stored import FOLDER
from chainrule.tasks.task import Task

SOUND = Task(
    name=FOLDER.task,
    meaning="classify sounds",
    settings=SoundSettings,
    help=HELP,
    open=lambda source, target, settings, say: open_sound_set(source, target, settings),
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
