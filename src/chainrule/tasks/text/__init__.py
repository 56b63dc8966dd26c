"""Texts: documents are classified by their words, from tables and folders."""

from chainrule.tasks.task import Task
from chainrule.tasks.text.answers import explain, predict
from chainrule.tasks.text.evaluate import guess
from chainrule.tasks.text.opening import open_text_set, takes
from chainrule.tasks.text.run import NAME, TRAINER, load_text_run
from chainrule.tasks.text.sections import sections
from chainrule.tasks.text.settings import HELP, TextSettings
from chainrule.tasks.text.space import SEARCH

TEXT = Task(
    name=NAME,
    meaning="classify texts",
    settings=TextSettings,
    help=HELP,
    open=lambda source, target, settings, say: open_text_set(source, target, settings.text, say),
    plan=TRAINER.plan,
    train=TRAINER.train,
    load=load_text_run,
    predict=predict,
    explain=explain,
    guess=guess,
    sections=lambda evaluation, folder: sections(evaluation),
    options={"doctor": "--doctor MODE"},
    takes=takes,
    search=SEARCH,
)
