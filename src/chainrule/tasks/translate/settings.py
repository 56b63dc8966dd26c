"""The settings of translation, as people write them on the command line and in config.toml."""

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.nn.settings import check_choice, check_number, check_text, check_whole
from chainrule.tasks.settings import (
    AUTO,
    Auto,
    check_common,
    check_minutes,
    check_rest,
    common_help,
    unless_auto,
)
from chainrule.tasks.translate.recipe import NETWORKS
from chainrule.training.attending import OFF

PIECES, CHARACTERS, SYMBOLS = KINDS = ("pieces", "characters", "symbols")

HELP: Mapping[str, str] = {
    "text": "the column of the texts to translate; auto: the one besides the target",
    "tokens": "of texts: pieces (of words, by byte pairs, shared by both sides), characters; auto: "
    "characters if they are single words, else pieces",
    "target_tokens": "of translations: pieces, characters, or symbols (between spaces, such as phonemes); "
    "auto: as the texts, and symbols if there are at most 256 different ones",
    "vocabulary": "number of different pieces, at least 300",
    "longest": "most tokens of a text or translation; longer pairs are left out",
    "test": "share of the texts held out for the final evaluation",
    "validation": "share of the texts for validation during training; 0 for none",
    "network": f"{', '.join(NETWORKS)}; auto: small, or as large as the minutes allow",
    "dropout": "share of the outputs of each branch set to 0 in training, 0 to below 1",
    "label_smoothing": "share of each target spread over all tokens, 0 to below 1",
    "learning_rate": "the largest learning rate of matrices, above 0",
    "average": "decay of a moving average of the weights, which is stored instead of them; 0 for none",
    "batch_size": "pairs per step, at least 1",
    "epochs": "most passes over the training pairs; auto: 30, or by the minutes",
    "patience": "epochs without a lower validation loss before training stops",
    "beams": "translations of a text that are followed at once, at least 1",
    "length_penalty": "0 or more: more for longer translations",
    **common_help("minutes", "doctor"),
    "seed": "seed of the split, the initial weights, the order of the pairs and dropout",
}


@dataclass(frozen=True)
class TranslateSettings:
    """How pairs are split, and how a translator is trained on them; HELP describes each setting.

    Raises ConfigError for a value of the wrong type, out of range or unknown.
    """

    text: str = AUTO
    tokens: str = AUTO
    target_tokens: str = AUTO
    vocabulary: int = 8000
    longest: int = 100
    test: float = 0.1
    validation: float = 0.03
    network: str = AUTO
    dropout: float = 0.1
    label_smoothing: float = 0.1
    learning_rate: float = 0.02
    average: float = 0.0
    batch_size: int = 64
    epochs: int | Auto = AUTO
    patience: int = 5
    beams: int = 4
    length_penalty: float = 0.6
    minutes: float | None = None
    doctor: str = OFF
    seed: int = 0

    def __post_init__(self) -> None:
        check_common("translate", self)
        check_rest(self)
        check_text("translate", "text", self.text)
        check_choice("translate", "tokens", self.tokens, (AUTO, PIECES, CHARACTERS))
        check_choice("translate", "target_tokens", self.target_tokens, (AUTO, *KINDS))
        check_choice("translate", "network", self.network, (AUTO, *NETWORKS))
        for name in ("batch_size", "patience", "beams"):
            check_whole("translate", name, getattr(self, name))
        check_whole("translate", "longest", self.longest, at_least=3)
        check_whole("translate", "vocabulary", self.vocabulary, at_least=300)
        unless_auto(check_whole, "translate", self, "epochs")
        for name in ("dropout", "label_smoothing", "average"):
            check_number("translate", name, getattr(self, name), at_least=0, below=1)
        check_number("translate", "learning_rate", self.learning_rate, above=0)
        check_number("translate", "length_penalty", self.length_penalty, at_least=0)
        check_minutes("translate", self.minutes)
