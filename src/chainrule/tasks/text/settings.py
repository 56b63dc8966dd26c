"""The settings of texts, as people write them on the command line and in config.toml."""

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.data.text.grams import SHORTEST_PART
from chainrule.errors import ConfigError
from chainrule.nn.settings import check_choice, check_flag, check_number, check_text, check_whole
from chainrule.tasks.settings import AUTO, Auto, check_common, check_rest, common_help, unless_auto
from chainrule.tasks.text.network import NETWORKS
from chainrule.tasks.text.problems import PROBLEMS
from chainrule.training.attending import OFF

HELP: Mapping[str, str] = {
    "problem": "classification (one class a document), ordinal (classes in an order, such as ratings), "
    "labels (any number a document); auto: ordinal for whole numbers of 3 to 11 values, else classification",
    "separator": "between the labels of a document, for labels",
    "text": "the column of the texts; auto: the one of free text with the most words",
    "test": "share of the documents held out for the final evaluation, if the source has no test part",
    "validation": "share of the documents for validation during training, if the source has no such part; 0 "
    "for none",
    "network": f"{', '.join(NETWORKS)}; auto: bag",
    "words": "of the bag: words of the longest n-gram, 1 to 5",
    "characters": f"of the bag: characters of the longest part of a word, {SHORTEST_PART} to 8; 0 for none; "
    "auto: 5 if documents have fewer than 20 words, else 0",
    "grams": "of the bag: the most n-grams that count, the most frequent first; auto: those of at least two "
    "documents, and at most 4,194,304",
    "most_words": "longer documents are read up to this word",
    "label_smoothing": "share of each class target spread over all classes, 0 to below 1",
    "learning_rate": "learning rate, above 0; auto: 0.01 for the bag (two classes: 0.02), else 0.001",
    "epochs": "most passes over the training documents; auto: by their number",
    "batch_size": "documents per step, at least 1",
    "patience": "epochs without a lower validation loss before training stops",
    "learning_curve": "true: the report shows how well shares of the documents teach",
    **common_help("doctor"),
    "seed": "seed of the split, the initial weights and the order of the documents",
}

_LARGEST = {"words": 5, "characters": 8, "grams": 1 << 26}


@dataclass(frozen=True)
class TextSettings:
    """How documents are split, and how a network is trained on them; HELP describes each setting.

    Raises ConfigError for a value of the wrong type, out of range or unknown.
    """

    problem: str = AUTO
    separator: str = ";"
    text: str = AUTO
    test: float = 0.2
    validation: float = 0.1
    network: str = AUTO
    words: int = 3
    characters: int | Auto = AUTO
    grams: int | Auto = AUTO
    most_words: int = 5000
    label_smoothing: float = 0.0
    learning_rate: float | Auto = AUTO
    epochs: int | Auto = AUTO
    batch_size: int = 64
    patience: int = 5
    learning_curve: bool = True
    doctor: str = OFF
    seed: int = 0

    def __post_init__(self) -> None:
        check_common("text", self)
        check_rest(self)
        check_choice("text", "problem", self.problem, (AUTO, *PROBLEMS))
        check_choice("text", "network", self.network, (AUTO, *NETWORKS))
        check_text("text", "separator", self.separator)
        check_text("text", "text", self.text)
        check_flag("text", "learning_curve", self.learning_curve)
        for name in ("most_words", "batch_size", "patience"):
            check_whole("text", name, getattr(self, name))
        check_whole("text", "words", self.words)
        unless_auto(check_whole, "text", self, "epochs")
        unless_auto(check_whole, "text", self, "characters", at_least=0)
        unless_auto(check_whole, "text", self, "grams")
        unless_auto(check_number, "text", self, "learning_rate", above=0)
        check_number("text", "label_smoothing", self.label_smoothing, at_least=0, below=1)
        for name, most in _LARGEST.items():
            value = getattr(self, name)
            if value != AUTO and value > most:
                raise ConfigError(f"text: {name} is {value:,}", remedy=f"it must be at most {most:,}")
        if self.characters != AUTO and 0 < self.characters < SHORTEST_PART:
            raise ConfigError(
                f"text: characters is {self.characters}", remedy=f"give 0, or {SHORTEST_PART} and more"
            )
