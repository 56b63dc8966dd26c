"""Layers, one file a family."""

from chainrule.nn.layers.attention import MultiHeadAttention, PositionalEncoding, TransformerBlock
from chainrule.nn.layers.containers import Residual, Sequential
from chainrule.nn.layers.dense import Dense
from chainrule.nn.layers.elementwise import Activation, Dropout, Flatten
from chainrule.nn.layers.embedding import Embedding
from chainrule.nn.layers.normalization import LayerNorm
from chainrule.nn.layers.recomputation import Recomputed, checkpoint
from chainrule.nn.layers.recurrent import GRU, LSTM, Bidirectional, SimpleRNN
from chainrule.nn.layers.sequences import MeanOverTime

__all__ = [
    "GRU",
    "LSTM",
    "Activation",
    "Bidirectional",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "LayerNorm",
    "MeanOverTime",
    "MultiHeadAttention",
    "PositionalEncoding",
    "Recomputed",
    "Residual",
    "Sequential",
    "SimpleRNN",
    "TransformerBlock",
    "checkpoint",
]
