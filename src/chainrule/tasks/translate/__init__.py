"""Texts that a network learns to translate: into another language, or into sounds."""

from chainrule.tasks.task import Task
from chainrule.tasks.translate.answers import COMMAND, explain, predict
from chainrule.tasks.translate.evaluate import guess
from chainrule.tasks.translate.opening import open_pairs, takes
from chainrule.tasks.translate.run import NAME, TRAINER, load_translate_run, settle
from chainrule.tasks.translate.sections import sections
from chainrule.tasks.translate.settings import HELP, TranslateSettings
from chainrule.tasks.translate.space import SEARCH

TRANSLATE = Task(
    name=NAME,
    meaning="learn to translate or pronounce texts",
    settings=TranslateSettings,
    help=HELP,
    takes=takes,
    open=lambda source, target, settings, say: open_pairs(source, target, settings.text, say),
    plan=TRAINER.plan,
    train=TRAINER.train,
    load=load_translate_run,
    predict=predict,
    explain=explain,
    guess=guess,
    sections=lambda evaluation, folder: sections(evaluation),
    options={"doctor": "--doctor MODE", "minutes": "--minutes M"},
    settle=settle,
    search=SEARCH,
    command=COMMAND,
)
