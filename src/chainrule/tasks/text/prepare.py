"""Preparing documents: left out what can't be learned from, split, their words and n-grams as numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data import (
    Arrays,
    Preparation,
    Ragged,
    Reading,
    Table,
    check_table,
    classes_of,
    fit_preparation,
    split_indices,
)
from chainrule.data.checks import label_numbers
from chainrule.data.ragged import few_lengths
from chainrule.data.text import Counting, Words, bags, frequent, learn_words, numbered_bags
from chainrule.data.text.folders import PART
from chainrule.data.values import keys_of
from chainrule.data.wording import counted, places
from chainrule.errors import DataError
from chainrule.tasks.settings import AUTO
from chainrule.tasks.task import Planned
from chainrule.tasks.text.naive_bayes import log_ratios
from chainrule.tasks.text.network import RATIOS
from chainrule.tasks.text.opening import TextSet
from chainrule.tasks.text.problems import (
    Labels,
    Problem,
    check_problem,
    labels_of,
    problem_of,
    usual_problem,
)
from chainrule.tasks.text.recipe import WORDS_KNOWN, is_bag, recipe_for
from chainrule.tasks.text.settings import TextSettings
from chainrule.training import Recipe

if TYPE_CHECKING:
    import pandas as pd

MOST_GRAMS = 1 << 22
"""At most so many n-grams, and fewer where there are many classes."""
_MOST_NUMBERS = 1 << 23  # of the bag's weights
_MANY = 500  # documents, of which n-grams of a single one are left out
SHORT = 20
"""Documents of fewer words, as a median, are also told by the parts of their words."""
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class TextForm:
    """How new documents become what the network takes.

    column: of the texts. problem: with its classes. words: the tokenizer. counting: which n-grams count; None
    for a network of words. known: the n-grams of the network, ascending, int32. most_words: longer documents
    are read up to here. preparation: of the target, and of the columns beside the text.
    """

    column: str
    problem: Problem
    words: Words
    counting: Counting | None
    known: np.ndarray
    most_words: int
    preparation: Preparation

    def numbers(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """The words of texts, cut after `most_words`, and how many there are."""
        numbers, lengths = self.words.numbers(texts)
        if (lengths <= self.most_words).all():
            return numbers, lengths
        starts = np.cumsum(lengths) - lengths
        kept = np.arange(len(numbers)) - np.repeat(starts, lengths) < self.most_words
        return numbers[kept], np.minimum(lengths, self.most_words)

    def elements(self, numbers: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the network takes of documents with these words, all in a row, and how many each has."""
        if self.counting is not None:
            return numbered_bags(*bags(numbers, lengths, self.counting, self.words.names), self.known)
        places = (np.cumsum(lengths) - lengths)[lengths == 0]  # a document has one word at least
        return np.insert(numbers, places, 0), np.maximum(lengths, 1)

    def sequences(self, texts: list[str]) -> Ragged:
        """What the network takes of new documents, padded to lengths that do not hang on the documents."""
        values, counts = self.elements(*self.numbers(texts))
        return Ragged(values, counts, _rungs(int(counts.max())))


