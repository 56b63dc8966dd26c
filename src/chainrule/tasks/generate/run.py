"""Runs of language models: training, evaluating, saving and loading them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.data.text.pieces import Pieces, pieces_of
from chainrule.nn import summary
from chainrule.tasks.generate.evaluate import evaluate
from chainrule.tasks.generate.network import CLASSES, Decoder
from chainrule.tasks.generate.opening import TARGET, Text
from chainrule.tasks.generate.prepare import PreparedText, prepare_text
from chainrule.tasks.generate.recipe import LSTM, NETWORKS
from chainrule.tasks.generate.sections import sections
from chainrule.tasks.generate.settings import GenerateSettings
from chainrule.tasks.minutes import by_minutes, settle_epochs
from chainrule.tasks.settings import AUTO
from chainrule.tasks.storing import config_of, read_config, read_evaluation, read_made, save_run
from chainrule.tasks.task import Say
from chainrule.tasks.trainer import Trainer
from chainrule.training import Recipe, Run, load_run
from chainrule.training.folder import check_kind

NAME = "generate"
TOKENIZER = "tokenizer.json"
FEWEST_EPOCHS = {"large": 15, "medium": 6, "small": 3}
"""A network is chosen if at least so many of its epochs fit, else the next smaller one."""


@dataclass(frozen=True, eq=False)
class GenerateRun:
    """A language model. pieces: its tokenizer. source: the file or folder. evaluation: as plain data."""

    run: Run
    pieces: Pieces
    settings: GenerateSettings
    source: str
    evaluation: dict[str, Any]

    def config(self) -> dict[str, Any]:
        """The content of config.toml: everything needed to repeat the run."""
        return config_of(NAME, self.source, TARGET, self.settings)

    def save(self, folder: Path) -> Path:
        """Write the run folder with its report, whole or not at all. Raises ConfigError if it exists."""
        return save_run(self, folder, sections(self.evaluation), self._write_own)

    def _write_own(self, folder: Path) -> None:
        (folder / TOKENIZER).write_text(self.pieces.stored, encoding="utf-8")


def load_generate_run(folder: Path) -> GenerateRun:
    """The run that `GenerateRun.save` wrote. Raises DataError for any other folder, and a damaged one."""
    check_kind(folder, NAME, "give the folder of a run of --task generate")
    run = load_run(folder, CLASSES)
    pieces = read_made(folder / TOKENIZER, pieces_of)
    settings, source, _ = read_config(folder, GenerateSettings)
    return GenerateRun(run, pieces, settings, source, read_evaluation(folder))


def settle(text: Text, settings: GenerateSettings, say: Say) -> GenerateSettings:
    """The settings with the network and the number of epochs that fit into `minutes`, if they are set."""
    if not by_minutes(settings):
        return settings
    prepared = prepare_text(text, settings)
    names = [settings.network]
    if settings.network == AUTO:
        names = [name for name in [*NETWORKS][::-1] if name != LSTM]
    once = len(prepared.rows["test"])
    return settle_epochs(prepared, settings, names, say, fewest=FEWEST_EPOCHS, once=once, examples="windows")


def _evaluated(prepared: PreparedText, run: Run, settings: GenerateSettings) -> GenerateRun:
    """A run, evaluated on the held-out text."""
    return GenerateRun(run, prepared.pieces, settings, prepared.text.source, evaluate(run, prepared))


def _story(prepared: PreparedText, settings: GenerateSettings, recipe: Recipe) -> str:
    model = recipe.objective.model  # type: ignore[attr-defined] (it is Supervised)
    found = summary(model, (settings.context,), dtype="int32")
    kind = f"transformer of {model.heads} heads" if isinstance(model, Decoder) else "recurrent network"
    return (
        f"a {kind}, {model.blocks} blocks of width {model.width}, {found.parameters:,} parameters, windows "
        f"of {settings.context:,} tokens; {recipe.epochs:,} epochs of {prepared.training.examples:,} windows,"
        f" {recipe.batch_size} a step"
    )


TRAINER = Trainer(prepare_text, _story, _evaluated)
