"""The search spaces of tables: the training of the default ensemble, or the layers of a plain network."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chainrule.data import Table
from chainrule.tasks.settings import AUTO
from chainrule.tasks.table.prepare import prepare_table
from chainrule.tasks.table.run import TRAINER
from chainrule.tasks.table.settings import TableSettings
from chainrule.tasks.task import Search
from chainrule.tasks.trainer import PreparedTrials
from chainrule.tune import Categorical, Float, Integer, Space

ENSEMBLE_SPACE = Space(
    {
        "learning_rate": Float(3e-4, 3e-2, log=True, first=0.003),
        "batch_size": Categorical((AUTO, 32, 64, 128, 256, 512), first=AUTO),
        "activation": Categorical(("relu", "gelu", "silu", "tanh"), first="relu"),
        "dropout": Categorical((AUTO, 0.0, 0.05, 0.1, 0.2, 0.35, 0.5), first=AUTO),
        "weight_decay": Float(1e-4, 1.0, log=True, first=0.01),
        "optimizer": Categorical(("adamw", "nadam", "rmsprop", "nesterov", "lion"), first="adamw"),
        "schedule": Categorical(("plateau", "constant", "cosine", "exponential"), first="plateau"),
    }
)
"""The training of the default ensemble. The first trial has the default settings of `train`."""

LAYERS_SPACE = Space(
    {
        "learning_rate": Float(1e-4, 1e-1, log=True, first=1e-3),
        "batch_size": Categorical((16, 32, 64, 128, 256), first=32),
        "depth": Integer(1, 4, first=2),
        "width": Integer(16, 512, log=True, first=128),
        "taper": Categorical(("none", "half"), first="half"),
        "activation": Categorical(("relu", "gelu", "silu", "tanh"), first="relu"),
        "initializer": Categorical(("glorot_uniform", "he_normal", "orthogonal"), first="glorot_uniform"),
        "dropout": Float(0.0, 0.6, first=0.2),
        "l2": Float(1e-7, 1e-2, log=True, first=1e-7),
        "weight_decay": Float(1e-6, 1e-1, log=True, first=1e-6),
        "optimizer": Categorical(("adam", "nadam", "rmsprop", "nesterov", "lion"), first="adam"),
        "schedule": Categorical(("constant", "cosine", "exponential", "plateau"), first="constant"),
    }
)
"""Plain networks. The first trial has the defaults for named layers, and a very small weight decay.

depth: number of hidden layers. width: units of the first one; with taper 'half' each next one has half as
many. Adam with weight decay is AdamW.
"""
OF_LAYERS = ("depth", "width", "taper")


def trial_settings(values: Mapping[str, Any], settings: TableSettings) -> TableSettings:
    """The settings of a trial: the values that it drew, and the others as given."""
    drawn = {name: value for name, value in values.items() if name not in OF_LAYERS}
    if "depth" in values:
        shrink = 2 if values["taper"] == "half" else 1
        drawn["layers"] = tuple(max(values["width"] // shrink**i, 1) for i in range(values["depth"]))
    return replace(settings, **drawn)


def _prepare(table: Table, settings: TableSettings) -> PreparedTrials:
    prepared = prepare_table(table, settings)
    prepared.recipe(settings)  # refuses what fits no trial
    training, validation, test = (len(part) for part in prepared.parts)
    rows = (
        f"{training + validation + test:,} rows: {training:,} to train on, {validation:,} to compare "
        f"trials by, {test:,} held out for the best"
    )
    return PreparedTrials(TRAINER, prepared, (prepared.why, *prepared.notes, rows))


def _most_epochs(settings: TableSettings) -> int:
    return settings.choices("classification", 1).epochs  # of neither the problem nor the rows


SEARCH = Search(
    spaces={"ensemble": ENSEMBLE_SPACE, "layers": LAYERS_SPACE},
    usual=lambda settings: "ensemble" if settings.layers == AUTO else "layers",
    settings=trial_settings,
    prepare=_prepare,
    most_epochs=_most_epochs,
    made_of={"layers": OF_LAYERS},
)
