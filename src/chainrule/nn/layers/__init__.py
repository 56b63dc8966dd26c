"""Layers, one file a family."""

from chainrule.nn.layers.applying import Apply
from chainrule.nn.layers.attention import MultiHeadAttention, PositionalEncoding, TransformerBlock
from chainrule.nn.layers.augmentation import AlternatingFlip, ColorJitter, Cutout, RandomAffine, RandomCrop
from chainrule.nn.layers.containers import Concatenate, Padded, Residual, Sequential
from chainrule.nn.layers.convolution import Conv1D, Conv2D, ConvTranspose2D, DepthwiseConv2D
from chainrule.nn.layers.dense import Dense
from chainrule.nn.layers.elementwise import Activation, Flatten
from chainrule.nn.layers.embedding import Embedding
from chainrule.nn.layers.ensemble import EnsembleDense, Members
from chainrule.nn.layers.freezing import Frozen
from chainrule.nn.layers.gates import GLU, Maxout, PReLU, SwiGLU
from chainrule.nn.layers.noise import Dropout, GaussianNoise, SpatialDropout, StochasticDepth
from chainrule.nn.layers.normalization import BatchNorm, GroupNorm, LayerNorm, RMSNorm
from chainrule.nn.layers.pooling import (
    AvgPool1D,
    AvgPool2D,
    GlobalAvgPool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    MaxPool1D,
    MaxPool2D,
)
from chainrule.nn.layers.recurrent import GRU, LSTM, Bidirectional, SimpleRNN
from chainrule.nn.layers.remat import Remat, remat
from chainrule.nn.layers.reshaping import Permute, Reshape
from chainrule.nn.layers.resizing import Upsample
from chainrule.nn.layers.scaling import Impute, Rescale, Standardize
from chainrule.nn.layers.sequences import AttentionPool1D, GlobalAvgPool1D
from chainrule.nn.layers.sound import MFCC, LogMel
from chainrule.nn.layers.sound_augmentation import (
    RandomEqualizer,
    RandomMasks,
    RandomNoise,
    RandomSpeed,
    RandomTimeShift,
)
from chainrule.nn.layers.tables import TableFeatures
from chainrule.nn.layers.whitening import PatchWhitening

__all__ = [
    "GLU",
    "GRU",
    "LSTM",
    "MFCC",
    "Activation",
    "AlternatingFlip",
    "Apply",
    "AttentionPool1D",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNorm",
    "Bidirectional",
    "ColorJitter",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "ConvTranspose2D",
    "Cutout",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Embedding",
    "EnsembleDense",
    "Flatten",
    "Frozen",
    "GaussianNoise",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GroupNorm",
    "Impute",
    "LayerNorm",
    "LogMel",
    "MaxPool1D",
    "MaxPool2D",
    "Maxout",
    "Members",
    "MultiHeadAttention",
    "PReLU",
    "Padded",
    "PatchWhitening",
    "Permute",
    "PositionalEncoding",
    "RMSNorm",
    "RandomAffine",
    "RandomCrop",
    "RandomEqualizer",
    "RandomMasks",
    "RandomNoise",
    "RandomSpeed",
    "RandomTimeShift",
    "Remat",
    "Rescale",
    "Reshape",
    "Residual",
    "Sequential",
    "SimpleRNN",
    "SpatialDropout",
    "Standardize",
    "StochasticDepth",
    "SwiGLU",
    "TableFeatures",
    "TransformerBlock",
    "Upsample",
    "remat",
]
