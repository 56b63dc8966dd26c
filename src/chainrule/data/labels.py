"""Labels of files as classes: their order and numbers, and which of them can be trained on."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from chainrule.data.wording import counted, listed
from chainrule.errors import DataError, did_you_mean

NameOf = Callable[[int], str]
"""The name of an example in messages, by its row."""


def ordered_classes(labels: Iterable[object]) -> tuple[str, ...]:
    """Distinct labels in the order of their class numbers: whole numbers by value, others as text."""
    texts = [str(label) for label in labels]
    whole = all(text.isascii() and text.isdecimal() for text in texts)
    return tuple(sorted(texts, key=lambda text: (int(text) if whole else 0, text)))


def numbered(labels: np.ndarray, classes: Sequence[str], name_of: NameOf) -> np.ndarray:
    """(examples,) int64, the index of each label in `classes`. Raises DataError for one that is not there."""
    distinct, codes = np.unique(labels, return_inverse=True)
    number = {label: place for place, label in enumerate(classes)}
    for label in distinct.tolist():
        if label not in number:
            row = int(np.argmax(labels == label))
            raise DataError(
                f"{name_of(row)} has the unknown label '{label}'{did_you_mean(label, classes)}",
                remedy=f"the classes are {listed(classes)}",
            )
    return np.array([number[label] for label in distinct.tolist()], np.int64)[codes]


def trainable(
    labels: np.ndarray, parts: np.ndarray, noun: str, source: str, name_of: NameOf
) -> tuple[np.ndarray, tuple[str, ...]]:
    """(rows, findings): the examples without those of classes that the part 'train' has none of.

    labels, parts: (examples,) text; a set without a part 'train' is split later. noun: what an example is
    called. source: the name of the set in messages.
    Raises DataError for fewer than two classes, and for a class with a single example in a set without parts.
    """
    is_split = bool((parts == "train").any())
    known, counts = np.unique(labels[parts == ("train" if is_split else "")], return_counts=True)
    if len(known) < 2:
        raise DataError(
            f"{source} has {counted(len(known), 'class')} only" + (f", '{known[0]}'" if len(known) else ""),
            remedy=f"give {noun}s of at least two classes, a folder for each",
        )
    if not is_split and counts.min() < 2:
        label = known[int(counts.argmin())]
        row = int(np.flatnonzero(labels == label)[0])
        raise DataError(
            f"class '{label}' has a single {noun}, {name_of(row)}",
            remedy="give at least 2 of each class, so that one can be held out, or remove the class",
        )
    strange = ~np.isin(labels, known)
    if not strange.any():
        return np.arange(len(labels)), ()
    what = listed(sorted(set(labels[strange].tolist())), 3)
    note = f"Left out: {counted(int(strange.sum()), noun)} of classes that train has none of ({what})."
    return np.flatnonzero(~strange), (note,)