@dataclass(frozen=True, eq=False)
class PreparedText:
    """Documents in three parts.

    texts: without those that were left out. form: how they become numbers. rows: part -> rows of the table.
    found: sentences on them. sequences: of all documents. numbers: their targets, see `Problem.marks`.
    """

    texts: TextSet
    form: TextForm
    rows: Mapping[str, np.ndarray]
    found: tuple[str, ...]
    sequences: Ragged
    numbers: np.ndarray
    columns: np.ndarray | None

    @property
    def table(self) -> Table:
        """The table of the documents."""
        return self.texts.table

    @cached_property
    def training(self) -> Arrays:
        """The training documents."""
        return self.arrays(self.rows["train"])

    @cached_property
    def validation(self) -> Arrays | None:
        """The validation documents; None if there are none."""
        return self.arrays(self.rows["validation"]) if len(self.rows["validation"]) else None

    def arrays(self, rows: np.ndarray) -> Arrays:
        """Documents as the network takes them, with targets."""
        x: dict[str, Any] = {"text": self.sequences[rows]}
        if self.columns is not None:
            x["columns"] = self.columns[rows]
        return Arrays.of(x, self.form.problem.targets(self.numbers[rows]))

    def plan(self, settings: TextSettings) -> Planned:
        """What training begins with."""
        return self.plan_of(self.rows["train"], settings)

    def plan_of(self, rows: np.ndarray, settings: TextSettings) -> Planned:
        """What training on some of the documents begins with."""
        training = self.training if rows is self.rows["train"] else self.arrays(rows)
        initial = {}
        if self.form.counting is not None:
            marks = self.form.problem.marks(self.numbers[rows])
            initial[RATIOS] = log_ratios(self.sequences[rows], marks, len(self.form.known))
        recipe = self.recipe(settings, len(rows))
        return Planned(recipe, training, self.validation, self.found, initial)

    def recipe(self, settings: TextSettings, documents: int) -> Recipe:
        """The recipe of the settings for this many training documents."""
        form, features = self.form, self.form.preparation.features
        size = len(form.words) if form.counting is None else len(form.known)
        beside = None if self.columns is None else self.columns[self.rows["train"]]
        return recipe_for(settings, form.problem, size, documents, features, beside)

    def texts_of(self, rows: np.ndarray) -> list[str]:
        """The texts of some documents."""
        return _texts(self.table.frame[self.texts.column].iloc[rows])


def prepare_text(texts: TextSet, settings: TextSettings) -> PreparedText:
    """Leave out documents that can't be learned from, split the others, and learn their words.

    Words and n-grams are learned from the training documents only. Raises DataError and ConfigError.
    """
    texts, said = _told_apart(texts)
    problem, labels, texts, checked = _problem(texts, settings)
    table = texts.table
    rows = _split(table, label_numbers(table.target_values()) if labels is None else None, settings)
    train = rows["train"]
    if len(train) < 2:
        raise DataError(f"{texts.source} has too few documents to train on", remedy="give more of them")
    column = table.frame[texts.column]
    most = [] if is_bag(settings) else [WORDS_KNOWN]
    words = learn_words(_texts(column.iloc[train]), *most)
    preparation = _preparation(texts, train, problem)
    none = np.zeros(0, np.int32)
    form = TextForm(texts.column, problem, words, None, none, settings.most_words, preparation)
    found, lengths = form.numbers(_texts(column))
    if is_bag(settings):
        counting = Counting(settings.words, _characters(settings, lengths[train]))
        grams = Ragged(*bags(found, lengths, counting, words.names), ())
        known = _known(settings, grams[train].values, len(train), problem.outputs)
        form = replace(form, counting=counting, known=known)
        values, counts = numbered_bags(grams.values, grams.lengths, known)
    else:
        values, counts = form.elements(found, lengths)
    numbers = preparation.transform_target(table.target_values()) if labels is None else labels
    columns = preparation.transform(table.frame, texts.source) if preparation.columns else None
    notes = (
        *table.notes,
        *texts.found,
        *said,
        *checked,
        *preparation.notes,
        *_long(table, lengths, settings.most_words),
        _told(texts, problem, rows, inferred=settings.problem == AUTO),
    )
    sequences = Ragged(values, counts, few_lengths(counts))
    return PreparedText(texts, form, rows, notes, sequences, numbers, columns)


