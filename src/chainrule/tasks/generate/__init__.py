"""Texts that a language model learns to write on."""

from chainrule.tasks.generate.answers import COMMAND, explain, predict
from chainrule.tasks.generate.evaluate import guess
from chainrule.tasks.generate.opening import open_text, takes
from chainrule.tasks.generate.run import NAME, TRAINER, load_generate_run, settle
from chainrule.tasks.generate.sections import sections
from chainrule.tasks.generate.settings import HELP, GenerateSettings
from chainrule.tasks.generate.space import SEARCH
from chainrule.tasks.task import Task

GENERATE = Task(
    name=NAME,
    meaning="learn to write on a text",
    settings=GenerateSettings,
    help=HELP,
    takes=takes,
    open=lambda source, target, settings, say: open_text(source, target, say),
    plan=TRAINER.plan,
    train=TRAINER.train,
    load=load_generate_run,
    predict=predict,
    explain=explain,
    guess=guess,
    sections=lambda evaluation, folder: sections(evaluation),
    options={"doctor": "--doctor MODE", "minutes": "--minutes M"},
    settle=settle,
    search=SEARCH,
    command=COMMAND,
)
