"""The settings of language models, as people write them on the command line and in config.toml."""

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.errors import ConfigError
from chainrule.nn.settings import check_choice, check_number, check_whole
from chainrule.tasks.generate.recipe import NETWORKS
from chainrule.tasks.settings import (
    AUTO,
    Auto,
    check_common,
    check_minutes,
    check_rest,
    common_help,
    unless_auto,
)
from chainrule.training.attending import OFF

CHARACTERS, PIECES = KINDS = ("characters", "pieces")

HELP: Mapping[str, str] = {
    "tokens": "characters, or pieces (of words, by byte pairs); auto: characters for texts of up to 20 "
    "million bytes, else pieces",
    "vocabulary": "number of different pieces, at least 300",
    "test": "share of the text, from its end, held out for the final evaluation",
    "validation": "share of the text, before that, for validation during training; 0 for none",
    "network": f"{', '.join(NETWORKS)}; auto: medium, or as large as the minutes allow",
    "context": "tokens that are read together",
    "dropout": "share of the outputs of each branch set to 0 in training, 0 to below 1; auto: 0.1 if the "
    "text is read more than 8 times, else 0",
    "learning_rate": "the largest learning rate of matrices, above 0",
    "weight_decay": "strength of decoupled weight decay of matrices, at least 0",
    "batch_size": "windows of tokens per step",
    "epochs": "passes over the text, or over 4 million tokens of a longer one; auto: 10, or by the minutes",
    "patience": "epochs without a lower validation loss before training stops",
    **common_help("minutes", "doctor"),
    "seed": "seed of the initial weights, the order of the windows and dropout",
}


@dataclass(frozen=True)
class GenerateSettings:
    """How a text is split, and how a language model is trained on it; HELP describes each setting.

    Raises ConfigError for a value of the wrong type, out of range or unknown.
    """

    tokens: str = AUTO
    vocabulary: int = 4096
    test: float = 0.1
    validation: float = 0.05
    network: str = AUTO
    context: int = 256
    dropout: float | Auto = AUTO
    learning_rate: float = 0.02
    weight_decay: float = 0.0
    batch_size: int = 32
    epochs: int | Auto = AUTO
    patience: int = 5
    minutes: float | None = None
    doctor: str = OFF
    seed: int = 0

    def __post_init__(self) -> None:
        check_common("generate", self)
        check_rest(self)
        check_choice("generate", "tokens", self.tokens, (AUTO, *KINDS))
        check_choice("generate", "network", self.network, (AUTO, *NETWORKS))
        for name in ("context", "batch_size", "patience"):
            check_whole("generate", name, getattr(self, name))
        check_whole("generate", "vocabulary", self.vocabulary, at_least=300)
        unless_auto(check_whole, "generate", self, "epochs")
        unless_auto(check_number, "generate", self, "dropout", at_least=0, below=1)
        check_number("generate", "learning_rate", self.learning_rate, above=0)
        check_number("generate", "weight_decay", self.weight_decay, at_least=0)
        check_minutes("generate", self.minutes)
        if self.vocabulary > 1 << 20:
            raise ConfigError(f"generate: vocabulary is {self.vocabulary:,}", remedy="give at most 1,048,576")
