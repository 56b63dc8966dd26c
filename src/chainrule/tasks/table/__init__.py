"""Tables: a target column is predicted from the others."""

from chainrule.tasks.opening import open_table
from chainrule.tasks.table.evaluate import guess
from chainrule.tasks.table.explain import explain_run
from chainrule.tasks.table.predict import predict
from chainrule.tasks.table.run import NAME, TRAINER, load_table_run
from chainrule.tasks.table.sections import sections
from chainrule.tasks.table.settings import HELP, TableSettings
from chainrule.tasks.table.space import SEARCH
from chainrule.tasks.task import Task

TABLE = Task(
    name=NAME,
    meaning="predict one column of a table from the others",
    settings=TableSettings,
    help=HELP,
    open=lambda source, target, settings, say: open_table(source, target, missing=settings.missing, say=say),
    plan=TRAINER.plan,
    train=TRAINER.train,
    load=load_table_run,
    predict=predict,
    explain=explain_run,
    guess=guess,
    sections=lambda evaluation, folder: sections(evaluation),
    options={"doctor": "--doctor MODE"},
    search=SEARCH,
)
