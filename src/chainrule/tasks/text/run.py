"""Runs on texts: training, evaluating, saving and loading them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chainrule.data import Preparation
from chainrule.data.text import Hashing, Words
from chainrule.tasks.storing import config_of, read_config, read_evaluation, read_made, save_run, write_json
from chainrule.tasks.text.evaluate import evaluate, learning_curve
from chainrule.tasks.text.network import CLASSES, NETWORKS
from chainrule.tasks.text.prepare import PreparedText, TextForm, prepare_text
from chainrule.tasks.text.problems import PROBLEMS
from chainrule.tasks.text.sections import sections
from chainrule.tasks.text.settings import TextSettings
from chainrule.tasks.trainer import Trainer
from chainrule.training import Recipe, Run, load_run
from chainrule.training.folder import check_kind

NAME = "text"
FORM, TOKENIZER = "text.json", "tokenizer.json"


@dataclass(frozen=True, eq=False)
class TextRun:
    """A run on texts.

    run: the trained network. form: how documents become numbers. source: the file or folder, or the name of a
    data set. evaluation: on the held-out documents, as plain data.
    """

    run: Run
    form: TextForm
    settings: TextSettings
    source: str
    evaluation: dict[str, Any]

    def config(self) -> dict[str, Any]:
        """The content of config.toml: everything needed to repeat the run."""
        return config_of(NAME, self.source, self.form.preparation.target, self.settings)

    def save(self, folder: Path) -> Path:
        """Write the run folder with its report, whole or not at all. Raises ConfigError if it exists."""
        return save_run(self, folder, sections(self.evaluation), self._write_own)

    def _write_own(self, folder: Path) -> None:
        form = self.form
        (folder / TOKENIZER).write_text(form.words.stored, encoding="utf-8")
        content = {
            "column": form.column,
            "problem": form.problem.name,
            "classes": list(form.problem.classes),
            "hashing": None if form.hashing is None else asdict(form.hashing),
            "most_words": form.most_words,
            "preparation": form.preparation.to_json(),
        }
        write_json(folder / FORM, content)


def load_text_run(folder: Path) -> TextRun:
    """The run that `TextRun.save` wrote. Raises DataError for any other folder, and for a damaged one."""
    check_kind(folder, NAME, "give the folder of a run on texts")
    run = load_run(folder, CLASSES)
    words = read_made(folder / TOKENIZER, _words)
    form = read_made(folder / FORM, lambda text: _form(json.loads(text), words))
    settings, source, _ = read_config(folder, TextSettings)
    return TextRun(run, form, settings, source, read_evaluation(folder))


def _words(text: str) -> Words:
    words = Words(text)
    try:
        len(words)
    except Exception as error:  # the library raises nothing more special
        raise ValueError(str(error)) from error
    return words


def _form(plain: dict[str, Any], words: Words) -> TextForm:
    problem = PROBLEMS[plain["problem"]](tuple(plain["classes"]))
    hashing = None if plain["hashing"] is None else Hashing(**plain["hashing"])
    preparation = Preparation.from_json(plain["preparation"])
    return TextForm(plain["column"], problem, words, hashing, int(plain["most_words"]), preparation)


def _evaluated(prepared: PreparedText, run: Run, settings: TextSettings) -> TextRun:
    """A run, evaluated on the held-out documents."""
    evaluation = evaluate(run, prepared)
    if settings.learning_curve:
        evaluation["learning_curve"] = learning_curve(prepared, settings, evaluation)
    return TextRun(run, prepared.form, settings, prepared.texts.source, evaluation)


def _story(prepared: PreparedText, settings: TextSettings, recipe: Recipe) -> str:
    form = prepared.form
    if form.hashing is None:
        network = f"a {settings.network} of {len(form.words):,} words"
        why = ""
    else:
        hashing = form.hashing
        parts = f" and parts of words of 3 to {hashing.characters} characters" if hashing.characters else ""
        network = (
            f"a bag of n-grams of up to {hashing.longest} words{parts}, hashed to {hashing.buckets:,} numbers"
        )
        why = f"; the other networks ({', '.join(NETWORKS[1:])}) take far longer and need more documents"
    return f"{network}; at most {recipe.epochs:,} epochs of batches of {recipe.batch_size:,}{why}"


TRAINER = Trainer(prepare_text, _story, _evaluated)
