"""One suite for every kind of layer: shape, names, derivative, plain data, refusals."""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
import tomli_w

from chainrule.backprop import check_direction, hessian_program
from chainrule.errors import ConfigError
from chainrule.executors import Compile
from chainrule.executors.native import available, compile_native
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import (
    GLU,
    GRU,
    KINDS,
    LSTM,
    MFCC,
    Activation,
    AdaptiveAvgPool1D,
    AdaptiveAvgPool2D,
    AdaptiveAvgPool3D,
    AdaptiveMaxPool1D,
    AdaptiveMaxPool2D,
    AdaptiveMaxPool3D,
    Add,
    AdditiveAttention,
    AlphaDropout,
    AlternatingFlip,
    Apply,
    AttentionPool1D,
    AutoContrast,
    Average,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    BatchNorm,
    Bidirectional,
    Bilinear,
    ChannelShuffle,
    ColorJitter,
    Concatenate,
    Conv1D,
    Conv2D,
    Conv3D,
    ConvLSTM1D,
    ConvLSTM2D,
    ConvLSTM3D,
    ConvTranspose1D,
    ConvTranspose2D,
    ConvTranspose3D,
    Crop,
    Cutout,
    Dense,
    DepthwiseConv1D,
    DepthwiseConv2D,
    Dropout,
    Embedding,
    EnsembleDense,
    Flatten,
    Frozen,
    GaussianDropout,
    GaussianNoise,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    GroupNorm,
    Impute,
    Initializer,
    InstanceNorm,
    Layer,
    LayerNorm,
    LocalResponseNorm,
    LogMel,
    Masking,
    Maximum,
    Maxout,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    Members,
    Minimum,
    MultiHeadAttention,
    Multiply,
    Pad,
    Padded,
    Patches,
    PatchWhitening,
    Permute,
    PixelShuffle,
    PixelUnshuffle,
    PositionalEncoding,
    Posterize,
    PowerPool1D,
    PowerPool2D,
    PowerPool3D,
    PReLU,
    RandomAffine,
    RandomBlur,
    RandomCrop,
    RandomElastic,
    RandomEqualizer,
    RandomGrayscale,
    RandomHue,
    RandomInvert,
    RandomLeakyReLU,
    RandomMasks,
    RandomNoise,
    RandomPerspective,
    RandomSharpness,
    RandomSpeed,
    RandomTimeShift,
    Remat,
    RepeatVector,
    Rescale,
    Reshape,
    Residual,
    RMSNorm,
    SeparableConv1D,
    SeparableConv2D,
    Sequential,
    SimpleRNN,
    Solarize,
    SpatialAlphaDropout,
    SpatialDropout,
    SpectralNorm,
    Spectrogram,
    Standardize,
    StochasticDepth,
    SwiGLU,
    TableFeatures,
    TimeDistributed,
    TransformerBlock,
    UnitNorm,
    Upsample,
    WeightNorm,
    building,
    zeros,
)
from chainrule.nn import layer as layer_module
from chainrule.nn.layer import RANDOM_KEY, Building
from chainrule.nn.tree import from_plain, to_plain
from chainrule.program import Program, Tensor, Trace
from chainrule.program import functions as f

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Case:
    """A layer on inputs of a shape, what it must give and hold, and settings that it must refuse.

    Activations are smooth, so that a numerical slope exists everywhere. tokens: x holds whole numbers below
    this one; 0 for floats. state: besides the random key. moves: whether training updates the state.
    """

    layer: Layer
    x: tuple[int, ...]
    y: tuple[int, ...]
    parameters: Shapes = field(default_factory=dict)
    bad: tuple[Callable[[], Layer], ...] = ()
    tokens: int = 0
    state: Shapes = field(default_factory=dict)
    moves: bool = True

    def __str__(self) -> str:
        return f"{type(self.layer).__name__}{self.x}".replace(" ", "")


def attention_parameters(path: str, width: int) -> Shapes:
    return {
        f"{path}.weight": (width, 3 * width),
        f"{path}.bias": (3 * width,),
        f"{path}.output_weight": (width, width),
        f"{path}.output_bias": (width,),
    }


def recurrent_parameters(path: str, features: int, units: int, gates: int) -> Shapes:
    return {
        f"{path}.weight": (features, gates * units),
        f"{path}.recurrent_weight": (units, gates * units),
        f"{path}.bias": (gates * units,),
    } | ({f"{path}.recurrent_bias": (3 * units,)} if gates == 3 else {})


