"""Layers, one file a family."""

from chainrule.nn.layers.adaptive_pooling import (
    AdaptiveAvgPool1D,
    AdaptiveAvgPool2D,
    AdaptiveAvgPool3D,
    AdaptiveMaxPool1D,
    AdaptiveMaxPool2D,
    AdaptiveMaxPool3D,
)
from chainrule.nn.layers.additive_attention import AdditiveAttention
from chainrule.nn.layers.affine_augmentation import RandomAffine
from chainrule.nn.layers.applying import Apply
from chainrule.nn.layers.attention import MultiHeadAttention, PositionalEncoding, TransformerBlock
from chainrule.nn.layers.augmentation import AlternatingFlip, Cutout, RandomCrop
from chainrule.nn.layers.bilinear import Bilinear
from chainrule.nn.layers.borders import Crop, Pad
from chainrule.nn.layers.color_augmentation import (
    AutoContrast,
    ColorJitter,
    Posterize,
    RandomGrayscale,
    RandomHue,
    RandomInvert,
    Solarize,
)
from chainrule.nn.layers.containers import Concatenate, Padded, Residual, Sequential
from chainrule.nn.layers.convolution import Conv1D, Conv2D, Conv3D
from chainrule.nn.layers.convolutional_recurrent import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from chainrule.nn.layers.dense import Dense
from chainrule.nn.layers.depthwise import DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D
from chainrule.nn.layers.elementwise import Activation, Flatten
from chainrule.nn.layers.embedding import Embedding
from chainrule.nn.layers.ensemble import EnsembleDense, Members
from chainrule.nn.layers.filter_augmentation import RandomBlur, RandomSharpness
from chainrule.nn.layers.freezing import Frozen
from chainrule.nn.layers.gates import GLU, Maxout, PReLU, RandomLeakyReLU, SwiGLU
from chainrule.nn.layers.global_pooling import (
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
)
from chainrule.nn.layers.lengths import LocalResponseNorm, UnitNorm
from chainrule.nn.layers.masking import Masking
from chainrule.nn.layers.merging import Add, Average, Maximum, Minimum, Multiply
from chainrule.nn.layers.noise import (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialAlphaDropout,
    SpatialDropout,
    StochasticDepth,
)
from chainrule.nn.layers.normalization import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from chainrule.nn.layers.pooling import AvgPool1D, AvgPool2D, AvgPool3D, MaxPool1D, MaxPool2D, MaxPool3D
from chainrule.nn.layers.power_pooling import PowerPool1D, PowerPool2D, PowerPool3D
from chainrule.nn.layers.recurrent import GRU, LSTM, Bidirectional, SimpleRNN
from chainrule.nn.layers.remat import Remat, remat
from chainrule.nn.layers.reparametrizing import SpectralNorm, WeightNorm
from chainrule.nn.layers.repetition import RepeatVector, TimeDistributed
from chainrule.nn.layers.reshaping import Permute, Reshape
from chainrule.nn.layers.resizing import Upsample
from chainrule.nn.layers.scaling import Impute, Rescale, Standardize
from chainrule.nn.layers.sequences import AttentionPool1D, GlobalAvgPool1D
from chainrule.nn.layers.shuffling import ChannelShuffle, Patches, PixelShuffle, PixelUnshuffle
from chainrule.nn.layers.sound import MFCC, LogMel, Spectrogram
from chainrule.nn.layers.sound_augmentation import (
    RandomEqualizer,
    RandomMasks,
    RandomNoise,
    RandomSpeed,
    RandomTimeShift,
)
from chainrule.nn.layers.tables import TableFeatures
from chainrule.nn.layers.transposed import ConvTranspose1D, ConvTranspose2D, ConvTranspose3D
from chainrule.nn.layers.warp_augmentation import RandomElastic, RandomPerspective
from chainrule.nn.layers.whitening import PatchWhitening

__all__ = [
    "GLU",
    "GRU",
    "LSTM",
    "MFCC",
    "Activation",
    "AdaptiveAvgPool1D",
    "AdaptiveAvgPool2D",
    "AdaptiveAvgPool3D",
    "AdaptiveMaxPool1D",
    "AdaptiveMaxPool2D",
    "AdaptiveMaxPool3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "AlternatingFlip",
    "Apply",
    "AttentionPool1D",
    "AutoContrast",
    "Average",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNorm",
    "Bidirectional",
    "Bilinear",
    "ChannelShuffle",
    "ColorJitter",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "ConvTranspose1D",
    "ConvTranspose2D",
    "ConvTranspose3D",
    "Crop",
    "Cutout",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dropout",
    "Embedding",
    "EnsembleDense",
    "Flatten",
    "Frozen",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GroupNorm",
    "Impute",
    "InstanceNorm",
    "LayerNorm",
    "LocalResponseNorm",
    "LogMel",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "Maximum",
    "Maxout",
    "Members",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "PReLU",
    "Pad",
    "Padded",
    "PatchWhitening",
    "Patches",
    "Permute",
    "PixelShuffle",
    "PixelUnshuffle",
    "PositionalEncoding",
    "Posterize",
    "PowerPool1D",
    "PowerPool2D",
    "PowerPool3D",
    "RMSNorm",
    "RandomAffine",
    "RandomBlur",
    "RandomCrop",
    "RandomElastic",
    "RandomEqualizer",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomLeakyReLU",
    "RandomMasks",
    "RandomNoise",
    "RandomPerspective",
    "RandomSharpness",
    "RandomSpeed",
    "RandomTimeShift",
    "Remat",
    "RepeatVector",
    "Rescale",
    "Reshape",
    "Residual",
    "SeparableConv1D",
    "SeparableConv2D",
    "Sequential",
    "SimpleRNN",
    "Solarize",
    "SpatialAlphaDropout",
    "SpatialDropout",
    "SpectralNorm",
    "Spectrogram",
    "Standardize",
    "StochasticDepth",
    "SwiGLU",
    "TableFeatures",
    "TimeDistributed",
    "TransformerBlock",
    "UnitNorm",
    "Upsample",
    "WeightNorm",
    "remat",
]
