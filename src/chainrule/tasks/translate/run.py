"""Runs of translators: training, evaluating, saving and loading them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.data.text.pieces import pieces_of
from chainrule.tasks.minutes import by_minutes, settle_epochs
from chainrule.tasks.settings import AUTO
from chainrule.tasks.storing import config_of, read_config, read_evaluation, read_made, save_run, write_json
from chainrule.tasks.task import Say
from chainrule.tasks.trainer import Trainer
from chainrule.tasks.translate.evaluate import evaluate
from chainrule.tasks.translate.network import CLASSES, Translation
from chainrule.tasks.translate.opening import Pairs
from chainrule.tasks.translate.prepare import PreparedPairs, Tokens, prepare_pairs
from chainrule.tasks.translate.recipe import NETWORKS
from chainrule.tasks.translate.sections import sections
from chainrule.tasks.translate.settings import TranslateSettings
from chainrule.training import Recipe, Run, load_run
from chainrule.training.folder import check_kind

NAME = "translate"
TOKENIZERS = "tokenizers.json"
FEWEST_EPOCHS = {"medium": 20, "small": 8}
"""A network is chosen if at least so many of its epochs fit, else the next smaller one."""
WRITING = 6
"""Steps of training that take as long as to translate as many pairs by beam search, about."""


@dataclass(frozen=True, eq=False)
class TranslateRun:
    """A translator.

    tokens: its tokenizers. column: of the texts to translate; target: of their translations. source: the
    file or folder, or the name of a data set. evaluation: as plain data.
    """

    run: Run
    tokens: Tokens
    column: str
    target: str
    settings: TranslateSettings
    source: str
    evaluation: dict[str, Any]

    def config(self) -> dict[str, Any]:
        """The content of config.toml: everything needed to repeat the run."""
        return config_of(NAME, self.source, self.target, self.settings)

    def save(self, folder: Path) -> Path:
        """Write the run folder with its report, whole or not at all. Raises ConfigError if it exists."""
        return save_run(self, folder, sections(self.evaluation), self._write_own)

    def _write_own(self, folder: Path) -> None:
        tokens = self.tokens
        content = {
            "column": self.column,
            "shared": tokens.shared,
            "source": json.loads(tokens.source.stored),
            "target": None if tokens.shared else json.loads(tokens.target.stored),
        }
        write_json(folder / TOKENIZERS, content)


def load_translate_run(folder: Path) -> TranslateRun:
    """The run that `TranslateRun.save` wrote. Raises DataError for any other folder, and a damaged one."""
    check_kind(folder, NAME, "give the folder of a run of --task translate")
    run = load_run(folder, CLASSES)
    column, tokens = read_made(folder / TOKENIZERS, lambda text: _tokens(json.loads(text)))
    settings, source, target = read_config(folder, TranslateSettings)
    return TranslateRun(run, tokens, column, target, settings, source, read_evaluation(folder))


def _tokens(plain: dict[str, Any]) -> tuple[str, Tokens]:
    source = pieces_of(json.dumps(plain["source"]))
    shared = bool(plain["shared"])
    target = source if shared else pieces_of(json.dumps(plain["target"]))
    return str(plain["column"]), Tokens(source, target, shared)


def settle(pairs: Pairs, settings: TranslateSettings, say: Say) -> TranslateSettings:
    """The settings with the network and the number of epochs that fit into `minutes`, if they are set."""
    if not by_minutes(settings):
        return settings
    prepared = prepare_pairs(pairs, settings)
    names = [*NETWORKS][::-1] if settings.network == AUTO else [settings.network]
    once = WRITING * len(prepared.rows["test"])
    return settle_epochs(prepared, settings, names, say, fewest=FEWEST_EPOCHS, once=once, examples="pairs")


def _evaluated(prepared: PreparedPairs, run: Run, settings: TranslateSettings) -> TranslateRun:
    """A run, evaluated on the held-out pairs."""
    pairs = prepared.pairs
    evaluation = evaluate(run, prepared, settings)
    return TranslateRun(run, prepared.tokens, pairs.column, pairs.target, settings, pairs.source, evaluation)


def _story(prepared: PreparedPairs, settings: TranslateSettings, recipe: Recipe) -> str:
    objective = recipe.objective
    assert isinstance(objective, Translation)
    model = objective.model
    return (
        f"a transformer of width {model.width}, {model.encoders} blocks that read and {model.decoders} that "
        f"write; {recipe.epochs:,} epochs of {len(prepared.training):,} pairs, {recipe.batch_size} a step"
    )


TRAINER = Trainer(prepare_pairs, _story, _evaluated)