def _rungs(longest: int) -> tuple[int, ...]:
    """32, 48, 64, 96, 128 … up to a length of at least the longest: few programs serve all documents."""
    rungs, power = [], 32
    while not rungs or rungs[-1] < longest:
        rungs += [power, power * 3 // 2]
        power *= 2
    return tuple(rungs)


def _problem(
    texts: TextSet, settings: TextSettings
) -> tuple[Problem, np.ndarray | None, TextSet, tuple[str, ...]]:
    """The problem with its classes, labels if there are any number, the checked documents, and notes."""
    target = texts.table.target_values()
    if settings.problem == Labels.name:
        names, labels = labels_of(target, settings.separator, texts.source)
        return Labels(names), labels, texts, ()
    table, notes = check_table(texts.table, "classification")
    classes = classes_of(table.target_values())
    name = usual_problem(classes) if settings.problem == AUTO else settings.problem
    check_problem(name, classes, texts.target)
    return problem_of(name, classes), None, replace(texts, table=table), notes


def _texts(series: "pd.Series") -> list[str]:
    return [str(text) for text in keys_of(series)]


def _told_apart(texts: TextSet) -> tuple[TextSet, tuple[str, ...]]:
    """The documents with a text, each once, and sentences on the others."""
    frame, column = texts.table.frame, texts.column
    blank = (frame[column].isna() | (frame[column].astype(str).str.strip() == "")).to_numpy()
    again = frame[column].duplicated().to_numpy() & ~blank
    said = []
    for which, what in ((blank, "without text"), (again, "whose text is that of an earlier one")):
        count = int(which.sum())
        if count:
            where = places(frame, np.flatnonzero(which).tolist(), 3)
            said.append(f"Left out: {counted(count, 'document')} {what} ({where}).")
    kept = np.flatnonzero(~(blank | again))
    if not len(kept):
        raise DataError(f"{texts.source}: column {column!r} holds no text", remedy="name another column")
    return replace(texts, table=texts.table.take(kept)) if said else texts, tuple(said)


def _split(table: Table, labels: np.ndarray | None, settings: TextSettings) -> dict[str, np.ndarray]:
    """The rows of each part; those that the source gives stay as they are."""
    every = np.arange(len(table))
    told = table.frame[PART].to_numpy() if PART in table.frame.columns else np.full(len(table), "")
    given = {part: every[told == part] for part in PARTS}
    rest = np.concatenate([given["train"], every[told == ""]])
    if not len(given["test"]):
        rest, given["test"] = _cut(rest, settings.test, settings.seed, labels)
    if not len(given["validation"]) and settings.validation:
        share = settings.validation / (1 - settings.test if not (told == "test").any() else 1)
        rest, given["validation"] = _cut(rest, share, settings.seed, labels)
    return {"train": rest, "validation": given["validation"], "test": given["test"]}


def _cut(
    rows: np.ndarray, share: float, seed: int, labels: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    rest, part = split_indices(len(rows), share, seed, None if labels is None else labels[rows])
    return rows[rest], rows[part]


def _preparation(texts: TextSet, train: np.ndarray, problem: Problem) -> Preparation:
    """Of the columns beside the text, if they tell anything; and of the target."""
    import sklearn

    table = texts.table
    others = texts.others
    known = tuple(problem.classes)
    if others:
        frame = table.frame[[*others, texts.target]].iloc[train]
        try:
            return fit_preparation(
                frame,
                texts.target,
                "classification",
                table.source,
                known,
                encoding="codes",
                reading=table.reading,
            )
        except DataError as error:
            if "no column is left" not in error.what:
                raise
    reading = Reading({}) if table.reading is None else table.reading
    kept = Reading({name: each for name, each in reading.columns.items() if name == texts.target})
    version = str(sklearn.__version__)
    return Preparation(
        texts.target, "classification", table.source, "codes", (), known, None, (), version, kept
    )


def _characters(settings: TextSettings, lengths: np.ndarray) -> int:
    if settings.characters != AUTO:
        return int(settings.characters)
    return 5 if np.median(lengths) < SHORT else 0


def _known(settings: TextSettings, grams: np.ndarray, documents: int, outputs: int) -> np.ndarray:
    """The n-grams of the network. grams: of the training documents."""
    most = min(MOST_GRAMS, _MOST_NUMBERS // outputs) if settings.grams == AUTO else int(settings.grams)
    return frequent(grams, 2 if documents >= _MANY else 1, most)


def _long(table: Table, lengths: np.ndarray, most: int) -> list[str]:
    long = np.flatnonzero(lengths >= most)
    if not len(long):
        return []
    where = places(table.frame, long.tolist(), 3)
    return [f"{counted(len(long), 'document')} read up to word {most:,} ({where})."]


def _told(texts: TextSet, problem: Problem, rows: Mapping[str, np.ndarray], *, inferred: bool) -> str:
    train, validation, test = (len(rows[part]) for part in PARTS)
    kinds = "labels" if isinstance(problem, Labels) else "classes"
    why = " (whole numbers one after the other)" if inferred and problem.name == "ordinal" else ""
    return (
        f"{problem.name} of {texts.target!r}{why} by {texts.column!r}, {len(problem.classes)} {kinds}; "
        f"{train:,} documents to train on, {validation:,} to validate, {test:,} held out"
    )
