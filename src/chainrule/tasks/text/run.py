"""Runs on texts: training, evaluating, saving and loading them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data import Preparation
from chainrule.data.text import Counting, Words
from chainrule.errors import DataError
from chainrule.tasks.storing import config_of, read_config, read_evaluation, read_made, save_run, write_json
from chainrule.tasks.text.evaluate import evaluate, learning_curve
from chainrule.tasks.text.network import CLASSES, NETWORKS
from chainrule.tasks.text.prepare import PreparedText, TextForm, prepare_text
from chainrule.tasks.text.problems import problem_of
from chainrule.tasks.text.sections import sections
from chainrule.tasks.text.settings import TextSettings
from chainrule.tasks.trainer import Trainer
from chainrule.training import Recipe, Run, load_run
from chainrule.training.folder import check_kind, read_safetensors, safetensors_bytes

NAME = "text"
FORM, TOKENIZER, GRAMS = "text.json", "tokenizer.json", "grams.safetensors"


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
            "counting": None if form.counting is None else asdict(form.counting),
            "most_words": form.most_words,
            "preparation": form.preparation.to_json(),
        }
        write_json(folder / FORM, content)
        (folder / GRAMS).write_bytes(safetensors_bytes({"known": form.known}, {}))


def load_text_run(folder: Path) -> TextRun:
    """The run that `TextRun.save` wrote. Raises DataError for any other folder, and for a damaged one."""
    check_kind(folder, NAME, "give the folder of a run on texts")
    run = load_run(folder, CLASSES)
    words = read_made(folder / TOKENIZER, _words)
    known = _known(folder / GRAMS)
    form = read_made(folder / FORM, lambda text: _form(json.loads(text), words, known))
    settings, source, _ = read_config(folder, TextSettings)
    return TextRun(run, form, settings, source, read_evaluation(folder))


def _words(text: str) -> Words:
    words = Words(text)
    try:
        len(words)
    except Exception as error:  # the library raises nothing more special
        raise ValueError(str(error)) from error
    return words


def _known(path: Path) -> np.ndarray:
    known = read_safetensors(path)[0].get("known")
    if known is None or known.dtype != np.int32 or known.ndim != 1:
        raise DataError(f"{path} is damaged (it holds no n-grams)", remedy="train again")
    return known


def _form(plain: dict[str, Any], words: Words, known: np.ndarray) -> TextForm:
    problem = problem_of(plain["problem"], plain["classes"])
    counting = None if plain["counting"] is None else Counting(**plain["counting"])
    preparation = Preparation.from_json(plain["preparation"])
    most = int(plain["most_words"])
    return TextForm(plain["column"], problem, words, counting, known, most, preparation)


def _evaluated(prepared: PreparedText, run: Run, settings: TextSettings) -> TextRun:
    """A run, evaluated on the held-out documents."""
    evaluation = evaluate(run, prepared)
    if settings.learning_curve:
        evaluation["learning_curve"] = learning_curve(prepared, settings, evaluation)
    return TextRun(run, prepared.form, settings, prepared.texts.source, evaluation)


def _story(prepared: PreparedText, settings: TextSettings, recipe: Recipe) -> str:
    form = prepared.form
    if form.counting is None:
        network = f"a {settings.network} of {len(form.words):,} words"
        why = ""
    else:
        letters = form.counting.characters
        parts = f" and parts of words of 3 to {letters} characters" if letters else ""
        network = f"a bag of {len(form.known):,} n-grams of up to {form.counting.longest} words{parts}"
        why = f"; the other networks ({', '.join(NETWORKS[1:])}) read words in their order, and take longer"
    return f"{network}; at most {recipe.epochs:,} epochs of batches of {recipe.batch_size:,}{why}"


TRAINER = Trainer(prepare_text, _story, _evaluated)
