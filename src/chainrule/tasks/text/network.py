"""The networks for texts: a bag of n-grams, a convolution over the words, a small transformer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.nn import (
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    Frozen,
    GlobalAvgPool1D,
    Layer,
    LayerNorm,
    TransformerBlock,
    normal,
    ones,
    zeros,
)
from chainrule.nn.settings import check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f

BAG, CONVOLUTION, TRANSFORMER = NETWORKS = ("bag", "convolution", "transformer")
RATIOS = "text.ratios.weight"
"""The name of the fixed factors of the bag among the arrays of a run."""
WEIGHTS = "text.weights.weight"


@dataclass(frozen=True)
class NaiveBayesBag(Layer):
    """y = b + Σ_g r_g w_g over the n-grams g of a document, with trained w and fixed factors r.

    r_g are the log-count ratios of naive Bayes, one for each output: how much more frequent g is where the
    output shall be high. This is the network of Wang and Manning's NB-SVM (2012): n-grams that tell the
    classes apart learn fast, the others slowly. A step costs what its documents hold, however many n-grams
    there are.
    grams: how many there are; 0 is padding. outputs: at least 1.
    x: int32 (batch, grams), mask: bool, False at padding -> (batch, outputs).
    """

    ratios: Frozen
    weights: Embedding

    @staticmethod
    def of(grams: int, outputs: int) -> "NaiveBayesBag":
        """With factors of 1, which are to be replaced, and weights of 0."""
        ratios = Frozen(Embedding(grams + 1, outputs, weight=ones))
        return NaiveBayesBag(ratios, Embedding(grams + 1, outputs, weight=zeros, sparse=True))

    def __call__(self, x: Tensor, mask: Tensor) -> Tensor:
        each = self.ratios(x) * self.weights(x)
        total = (each * mask.cast(each.dtype).reshape(*mask.shape, 1)).sum(1)
        return total + self.param("bias", total.shape[1:], zeros, total.dtype)


@dataclass(frozen=True)
class WordConvolution(Layer):
    """Windows of words: embedded, convolved, the largest of each feature (Kim 2014).

    vocabulary, units, width, outputs: at least 1; width: words in a window. dropout: 0 to below 1.
    x: int32 (batch, words), mask: bool, False at padding -> (batch, outputs).
    """

    vocabulary: int
    units: int
    width: int
    outputs: int
    dropout: float

    def __post_init__(self) -> None:
        for name in ("vocabulary", "units", "width", "outputs"):
            check_whole(self, name, getattr(self, name))

    def takes_whole_numbers(self) -> bool:
        """True: words are numbers."""
        return True

    def __call__(self, x: Tensor, mask: Tensor) -> Tensor:
        embedded = Embedding(self.vocabulary, self.units, normal(0.0, 0.1))(x)
        embedded = embedded * mask.cast(embedded.dtype).reshape(*mask.shape, 1)
        found = f.relu(Conv1D(self.units, self.width, padding="same")(Dropout(self.dropout)(embedded)))
        largest = f.where(mask.reshape(*mask.shape, 1), found, 0.0).max(1)
        return Dense(self.outputs)(Dropout(self.dropout)(largest))


@dataclass(frozen=True)
class WordTransformer(Layer):
    """Two blocks of attention over the words, and their mean (Vaswani et al. 2017).

    vocabulary, units, heads, blocks, outputs: at least 1. dropout: 0 to below 1.
    x: int32 (batch, words), mask: bool, False at padding -> (batch, outputs).
    """

    vocabulary: int
    units: int
    heads: int
    blocks: int
    outputs: int
    dropout: float

    def __post_init__(self) -> None:
        for name in ("vocabulary", "units", "heads", "blocks", "outputs"):
            check_whole(self, name, getattr(self, name))

    def takes_whole_numbers(self) -> bool:
        """True: words are numbers."""
        return True

    def __call__(self, x: Tensor, mask: Tensor) -> Tensor:
        y = Dropout(self.dropout)(Embedding(self.vocabulary, self.units, normal(0.0, 0.1))(x))
        for _ in range(self.blocks):
            y = TransformerBlock(self.heads, dropout=self.dropout, expansion=2, rotary=True)(y, mask=mask)
        return Dense(self.outputs)(GlobalAvgPool1D()(LayerNorm()(y), mask))


@dataclass(frozen=True)
class TextNetwork(Layer):
    """y = text(x) + columns(x): of documents, and of the other columns of their table, if there are any.

    x: 'text', values and mask, and 'columns', float (batch, features) -> (batch, outputs).
    """

    text: Layer
    columns: Layer | None = None

    def __call__(self, x: Mapping[str, Any]) -> Tensor:
        of_text = self.text(x["text"]["values"], x["text"]["mask"])
        return of_text if self.columns is None else of_text + self.columns(x["columns"])


CLASSES = (NaiveBayesBag, WordConvolution, WordTransformer, TextNetwork)
"""Of recipes of this task."""