CASES = [
    Case(
        Dense(5, "tanh"),
        (4, 3),
        (4, 5),
        {"dense_1.weight": (3, 5), "dense_1.bias": (5,)},
        bad=(lambda: Dense(0), lambda: Dense(2, "no"), lambda: Dense(2, weight=3)),  # type: ignore[arg-type]
    ),
    Case(Dense(2, "gelu"), (4, 3, 6), (4, 3, 2), {"dense_1.weight": (6, 2), "dense_1.bias": (2,)}),
    Case(Activation("softplus"), (4, 3), (4, 3), bad=(lambda: Activation("no"),)),
    Case(Activation("softmax"), (4, 2, 3), (4, 2, 3)),
    Case(PReLU(), (4, 2, 3), (4, 2, 3), {"prelu_1.weight": (3,)}, bad=(lambda: PReLU(0.25),)),  # type: ignore[arg-type]
    Case(GLU(), (4, 2, 6), (4, 2, 3), bad=(lambda: GLU("no"),)),
    Case(
        SwiGLU(5),
        (4, 2, 3),
        (4, 2, 3),
        {"swiglu_1.weight": (3, 10), "swiglu_1.output_weight": (5, 3)},
        bad=(lambda: SwiGLU(0), lambda: SwiGLU(2, weight=1)),  # type: ignore[arg-type]
    ),
    Case(
        Maxout(2, 3),
        (4, 5),
        (4, 2),
        {"maxout_1.weight": (5, 6), "maxout_1.bias": (6,)},
        bad=(lambda: Maxout(0), lambda: Maxout(2, 0), lambda: Maxout(2, bias=0)),  # type: ignore[arg-type]
    ),
    Case(Dropout(0.4), (4, 6), (4, 6), bad=(lambda: Dropout(1.0), lambda: Dropout(-0.1))),
    Case(
        RandomAffine(shift=1, degrees=20, scale=(0.8, 1.2), flip="both"),
        (3, 5, 4, 2),
        (3, 5, 4, 2),
        bad=(
            lambda: RandomAffine(shift=-1),
            lambda: RandomAffine(degrees=181),
            lambda: RandomAffine(scale=(0.0, 1.0)),
            lambda: RandomAffine(scale=(2.0, 1.0)),
            lambda: RandomAffine(scale=1.5),  # type: ignore[arg-type]
            lambda: RandomAffine(flip="no"),
            lambda: RandomAffine(edge="no"),
            lambda: RandomAffine(shear=90),
        ),
    ),
    Case(RandomAffine(shift=2, flip="horizontal", edge="zeros"), (3, 5, 4, 1), (3, 5, 4, 1)),
    Case(RandomAffine(shear=20, edge="nearest"), (3, 5, 4, 1), (3, 5, 4, 1)),
    Case(
        RandomPerspective(0.5),
        (3, 5, 4, 2),
        (3, 5, 4, 2),
        bad=(
            lambda: RandomPerspective(0.7),
            lambda: RandomPerspective(-0.1),
            lambda: RandomPerspective(edge="no"),
        ),
    ),
    Case(
        RandomElastic(0.6, 2.0, "nearest"),
        (3, 5, 4, 2),
        (3, 5, 4, 2),
        bad=(
            lambda: RandomElastic(-1.0),
            lambda: RandomElastic(1.5, 2.0),
            lambda: RandomElastic(smoothness=0),
            lambda: RandomElastic(edge="no"),
        ),
    ),
    Case(
        AlternatingFlip(2),
        (3, 5, 4, 2),
        (3, 5, 4, 2),
        bad=(lambda: AlternatingFlip(0), lambda: AlternatingFlip(1.5)),  # type: ignore[arg-type]
        state={"alternating_flip_1.step": ()},
    ),
    Case(
        RandomCrop((3, 2)), (3, 5, 4, 1), (3, 3, 2, 1), bad=(lambda: RandomCrop(0), lambda: RandomCrop((2,)))
    ),
    Case(
        ColorJitter(0.2, 0.3, 0.4),
        (3, 5, 4, 3),
        (3, 5, 4, 3),
        bad=(lambda: ColorJitter(1.1), lambda: ColorJitter(contrast=-0.1)),
    ),
    Case(Cutout(2), (3, 5, 4, 2), (3, 5, 4, 2), bad=(lambda: Cutout(0),)),
    Case(
        RandomGrayscale(0.6),
        (3, 5, 4, 3),
        (3, 5, 4, 3),
        bad=(lambda: RandomGrayscale(1.1), lambda: RandomGrayscale(-0.1)),
    ),
    Case(RandomHue(0.4), (3, 5, 4, 3), (3, 5, 4, 3), bad=(lambda: RandomHue(0.6), lambda: RandomHue(-0.1))),
    Case(
        RandomInvert(0.6),
        (3, 5, 4, 2),
        (3, 5, 4, 2),
        bad=(
            lambda: RandomInvert(1.1),
            lambda: RandomInvert(values=(1.0, 1.0)),
            lambda: RandomInvert(values=1.0),  # type: ignore[arg-type]
        ),
    ),
    Case(
        Solarize(0.6, 0.6, (-2.0, 2.0)),
        (3, 5, 4, 2),
        (3, 5, 4, 2),
        bad=(lambda: Solarize(1.1), lambda: Solarize(rate=-0.1), lambda: Solarize(values=(1.0, 0.0))),
    ),
    Case(
        Posterize(3, 0.6, (-2.0, 2.0)),
        (3, 5, 4, 2),
        (3, 5, 4, 2),
        bad=(
            lambda: Posterize(0),
            lambda: Posterize(9),
            lambda: Posterize(2.5),  # type: ignore[arg-type]
            lambda: Posterize(rate=1.1),
            lambda: Posterize(values=(1.0,)),  # type: ignore[arg-type]
        ),
    ),
    Case(
        AutoContrast(0.6, (-1.0, 3.0)),
        (3, 5, 4, 2),
        (3, 5, 4, 2),
        bad=(lambda: AutoContrast(1.1), lambda: AutoContrast(values=(1.0, 0.0))),
    ),
    Case(
        RandomBlur((0.5, 1.5)),
        (3, 5, 4, 2),
        (3, 5, 4, 2),
        bad=(
            lambda: RandomBlur((0.0, 1.0)),
            lambda: RandomBlur((2.0, 1.0)),
            lambda: RandomBlur(1.0),  # type: ignore[arg-type]
        ),
    ),
    Case(
        RandomSharpness(0.8),
        (3, 5, 4, 2),
        (3, 5, 4, 2),
        bad=(lambda: RandomSharpness(1.1), lambda: RandomSharpness(-0.1)),
    ),
    Case(
        Standardize((1.0, 2.0), (0.5, 3.0)),
        (3, 4, 2),
        (3, 4, 2),
        bad=(
            lambda: Standardize((), ()),
            lambda: Standardize((1.0,), (1.0, 1.0)),
            lambda: Standardize((1.0,), (0.0,)),
            lambda: Standardize(1.0, 1.0),  # type: ignore[arg-type]
        ),
    ),
    Case(
        Rescale((1.0, 2.0), (0.5, 3.0)),
        (3, 4, 2),
        (3, 4, 2),
        bad=(
            lambda: Rescale((), ()),
            lambda: Rescale((1.0,), (1.0, 1.0)),
            lambda: Rescale((1.0,), (0.0,)),
        ),
    ),
    Case(
        Impute(-9.0, (1.0, 2.0)),
        (3, 4, 2),
        (3, 4, 2),
        bad=(
            lambda: Impute(-9.0, ()),
            lambda: Impute(float("nan"), (1.0,)),
            lambda: Impute(-9.0, ("a",)),  # type: ignore[arg-type]
        ),
    ),
    Case(
        PatchWhitening(2, ((1.0,) * 4 + (-1.0,) * 4, (0.5, 2.0) * 4, (3.0,) + (0.0,) * 7)),
        (3, 5, 4, 2),
        (3, 4, 3, 6),
        {"patch_whitening_1.bias": (6,)},
        bad=(
            lambda: PatchWhitening(0, ((1.0,),)),
            lambda: PatchWhitening(2, ((1.0, 2.0),)),
            lambda: PatchWhitening(1, ((1.0,), (1.0, 2.0))),
            lambda: PatchWhitening(1, ()),
            lambda: PatchWhitening(1, (("a",),)),  # type: ignore[arg-type]
        ),
    ),
    Case(
        Sequential([Dense(4), Frozen(Sequential([Dense(4, "tanh"), BatchNorm()])), Dense(2)]),
        (4, 3),
        (4, 2),
        {
            **{"dense_1.weight": (3, 4), "dense_1.bias": (4,)},
            **{"dense_2.weight": (4, 2), "dense_2.bias": (2,)},
        },
        state={
            **{"sequential_1.dense_1.weight": (4, 4), "sequential_1.dense_1.bias": (4,)},
            **{f"sequential_1.batch_norm_1.{n}": (4,) for n in ("scale", "shift", "mean", "variance")},
        },
        moves=False,
    ),
    Case(
        Frozen(Dense(4)),
        (4, 3),
        (4, 4),
        bad=(lambda: Frozen("no"),),  # type: ignore[arg-type]
        state={"dense_1.weight": (3, 4), "dense_1.bias": (4,)},
        moves=False,
    ),
    Case(Flatten(), (4, 3, 2), (4, 6)),
    Case(
        Reshape((2, -1)),
        (4, 3, 2),
        (4, 2, 3),
        bad=(
            lambda: Reshape((-1, -1)),
            lambda: Reshape((0,)),
            lambda: Reshape((2.0,)),  # type: ignore[arg-type]
            lambda: Reshape("no"),  # type: ignore[arg-type]
        ),
    ),
    Case(Reshape(()), (4, 1), (4,)),
    Case(
        Permute((2, 3, 1)),
        (4, 3, 2, 5),
        (4, 2, 5, 3),
        bad=(lambda: Permute((0, 1)), lambda: Permute((1, 1)), lambda: Permute(()), lambda: Permute((2,))),
    ),
    Case(
        Apply(f.sin),
        (4, 3),
        (4, 3),
        bad=(lambda: Apply(3), lambda: Apply(Flatten()), lambda: Apply(Flatten)),  # type: ignore[arg-type]
    ),
    Case(
        Residual([Dense(6, "sigmoid"), Dense(3)]),
        (4, 3),
        (4, 3),
        {"dense_1.weight": (3, 6), "dense_1.bias": (6,), "dense_2.weight": (6, 3), "dense_2.bias": (3,)},
        bad=(
            lambda: Residual(["no"]),  # type: ignore[list-item]
            lambda: Residual([], shortcut="no"),  # type: ignore[arg-type]
        ),
    ),
    Case(
        Residual([Dense(2, "tanh")], shortcut=Dense(2)),
        (4, 3),
        (4, 2),
        {
            **{"dense_1.weight": (3, 2), "dense_1.bias": (2,)},
            **{"shortcut.weight": (3, 2), "shortcut.bias": (2,)},
        },
    ),
    Case(
        Padded([Conv2D(2, 3, padding="same", activation="tanh")], 4),
        (2, 3, 5, 1),
        (2, 3, 5, 2),
        {"conv2d_1.weight": (3, 3, 1, 2), "conv2d_1.bias": (2,)},
        bad=(
            lambda: Padded(["no"], 2),  # type: ignore[list-item]
            lambda: Padded([], 0),
        ),
    ),
    Case(
        Concatenate([Dense(2, "tanh"), Sequential([]), Dense(1)]),
        (4, 3),
        (4, 6),
        {
            **{"dense_1.weight": (3, 2), "dense_1.bias": (2,)},
            **{"dense_2.weight": (3, 1), "dense_2.bias": (1,)},
        },
        bad=(
            lambda: Concatenate(["no"]),  # type: ignore[list-item]
            lambda: Concatenate([]),
            lambda: Concatenate([Dense(2)], axis=0.5),  # type: ignore[arg-type]
        ),
    ),
    Case(Concatenate([Flatten(), Flatten()], axis=1), (4, 3), (4, 6)),
    Case(
        Conv1D(4, 3, stride=2, padding="same", groups=2, activation="tanh"),
        (3, 7, 6),
        (3, 4, 4),
        {"conv1d_1.weight": (3, 3, 4), "conv1d_1.bias": (4,)},
        bad=(
            lambda: Conv1D(0, 3),
            lambda: Conv1D(2, 0),
            lambda: Conv1D(2, (3, 3)),
            lambda: Conv1D(2, 3, stride=0),
            lambda: Conv1D(2, 3, padding=((1, 1), (1, 1))),
            lambda: Conv1D(2, 3, groups=3),
        ),
    ),
    Case(
        Conv2D(4, (3, 2), stride=(2, 1), padding=((1, 0), (0, 2)), dilation=(1, 2)),
        (2, 6, 5, 3),
        (2, 3, 5, 4),
        {"conv2d_1.weight": (3, 2, 3, 4), "conv2d_1.bias": (4,)},
        bad=(
            lambda: Conv2D(-1, 3),
            lambda: Conv2D(2, (3, 3, 3)),
            lambda: Conv2D(2, 3, dilation=(1, 0)),
            lambda: Conv2D(2, 3, padding="full"),
            lambda: Conv2D(2, 3, padding=((1, -1), (0, 0))),
            lambda: Conv2D(2, 3, padding=1),  # type: ignore[arg-type]
            lambda: Conv2D(2, 3, groups=0),
            lambda: Conv2D(2, 3, activation="no"),
            lambda: Conv2D(2, 3, weight=zeros.value),  # type: ignore[arg-type]
            lambda: Conv2D(2, 3, use_bias=1),  # type: ignore[arg-type]
        ),
    ),
    Case(
        Conv2D(6, 2, groups=3, use_bias=False), (2, 3, 3, 3), (2, 2, 2, 6), {"conv2d_1.weight": (2, 2, 1, 6)}
    ),
    Case(
        DepthwiseConv2D((3, 2), padding="same", multiplier=2, activation="sigmoid"),
        (2, 4, 5, 3),
        (2, 4, 5, 6),
        {"depthwise_conv2d_1.weight": (3, 2, 1, 6), "depthwise_conv2d_1.bias": (6,)},
        bad=(lambda: DepthwiseConv2D(3, multiplier=0), lambda: DepthwiseConv2D("no")),  # type: ignore[arg-type]
    ),
    Case(
        ConvTranspose2D(3, (3, 2), stride=2, padding="same", activation="tanh"),
        (2, 3, 2, 4),
        (2, 6, 4, 3),
        {"conv_transpose2d_1.weight": (3, 2, 4, 3), "conv_transpose2d_1.bias": (3,)},
        bad=(lambda: ConvTranspose2D(0, 3), lambda: ConvTranspose2D(3, 3, stride=-1)),
    ),
    Case(
        ConvTranspose2D(2, 3, stride=3, padding=((1, 0), (0, 0)), dilation=2, use_bias=False),
        (2, 3, 2, 2),
        (2, 10, 8, 2),
        {"conv_transpose2d_1.weight": (3, 3, 2, 2)},
    ),
    Case(MaxPool1D(), (3, 7, 2), (3, 3, 2), bad=(lambda: MaxPool1D((2, 2)), lambda: MaxPool1D(stride=0))),
    Case(
        MaxPool2D((3, 2), stride=1, padding=((1, 0), (0, 0))),
        (2, 4, 4, 3),
        (2, 3, 3, 3),
        bad=(lambda: MaxPool2D(0), lambda: MaxPool2D(padding=2)),  # type: ignore[arg-type]
    ),
    Case(AvgPool1D(3, 2, "same"), (3, 6, 2), (3, 3, 2), bad=(lambda: AvgPool1D(-1),)),
    Case(AvgPool2D(), (2, 5, 4, 3), (2, 2, 2, 3), bad=(lambda: AvgPool2D(stride=(1, 1, 1)),)),
    Case(GlobalAvgPool2D(), (2, 3, 4, 5), (2, 5)),
    Case(AdaptiveAvgPool2D((3, 2)), (2, 5, 4, 3), (2, 3, 2, 3), bad=(lambda: AdaptiveAvgPool2D(0),)),
    Case(AdaptiveMaxPool2D(3), (2, 5, 4, 3), (2, 3, 3, 3), bad=(lambda: AdaptiveMaxPool2D((1, 2, 3)),)),
    Case(
        Pad(((1, 2), (0, 1)), "reflect"),
        (2, 3, 4, 2),
        (2, 6, 5, 2),
        bad=(
            lambda: Pad(-1),
            lambda: Pad(1, "no"),
            lambda: Pad((1, 2)),  # type: ignore[arg-type]
            lambda: Pad(()),
            lambda: Pad(((1.0, 2),)),  # type: ignore[arg-type]
        ),
    ),
    Case(Pad(2), (2, 3, 2), (2, 7, 2)),
    Case(Pad(1, "replicate"), (2, 3, 2, 1), (2, 5, 4, 1)),
    Case(Pad(((2, 1),), "circular"), (2, 3, 2), (2, 6, 2)),
    Case(Crop(((1, 0), (2, 1))), (2, 3, 4, 2), (2, 2, 1, 2), bad=(lambda: Crop(-1), lambda: Crop("no"))),  # type: ignore[arg-type]
    Case(PixelShuffle(2), (2, 2, 3, 8), (2, 4, 6, 2), bad=(lambda: PixelShuffle(0),)),
    Case(PixelUnshuffle(2), (2, 4, 6, 2), (2, 2, 3, 8), bad=(lambda: PixelUnshuffle(0),)),
    Case(ChannelShuffle(2), (2, 3, 6), (2, 3, 6), bad=(lambda: ChannelShuffle(0),)),
    Case(RepeatVector(3), (2, 4), (2, 3, 4), bad=(lambda: RepeatVector(0),)),
    Case(
        TimeDistributed(Conv2D(2, 2, activation="tanh")),
        (2, 3, 3, 4, 1),
        (2, 3, 2, 3, 2),
        {"layer.weight": (2, 2, 1, 2), "layer.bias": (2,)},
        bad=(lambda: TimeDistributed("no"),),  # type: ignore[arg-type]
    ),
    Case(
        SeparableConv2D(4, (3, 2), padding="same", multiplier=2, activation="sigmoid"),
        (2, 4, 5, 3),
        (2, 4, 5, 4),
        {
            "separable_conv2d_1.depthwise_weight": (3, 2, 1, 6),
            "separable_conv2d_1.weight": (6, 4),
            "separable_conv2d_1.bias": (4,),
        },
        bad=(
            lambda: SeparableConv2D(0, 3),
            lambda: SeparableConv2D(2, 3, multiplier=0),
            lambda: SeparableConv2D(2, 3, depthwise_weight=0),  # type: ignore[arg-type]
        ),
    ),
    Case(
        InstanceNorm(),
        (3, 2, 3, 4),
        (3, 2, 3, 4),
        {"instance_norm_1.scale": (4,), "instance_norm_1.shift": (4,)},
        bad=(lambda: InstanceNorm(-1), lambda: InstanceNorm(scale=1)),  # type: ignore[arg-type]
    ),
    Case(AlphaDropout(0.4), (4, 6), (4, 6), bad=(lambda: AlphaDropout(1.0), lambda: AlphaDropout(-0.1))),
    Case(AdaptiveAvgPool1D(3), (2, 5, 3), (2, 3, 3), bad=(lambda: AdaptiveAvgPool1D((1, 2)),)),
    Case(AdaptiveMaxPool1D(3), (2, 5, 3), (2, 3, 3), bad=(lambda: AdaptiveMaxPool1D(1.5),)),  # type: ignore[arg-type]
    Case(
        AdaptiveAvgPool3D((2, 3, 1)), (2, 3, 2, 4, 2), (2, 2, 3, 1, 2), bad=(lambda: AdaptiveAvgPool3D((1,)),)
    ),
    Case(AdaptiveMaxPool3D(2), (2, 3, 2, 4, 2), (2, 2, 2, 2, 2), bad=(lambda: AdaptiveMaxPool3D(0),)),
    Case(
        Conv3D(4, (2, 3, 1), (2, 1, 1), "same", groups=2, activation="tanh"),
        (2, 3, 4, 3, 2),
        (2, 2, 4, 3, 4),
        {"conv3d_1.weight": (2, 3, 1, 1, 4), "conv3d_1.bias": (4,)},
        bad=(lambda: Conv3D(2, (3, 3)), lambda: Conv3D(3, 1, groups=2), lambda: Conv3D(2, 3, padding="no")),
    ),
    Case(
        ConvTranspose1D(3, 2, 2, activation="tanh"),
        (2, 3, 2),
        (2, 6, 3),
        {"conv_transpose1d_1.weight": (2, 2, 3), "conv_transpose1d_1.bias": (3,)},
        bad=(lambda: ConvTranspose1D(0, 2), lambda: ConvTranspose1D(1, (2, 2))),
    ),
    Case(
        ConvTranspose3D(3, (2, 2, 1), (2, 1, 2), ((1, 0), (0, 0), (0, 0)), use_bias=False),
        (2, 2, 3, 2, 2),
        (2, 3, 4, 3, 3),
        {"conv_transpose3d_1.weight": (2, 2, 1, 2, 3)},
        bad=(lambda: ConvTranspose3D(0, 2), lambda: ConvTranspose3D(1, 2, use_bias=1)),  # type: ignore[arg-type]
    ),
    Case(
        DepthwiseConv1D(3, padding="same", multiplier=2),
        (2, 5, 3),
        (2, 5, 6),
        {"depthwise_conv1d_1.weight": (3, 1, 6), "depthwise_conv1d_1.bias": (6,)},
        bad=(lambda: DepthwiseConv1D(3, multiplier=0),),
    ),
    Case(
        SeparableConv1D(4, 3, activation="tanh"),
        (2, 5, 3),
        (2, 3, 4),
        {
            "separable_conv1d_1.depthwise_weight": (3, 1, 3),
            "separable_conv1d_1.weight": (3, 4),
            "separable_conv1d_1.bias": (4,),
        },
        bad=(lambda: SeparableConv1D(0, 3),),
    ),
    *[
        Case(
            kind([Dense(2, "tanh"), Dense(2, "sigmoid"), Dense(2)]),
            (4, 3),
            (4, 2),
            {
                f"dense_{i}.{name}": shape
                for i in (1, 2, 3)
                for name, shape in (("weight", (3, 2)), ("bias", (2,)))
            },
            bad=(lambda kind=kind: kind([]), lambda kind=kind: kind([Dense(1), 3])),  # type: ignore[list-item]
        )
        for kind in (Add, Multiply, Average, Maximum, Minimum)
    ],
    Case(
        Masking(LSTM(2)),
        (3, 4, 3),
        (3, 2),
        recurrent_parameters("layer", 3, 2, 4),
        bad=(
            lambda: Masking(Dense(2)),  # type: ignore[arg-type]
            lambda: Masking(LSTM(2), float("nan")),
            lambda: Masking("no"),  # type: ignore[arg-type]
        ),
    ),
    Case(
        Bilinear(2, "tanh"),
        (4, 2, 3),
        (4, 2, 2),
        {"bilinear_1.weight": (9, 2), "bilinear_1.bias": (2,)},
        bad=(lambda: Bilinear(0), lambda: Bilinear(1, "no"), lambda: Bilinear(1, bias=0)),  # type: ignore[arg-type]
    ),
    Case(
        WeightNorm(Sequential([Dense(3, "tanh"), Dense(2)])),
        (4, 3),
        (4, 2),
        {
            "dense_1.weight": (3, 3),
            "dense_1.weight_length": (3,),
            "dense_1.bias": (3,),
            "dense_2.weight": (3, 2),
            "dense_2.weight_length": (2,),
            "dense_2.bias": (2,),
        },
        bad=(lambda: WeightNorm(3), lambda: WeightNorm(Dense(2), 1.0)),  # type: ignore[arg-type]
    ),
    Case(
        WeightNorm(Conv2D(3, 2, activation="tanh")),
        (2, 3, 3, 2),
        (2, 2, 2, 3),
        {"conv2d_1.weight": (2, 2, 2, 3), "conv2d_1.weight_length": (3,), "conv2d_1.bias": (3,)},
    ),
    Case(
        SpectralNorm(Sequential([Conv1D(3, 2, activation="tanh"), Dense(2)]), 80),  # until the vectors stay
        (2, 4, 2),
        (2, 3, 2),
        {
            "conv1d_1.weight": (2, 2, 3),
            "conv1d_1.bias": (3,),
            "dense_1.weight": (3, 2),
            "dense_1.bias": (2,),
        },
        state={"conv1d_1.weight_vector": (3,), "dense_1.weight_vector": (2,)},
        bad=(
            lambda: SpectralNorm(3),  # type: ignore[arg-type]
            lambda: SpectralNorm(Dense(2), 0),
            lambda: SpectralNorm(Dense(2), epsilon=0.0),
        ),
    ),
    Case(
        MultiHeadAttention(4, key_heads=2, window=2, rotary=True),
        (2, 4, 8),
        (2, 4, 8),
        {
            "multi_head_attention_1.weight": (8, 16),
            "multi_head_attention_1.bias": (16,),
            "multi_head_attention_1.output_weight": (8, 8),
            "multi_head_attention_1.output_bias": (8,),
        },
        bad=(
            lambda: MultiHeadAttention(4, key_heads=3),
            lambda: MultiHeadAttention(4, key_heads=0),
            lambda: MultiHeadAttention(4, window=0),
        ),
    ),
    Case(
        AdditiveAttention(3),
        (2, 4, 5),
        (2, 4, 5),
        {
            "additive_attention_1.weight": (5, 3),
            "additive_attention_1.memory_weight": (5, 3),
            "additive_attention_1.score_weight": (3, 1),
            "additive_attention_1.bias": (3,),
        },
        bad=(lambda: AdditiveAttention(0), lambda: AdditiveAttention(2, bias=0)),  # type: ignore[arg-type]
    ),
    *[
        Case(
            kind(2, 2, return_sequences=every),
            (2, 3, *space, 1),
            (2, 3, *space, 2) if every else (2, *space, 2),
            {
                f"{path}.weight": (*(2 for _ in space), 1, 8),
                f"{path}.recurrent_weight": (*(2 for _ in space), 2, 8),
                f"{path}.bias": (8,),
            },
            bad=(lambda kind=kind: kind(0, 2), lambda kind=kind: kind(1, (2,) * 5)),
        )
        for kind, path, space, every in (
            (ConvLSTM1D, "convlstm1d_1", (4,), True),
            (ConvLSTM2D, "convlstm2d_1", (3, 2), False),
            (ConvLSTM3D, "convlstm3d_1", (2, 2, 2), True),
        )
    ],
    Case(
        LSTM(3, projection=2, peepholes=True, return_sequences=True),
        (2, 4, 3),
        (2, 4, 2),
        {
            "lstm_1.weight": (3, 12),
            "lstm_1.recurrent_weight": (2, 12),
            "lstm_1.bias": (12,),
            "lstm_1.projection_weight": (3, 2),
            "lstm_1.peephole": (9,),
        },
        bad=(lambda: LSTM(2, projection=0), lambda: LSTM(2, peepholes=1)),  # type: ignore[arg-type]
    ),
    Case(GaussianDropout(0.3), (4, 6), (4, 6), bad=(lambda: GaussianDropout(1.0),)),
    Case(SpatialAlphaDropout(0.4), (4, 3, 6), (4, 3, 6), bad=(lambda: SpatialAlphaDropout(-0.1),)),
    Case(RandomLeakyReLU(), (4, 6), (4, 6), bad=(lambda: RandomLeakyReLU(0.5, 0.2),)),
    Case(UnitNorm(), (4, 2, 3), (4, 2, 3), bad=(lambda: UnitNorm(0.0),)),
    Case(
        LocalResponseNorm(3, 0.5, 0.75),
        (2, 3, 2, 5),
        (2, 3, 2, 5),
        bad=(lambda: LocalResponseNorm(0), lambda: LocalResponseNorm(2, k=0.0)),
    ),
    Case(PowerPool1D(3, 2), (2, 5, 3), (2, 2, 3), bad=(lambda: PowerPool1D(0.5),)),
    Case(PowerPool2D(2, (2, 1), 1), (2, 3, 2, 3), (2, 2, 2, 3), bad=(lambda: PowerPool2D(2, 0),)),
    Case(PowerPool3D(4), (2, 2, 4, 2, 2), (2, 1, 2, 1, 2), bad=(lambda: PowerPool3D(2, stride=(1, 2)),)),
    Case(Patches((2, 1), 1), (2, 3, 2, 3), (2, 2, 2, 6), bad=(lambda: Patches(0), lambda: Patches(2, 0))),
    Case(GlobalAvgPool3D(), (2, 3, 2, 2, 5), (2, 5)),
    Case(GlobalMaxPool3D(), (2, 3, 2, 2, 5), (2, 5)),
    Case(AvgPool3D((2, 1, 2)), (2, 4, 3, 2, 2), (2, 2, 3, 1, 2), bad=(lambda: AvgPool3D((1, 2)),)),
    Case(MaxPool3D(2, 1), (2, 3, 3, 2, 2), (2, 2, 2, 1, 2), bad=(lambda: MaxPool3D(2, 0),)),
    Case(Upsample((2, 1, 3), "linear"), (2, 2, 2, 2, 1), (2, 4, 2, 6, 1)),
    Case(Pad(((1, 0), (0, 1), (2, 0)), "circular"), (2, 2, 2, 2, 1), (2, 3, 3, 4, 1)),
    Case(GlobalMaxPool1D(), (2, 6, 5), (2, 5)),
    Case(GlobalMaxPool2D(), (2, 3, 4, 5), (2, 5)),
    Case(Upsample(), (2, 3, 2), (2, 6, 2), bad=(lambda: Upsample(0), lambda: Upsample(2, "cubic"))),
    Case(Upsample((3, 2), "linear"), (2, 3, 4, 2), (2, 9, 8, 2), bad=(lambda: Upsample(()),)),
    Case(
        BatchNorm(),
        (4, 3, 2, 5),
        (4, 3, 2, 5),
        {"batch_norm_1.scale": (5,), "batch_norm_1.shift": (5,)},
        state={"batch_norm_1.mean": (5,), "batch_norm_1.variance": (5,)},
        bad=(
            lambda: BatchNorm(momentum=1.0),
            lambda: BatchNorm(epsilon=-1e-5),
            lambda: BatchNorm(shift=0),  # type: ignore[arg-type]
        ),
    ),
    Case(
        LayerNorm(1e-3),
        (4, 6),
        (4, 6),
        {"layer_norm_1.scale": (6,), "layer_norm_1.shift": (6,)},
        bad=(lambda: LayerNorm(epsilon=-1), lambda: LayerNorm(scale=1)),  # type: ignore[arg-type]
    ),
    Case(
        GroupNorm(2),
        (3, 2, 3, 6),
        (3, 2, 3, 6),
        {"group_norm_1.scale": (6,), "group_norm_1.shift": (6,)},
        bad=(lambda: GroupNorm(0), lambda: GroupNorm(1, epsilon=-1)),
    ),
    Case(
        RMSNorm(),
        (3, 2, 6),
        (3, 2, 6),
        {"rmsnorm_1.scale": (6,)},
        bad=(lambda: RMSNorm(-1), lambda: RMSNorm(scale=None)),  # type: ignore[arg-type]
    ),
    Case(SpatialDropout(0.4), (4, 3, 6), (4, 3, 6), bad=(lambda: SpatialDropout(1.0),)),
    Case(StochasticDepth(0.4), (6, 2, 3), (6, 2, 3), bad=(lambda: StochasticDepth(-0.1),)),
    Case(GaussianNoise(0.3), (4, 3), (4, 3), bad=(lambda: GaussianNoise(-0.1),)),
    Case(
        Sequential([Flatten(), Dense(4, "silu"), Residual([Dropout(0.5), Dense(4, "tanh")]), Dense(2)]),
        (4, 3, 2),
        (4, 2),
        {
            "dense_1.weight": (6, 4),
            "dense_1.bias": (4,),
            "residual_1.dense_1.weight": (4, 4),
            "residual_1.dense_1.bias": (4,),
            "dense_2.weight": (4, 2),
            "dense_2.bias": (2,),
        },
        bad=(lambda: Sequential([Dense]),),  # type: ignore[list-item]
    ),
]
CASES += [
    Case(
        Embedding(7, 3),
        (4, 5),
        (4, 5, 3),
        {"embedding_1.weight": (7, 3)},
        (lambda: Embedding(0, 3), lambda: Embedding(7, -1), lambda: Embedding(7, 3, weight=1)),  # type: ignore[arg-type]
        tokens=7,
    ),
    Case(
        Embedding(7, 3, sparse=True),
        (4, 5),
        (4, 5, 3),
        {"embedding_1.weight": (7, 3)},
        (lambda: Embedding(7, 3, sparse=1),),  # type: ignore[arg-type]
        tokens=7,
    ),
    Case(GlobalAvgPool1D(), (4, 3, 2), (4, 2)),
    Case(
        AttentionPool1D(),
        (4, 3, 2),
        (4, 2),
        {"attention_pool1d_1.weight": (2, 1)},
        bad=(lambda: AttentionPool1D(3),),  # type: ignore[arg-type]
    ),
    Case(
        Spectrogram(frame=6, hop=4, fft=8),
        (3, 20),
        (3, 4, 5),
        bad=(lambda: Spectrogram(0), lambda: Spectrogram(hop=0), lambda: Spectrogram(8, fft=6)),
    ),
    Case(
        LogMel(100, mels=3, frame=10, hop=4),
        (2, 27),
        (2, 5, 3),
        bad=(
            lambda: LogMel(0),
            lambda: LogMel(100, mels=0),
            lambda: LogMel(100, mels=9, frame=10),  # filters between the frequencies
            lambda: LogMel(100, mels=2, frame=10, hop=0),
            lambda: LogMel(100, mels=2, frame=10, low=50),
            lambda: LogMel(100, mels=2, frame=10, high=51),
            lambda: LogMel(100, mels=2, frame=10, fft=9),
            lambda: LogMel(100, mels=2, frame=10, floor=0),
        ),
    ),
    Case(LogMel(100, mels=3, frame=6, hop=8, fft=16, low=5, high=45), (2, 30), (2, 4, 3)),
    Case(
        MFCC(100, coefficients=2, mels=3, frame=10, hop=5),
        (2, 20),
        (2, 3, 2),
        bad=(lambda: MFCC(100, 0, 3, 10, 5), lambda: MFCC(100, 4, 3, 10, 5)),
    ),
    Case(RandomTimeShift(2), (5, 7), (5, 7), bad=(lambda: RandomTimeShift(-1),)),
    Case(
        RandomNoise(0.3, 0.2),
        (5, 7),
        (5, 7),
        bad=(lambda: RandomNoise(1.1), lambda: RandomNoise(gain=1.0)),
    ),
    Case(RandomSpeed(0.2), (5, 7), (5, 7), bad=(lambda: RandomSpeed(-0.1), lambda: RandomSpeed(1.5))),
    Case(
        RandomEqualizer(1.0, 3),
        (5, 4, 6),
        (5, 4, 6),
        bad=(lambda: RandomEqualizer(-1.0), lambda: RandomEqualizer(points=1)),
    ),
    Case(
        RandomMasks(3, 2, 2),
        (5, 7, 6),
        (5, 7, 6),
        bad=(lambda: RandomMasks(-1), lambda: RandomMasks(1, -1), lambda: RandomMasks(count=0)),
    ),
    Case(
        Sequential([Embedding(9, 2), GlobalAvgPool1D(), Dense(3)]),
        (4, 6),
        (4, 3),
        {"embedding_1.weight": (9, 2), "dense_1.weight": (2, 3), "dense_1.bias": (3,)},
        tokens=9,
    ),
    Case(PositionalEncoding(), (2, 5, 3), (2, 5, 3), bad=(lambda: PositionalEncoding("no"),)),
    Case(
        PositionalEncoding("learned", longest=7),
        (2, 5, 3),
        (2, 5, 3),
        {"positional_encoding_1.weight": (7, 3)},
        (
            lambda: PositionalEncoding("learned"),
            lambda: PositionalEncoding("learned", longest=0),
            lambda: PositionalEncoding("rotary", longest=4),
            lambda: PositionalEncoding(weight=1),  # type: ignore[arg-type]
        ),
    ),
    Case(PositionalEncoding("rotary"), (2, 5, 4), (2, 5, 4)),
    Case(
        MultiHeadAttention(2, causal=True, dropout=0.3),
        (2, 4, 6),
        (2, 4, 6),
        attention_parameters("multi_head_attention_1", 6),
        (
            lambda: MultiHeadAttention(0),
            lambda: MultiHeadAttention(2, dropout=1.0),
            lambda: MultiHeadAttention(2, causal=1),  # type: ignore[arg-type]
            lambda: MultiHeadAttention(2, rotary=None),  # type: ignore[arg-type]
            lambda: MultiHeadAttention(2, bias=0),  # type: ignore[arg-type]
        ),
    ),
    Case(
        MultiHeadAttention(3, rotary=True),
        (2, 4, 6),
        (2, 4, 6),
        attention_parameters("multi_head_attention_1", 6),
    ),
    Case(
        TransformerBlock(2, expansion=3, activation="gelu_tanh", dropout=0.2),
        (2, 3, 4),
        (2, 3, 4),
        {
            **{
                f"transformer_block_1.layer_norm_{i}.{name}": (4,)
                for i in (1, 2)
                for name in ("scale", "shift")
            },
            **attention_parameters("transformer_block_1.multi_head_attention_1", 4),
            "transformer_block_1.dense_1.weight": (4, 12),
            "transformer_block_1.dense_1.bias": (12,),
            "transformer_block_1.dense_2.weight": (12, 4),
            "transformer_block_1.dense_2.bias": (4,),
        },
        (
            lambda: TransformerBlock(-1),
            lambda: TransformerBlock(2, expansion=0),
            lambda: TransformerBlock(2, activation="no"),
            lambda: TransformerBlock(2, dropout=-0.5),
        ),
    ),
]
CASES += [
    Case(
        SimpleRNN(3),
        (2, 4, 5),
        (2, 3),
        recurrent_parameters("simplernn_1", 5, 3, 1),
        (
            lambda: SimpleRNN(0),
            lambda: SimpleRNN(3, activation="no"),
            lambda: SimpleRNN(3, return_sequences=1),  # type: ignore[arg-type]
            lambda: SimpleRNN(3, recurrent="no"),  # type: ignore[arg-type]
        ),
    ),
    Case(
        LSTM(3, return_sequences=True),
        (2, 4, 5),
        (2, 4, 3),
        recurrent_parameters("lstm_1", 5, 3, 4),
        (lambda: LSTM(-1), lambda: LSTM(3, reverse=0), lambda: LSTM(3, weight=None)),  # type: ignore[arg-type]
    ),
    Case(
        GRU(3, reverse=True),
        (2, 4, 5),
        (2, 3),
        recurrent_parameters("gru_1", 5, 3, 3),
        (lambda: GRU(0), lambda: GRU(3, bias=1)),  # type: ignore[arg-type]
    ),
    Case(
        Bidirectional(LSTM(3), GRU(2, reverse=True)),
        (2, 4, 5),
        (2, 5),
        recurrent_parameters("forward", 5, 3, 4) | recurrent_parameters("backward", 5, 2, 3),
        (
            lambda: Bidirectional(Dense(3)),  # type: ignore[arg-type]
            lambda: Bidirectional(LSTM(3), Dense(3)),  # type: ignore[arg-type]
            lambda: Bidirectional(LSTM(3), LSTM(3)),
            lambda: Bidirectional(LSTM(3), LSTM(3, reverse=True, return_sequences=True)),
        ),
    ),
    Case(
        Bidirectional(SimpleRNN(3, "sigmoid", return_sequences=True)),
        (2, 4, 5),
        (2, 4, 6),
        recurrent_parameters("forward", 5, 3, 1) | recurrent_parameters("backward", 5, 3, 1),
    ),
]
CASES += [
    Case(
        Remat(Dense(5, "tanh")),
        (4, 3),
        (4, 5),
        {"dense_1.weight": (3, 5), "dense_1.bias": (5,)},
        (lambda: Remat("no"),),  # type: ignore[arg-type]
    ),
    Case(
        Sequential([Dense(4), Remat(Sequential([Dense(4, "tanh"), Dropout(0.3)])), Remat(Dense(2))]),
        (4, 3),
        (4, 2),
        {
            **{"dense_1.weight": (3, 4), "dense_1.bias": (4,)},
            **{"sequential_1.dense_1.weight": (4, 4), "sequential_1.dense_1.bias": (4,)},
            **{"dense_2.weight": (4, 2), "dense_2.bias": (2,)},
        },
    ),
]
CASES += [
    Case(
        Members(3),
        (4, 5),
        (4, 3, 5),
        {"members_1.scale": (3, 5)},
        (lambda: Members(0), lambda: Members(2, scale=1.0)),  # type: ignore[arg-type]
    ),
    Case(
        EnsembleDense(2, "tanh"),
        (4, 3, 5),
        (4, 3, 2),
        {
            **{"ensemble_dense_1.weight": (5, 2), "ensemble_dense_1.input_scale": (3, 5)},
            **{"ensemble_dense_1.output_scale": (3, 2), "ensemble_dense_1.bias": (3, 2)},
        },
        (
            lambda: EnsembleDense(0),
            lambda: EnsembleDense(2, "no"),
            lambda: EnsembleDense(2, weights="none"),
            lambda: EnsembleDense(2, weight=1),  # type: ignore[arg-type]
        ),
    ),
    Case(
        EnsembleDense(2, weights="own"),
        (4, 3, 5),
        (4, 3, 2),
        {"ensemble_dense_1.weight": (5, 6), "ensemble_dense_1.bias": (3, 2)},
    ),
    Case(
        TableFeatures((0, 4, 0, 9, 4)),
        (6, 5),
        (6, 2 + 2 * 3 + 5),
        {"table_features_1.codes_3_weight": (8, 3), "table_features_1.codes_5_weight": (9, 5)},
        (
            lambda: TableFeatures((1,)),
            lambda: TableFeatures((0,), "no"),
            lambda: TableFeatures((0,), "piecewise"),
            lambda: TableFeatures((0,), "plain", (0,)),
            lambda: TableFeatures((0, 3), "periodic", (1,)),
            lambda: TableFeatures((0, 0), "periodic", (1, 0)),
            lambda: TableFeatures((0,), "piecewise", (0,), ((1.0, 1.0),)),
            lambda: TableFeatures((0,), "piecewise", (0,), ((1.0,),)),
            lambda: TableFeatures((0,), "periodic", (0,), ((0.0, 1.0),)),
            lambda: TableFeatures((0,), width=0),
            lambda: TableFeatures((0,), deviation=0.0),
            lambda: TableFeatures((0,), hidden=1.0),
        ),
    ),
    Case(
        TableFeatures((0, 0, 0), "piecewise", (0, 2), ((-2.0, -0.7, 0.4, 3.0), (-3.0, 0.1, 3.0)), width=2),
        (6, 3),
        (6, 1 + 2 * 2),
        {
            "table_features_1.piece_weight": (2, 3, 2),
            "table_features_1.line_weight": (2, 2),
            "table_features_1.line_bias": (2, 2),
        },
    ),
    Case(
        TableFeatures((0, 0, 3), "periodic", (1,), width=2, hidden=0.2),
        (6, 3),
        (6, 1 + 2 + 3),
        {
            "table_features_1.frequency": (1, 4),
            "table_features_1.wave_weight": (1, 8, 2),
            "table_features_1.wave_bias": (1, 2),
            "table_features_1.codes_3_weight": (3, 3),
        },
    ),
]
WITHOUT_SETTINGS = {
    Flatten,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
}
REFUSING = [(case, make) for case in CASES for make in case.bad]


def run(program: Program, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One call; the random key stays the same, so that the masks of dropout do."""
    return compile_numpy(program).run(state_of(program), inputs)


def state_of(program: Program) -> dict[str, np.ndarray]:
    """A random key, and positive numbers for what layers keep."""
    return {
        value.name: np.array([5, 0], np.uint32)
        if value.name == RANDOM_KEY
        else np.abs(values(value.shape, value.dtype)) + 0.5
        for value in program.state
    }


def outputs(case: Case, x: np.ndarray) -> np.ndarray:
    """Predictions for x with parameters that depend on their names alone."""
    trace = Trace()
    with building(trace, training=False, dtype="float64"):
        y = case.layer(trace.input("x", x.shape, x.dtype.name))
    tree = {name: values(shape) for name, shape in case.parameters.items()}
    program = trace.program({"y": y})
    return compile_numpy(program).run(tree | state_of(program), {"x": x})["y"]


def values(shape: tuple[int, ...], dtype: np.dtype | str = "float64") -> np.ndarray:
    return np.random.default_rng(len(shape) + sum(shape)).normal(size=shape).astype(dtype)


def input_of(case: Case) -> np.ndarray:
    return np.random.default_rng(1).integers(0, case.tokens, case.x) if case.tokens else values(case.x)


def test_every_kind_of_layer_has_a_case_and_refusals():
    kinds = {kind for kind in KINDS if issubclass(kind, Layer)}
    assert {type(case.layer) for case in CASES} == kinds
    assert {type(case.layer) for case, _ in REFUSING} == kinds - WITHOUT_SETTINGS


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shape_dtype_and_parameters_by_place(case, training, dtype):
    trace = Trace()
    with building(trace, training=training, dtype=dtype) as built:
        y = case.layer(trace.input("x", case.x, "int32" if case.tokens else dtype))
    assert (y.shape, y.dtype) == (case.y, dtype)
    assert {name: tensor.shape for name, tensor in trace.parameters.items()} == case.parameters
    assert {tensor.dtype for tensor in trace.parameters.values()} <= {dtype}
    assert set(built.initializers) == {*case.parameters, *case.state}


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_derivative_is_the_numerical_slope(case, training, monkeypatch):
    """With respect to the input, unless it is of tokens, and every parameter at once."""

    class Given(Building):
        def parameter(self, name: str, shape: Sequence[int], initializer: Initializer, dtype: str) -> Tensor:
            if self._is_frozen:
                return super().parameter(name, shape, initializer, dtype)
            return given[f"{self.path}.{name}" if self.path else name]

    given: dict[str, Tensor] = {}

    def function(*varied: Tensor) -> Tensor:
        trace = varied[0].trace
        inputs = [trace.constant(input_of(case), "int32")] if case.tokens else []
        x, *parameters = [*inputs, *varied]
        given.update(zip(case.parameters, parameters, strict=True))
        with building(trace, training=training, dtype="float64"):
            return case.layer(x)

    monkeypatch.setattr(layer_module, "Building", Given)
    arguments = [values(shape) for shape in case.parameters.values()]
    arguments = arguments if case.tokens else [input_of(case), *arguments]
    check_direction(function, arguments, run, relative=1e-7)


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
@pytest.mark.parametrize("case", [case for case in CASES if case.parameters], ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_hessian_vector_products_run_in_the_core(case, training):
    """In float32, which it runs itself: a warning that NumPy takes its place would be an error here."""

    def product(dtype: str, compile_program: Compile) -> np.ndarray:
        trace, x = Trace(), input_of(case)
        x = x.astype("int32" if case.tokens else dtype)
        with building(trace, training=training, dtype=dtype):
            y = case.layer(trace.input("x", x.shape, x.dtype.name))
        program = hessian_program(f.sin(y).sum())  # curved, so that no layer has a second derivative of 0
        tree = {v.name: values(v.shape, v.dtype) for v in program.parameters}
        along = {f"direction {name}": np.cos(array) for name, array in tree.items()}
        results = compile_program(program).run(tree | state_of(program), {"x": x} | along)
        return np.concatenate([results[f"product {name}"].ravel() for name in tree])

    expected, found = product("float64", compile_numpy), product("float32", compile_native)
    assert np.linalg.norm(expected) > 1e-3
    assert np.linalg.norm(found - expected) <= 1e-4 * np.linalg.norm(expected)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_predictions_for_one_example_do_not_depend_on_the_others(case):
    x = input_of(case)
    together = outputs(case, x)
    for row in range(len(x)):
        np.testing.assert_allclose(outputs(case, x[row : row + 1])[0], together[row], rtol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_comes_back_from_plain_data(case):
    plain = to_plain(case.layer)
    assert from_plain(json.loads(json.dumps(plain)), KINDS) == case.layer
    assert from_plain(tomllib.loads(tomli_w.dumps(plain)), KINDS) == case.layer


@pytest.mark.parametrize("case", CASES, ids=str)
def test_is_hashable_and_equal_to_its_twin(case):
    assert len({case.layer, from_plain(to_plain(case.layer), KINDS)}) == 1


@pytest.mark.parametrize(
    ("case", "make"), REFUSING, ids=lambda item: str(item) if isinstance(item, Case) else ""
)
def test_refuses_bad_settings_by_its_name(case, make):
    with pytest.raises(ConfigError, match=rf"^{type(case.layer).__name__}: "):
        make()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_state_is_that_of_the_layer_and_of_randomness_both_changed_only_in_training(case):
    for training in (True, False):
        trace = Trace()
        with building(trace, training=training) as built:
            case.layer(trace.input("x", case.x, "int32" if case.tokens else "float64"))
        plain = json.dumps(to_plain(case.layer))
        kinds = ("Dropout", "Noise", "StochasticDepth", "Random", "Jitter", "Cutout")
        kinds += ("Solarize", "Posterize", "AutoContrast")
        dropping = any(kind in plain for kind in kinds)
        shares = ("dropout", "hidden")
        dropping |= any(f'"{share}"' in plain and f'"{share}": 0.0' not in plain for share in shares)
        random = training and dropping
        shapes = case.state | ({RANDOM_KEY: (2,)} if random else {})
        assert {name: tensor.shape for name, tensor in trace.states.items()} == shapes
        moving = training and case.moves
        assert {tensor.value.name for tensor in built.updates} == (set(shapes) if moving else set())
