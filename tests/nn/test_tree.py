"""Frozen dataclasses to plain data and back, through JSON and TOML alike."""

import json
import tomllib
from dataclasses import dataclass, field, fields
from typing import Any

import pytest
import tomli_w

from chainrule import nn
from chainrule.errors import ConfigError
from chainrule.nn import KINDS, Layer
from chainrule.nn.tree import from_plain, to_plain
from chainrule.program import functions as f

TREES = [
    nn.Sequential([nn.Flatten(), nn.Dense(8, "relu", nn.orthogonal(1.5)), nn.Dropout(0.25), nn.Dense(3)]),
    nn.Residual([nn.Sequential([nn.Dense(4, weight=nn.uniform(-1.0, 1.0)), nn.Activation("gelu")])]),
    nn.Residual([nn.Conv2D(8, (3, 2), padding=((1, 1), (0, 1)), use_bias=False)], nn.Conv2D(8, 1)),
    (nn.Conv1D(4, 3, padding="same"), nn.DepthwiseConv2D(3), nn.ConvTranspose2D(2, 2, stride=(2, 1))),
    (nn.Reshape((4, -1)), nn.Permute((2, 1)), nn.Apply(f.sin)),
    (nn.MaxPool1D(), nn.MaxPool2D((2, 3), 1), nn.AvgPool1D(), nn.AvgPool2D(), nn.Upsample((2, 3))),
    (
        nn.GlobalAvgPool2D(),
        nn.GlobalMaxPool1D(),
        nn.GlobalMaxPool2D(),
        nn.Concatenate([nn.Dense(2), nn.Dense(3)], axis=1),
    ),
    (nn.BatchNorm(0.99), nn.LayerNorm(), nn.GroupNorm(4), nn.RMSNorm(1e-6, nn.constant(0.5))),
    (nn.SpatialDropout(0.1), nn.GaussianNoise(0.3), nn.StochasticDepth(0.2)),
    nn.Sequential([nn.Embedding(9, 4), nn.PositionalEncoding("learned", 5), nn.GlobalAvgPool1D()]),
    (nn.TransformerBlock(2, causal=True), nn.MultiHeadAttention(2, rotary=True), nn.LayerNorm()),
    (nn.Bidirectional(nn.LSTM(4)), nn.GRU(3, return_sequences=True), nn.SimpleRNN(2, "relu")),
    nn.Sequential([nn.remat(nn.Dense(3)), nn.Dense(2, bias=nn.filled_parts(0.5, 1.0))]),
    nn.SoftmaxCrossEntropy(label_smoothing=0.1),
    nn.CTC(blank=3),
    nn.Huber(2.0),
    nn.chain(
        nn.ClipByGlobalNorm(1.0), nn.ClipByValue(0.5), nn.adamw(nn.CosineDecay(0.1, 100, 5, 2.0, 0.001))
    ),
    nn.rmsprop(nn.ReduceOnPlateau(0.1, patience=3)),
    nn.nesterov(nn.StepDecay(0.1, 10)),
    nn.adagrad(nn.ExponentialDecay(0.1, 10)),
    nn.sgd(nn.Constant(0.5)),
    nn.sgd(nn.OneCycle(0.5, 100)),
    nn.sgd(nn.Cyclical(0.1, 0.5, 10, shrink=0.5)),
    nn.sgd(nn.PolynomialDecay(0.5, 100, power=0.9)),
    nn.sgd(nn.InverseTimeDecay(0.5, 100)),
    nn.Dense(3, weight=nn.truncated_normal(deviation=0.1)),
    (nn.BinaryCrossEntropyOfProbabilities(), nn.CategoricalCrossEntropyOfProbabilities()),
    nn.chain(
        nn.SharpnessAware(0.1),
        nn.AdaptiveClip(0.02, on="*weight"),
        nn.Partition((("*bias", nn.Scale(2.0)), ("a.*", nn.nadam())), nn.muon()),
        nn.MaxNorm(3.0),
        nn.Lookahead(5, 0.5),
        nn.ExponentialMovingAverage(0.99),
        nn.StochasticWeightAverage(100, every=10),
    ),
    nn.LBFGS(memory=5),
    (nn.LevenbergMarquardt(0.01), nn.BayesianRegularization(factor=5.0), nn.ScaledConjugateGradient(1e-4)),
    nn.ConjugateGradient("fletcher_reeves"),
    nn.chain(nn.rprop(backtracking="if_worse"), nn.quickprop(growth=1.5)),
    nn.chain(nn.adamax(), nn.radam(), nn.adafactor(), nn.lars(), nn.lamb(), nn.schedule_free_sgd()),
    nn.chain(nn.schedule_free_adamw(), nn.prodigy(distance=1e-5)),
    nn.sgd(nn.JoinedSchedules((nn.LinearRamp(0.0, 0.5, 10), nn.MultiStepDecay(0.5, (5, 9)), 0.1), (10, 30))),
    nn.Accumulate(nn.chain(nn.adadelta(), nn.amsgrad(), nn.lion()), 4),
    (nn.L1(0.1), nn.L2(0.2, on="dense_1.*"), nn.Activity(0.1, 2), nn.Orthogonality(0.3)),
    (nn.ElasticNet(0.1, 0.3), nn.GroupLasso(0.2, "outputs")),
    (nn.MixUp(0.3), nn.CutMix()),
    (nn.BinaryCrossEntropy(), nn.HalfSquaredError(), nn.MeanAbsoluteError(), nn.MeanSquaredError()),
    (nn.BinaryFocal(1.5, alpha=0.25), nn.SoftmaxFocal(), nn.KLDivergence(), nn.Hinge(), nn.SquaredHinge()),
    (nn.Poisson(), nn.Quantile((0.1, 0.9)), nn.GaussianNegativeLogLikelihood(0.01)),
    (
        nn.CosineEmbedding(0.5),
        nn.Contrastive(),
        nn.Triplet(),
        nn.LargeMarginCosine(0.2),
        nn.Dice(by_channel=True),
        nn.SoftIoU(),
    ),
    (nn.BoxIoU(), nn.BoxGIoU(), nn.CenterMap(8, spread=0.4), nn.CTC(2, padded=True)),
    (nn.MeanOfMembers(nn.Quantile((0.1, 0.9))), nn.Members(3), nn.EnsembleDense(2, weights="own")),
    nn.TableFeatures((0, 5), "piecewise", (0,), ((-1.0, 0.5, 2.0),), hidden=0.1),
    (nn.MultiOutputLoss({"kind": nn.SoftmaxCrossEntropy(), "size": nn.Huber()}, {"size": 0.5}),),
    (nn.zeros, nn.normal(1.0, 2.0), nn.glorot_uniform(), nn.delta_orthogonal(2.0), nn.lsuv(), nn.dirac()),
    (nn.identity(0.5), nn.sparse(0.9)),
]


def kinds_in(item: object) -> set[type]:
    if isinstance(item, tuple):
        return set().union(*map(kinds_in, item))
    if type(item) in KINDS:
        inner = [kinds_in(getattr(item, each.name)) for each in fields(item)]  # type: ignore[arg-type]
        return {type(item)}.union(*inner)
    return set()


def test_every_kind_is_tried():
    """Layers and losses by their own suites, over all of their cases."""
    others = {kind for kind in KINDS if not issubclass(kind, nn.Layer | nn.Loss)}
    assert set().union(*map(kinds_in, TREES)) >= others


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: type(tree).__name__)
def test_a_tree_comes_back_from_json_and_toml(tree):
    plain = to_plain(tree)
    assert from_plain(json.loads(json.dumps(plain)), KINDS) == tree
    assert from_plain(tomllib.loads(tomli_w.dumps({"tree": plain}))["tree"], KINDS) == tree


def test_plain_data_is_type_and_fields_without_none():
    assert to_plain(nn.Sequential([nn.Dense(2), nn.Activation("tanh")])) == {
        "type": "Sequential",
        "layers": [
            {
                "type": "Dense",
                "units": 2,
                "weight": {
                    "type": "VarianceScaling",
                    "scale": 2.0,
                    "mode": "fan_in",
                    "distribution": "normal",
                },
                "bias": {"type": "Filled", "value": 0.0},
            },
            {"type": "Activation", "function": "tanh"},
        ],
    }


def test_settings_left_out_take_their_defaults():
    assert from_plain({"type": "Dense", "units": 3}, KINDS) == nn.Dense(3)


@dataclass(frozen=True)
class Own(Layer):
    size: int
    label: str | None = None


def test_classes_of_your_own_come_back_where_they_are_named():
    model = nn.Sequential([Own(3, "a"), Own(4)])
    assert from_plain(to_plain(model), (*KINDS, Own)) == model
    with pytest.raises(ConfigError, match=r"^model\.layers\[0\]: Own is none of chainrule's classes"):
        from_plain(to_plain(model), KINDS, "model")


def flatten_of(module: str) -> Any:
    """A class named like one of ours, as another module would have it."""

    @dataclass(frozen=True)
    class Flatten(Layer):
        factor: float = 2.0

    Flatten.__module__, Flatten.__qualname__ = module, "Flatten"
    return Flatten


def test_a_class_named_like_one_of_ours_is_told_apart():
    theirs = flatten_of("theirs")
    model = nn.Sequential([theirs(), nn.Flatten()])
    plain = json.loads(json.dumps(to_plain(model)))
    assert [each["type"] for each in plain["layers"]] == ["theirs:Flatten", "Flatten"]
    assert from_plain(plain, (*KINDS, theirs)) == model
    message = r"Flatten is none of chainrule's classes; it was defined in theirs; give Flatten in"
    with pytest.raises(ConfigError, match=message):
        from_plain(plain, KINDS)


def test_two_classes_of_one_name_are_told_apart_by_their_modules():
    one, other = flatten_of("one"), flatten_of("other")
    model = nn.Sequential([one(3.0), other(4.0)])
    back = from_plain(to_plain(model), (*KINDS, other, one))
    assert [type(layer) for layer in back.layers] == [one, other]
    with pytest.raises(ConfigError, match="it was defined in other"):
        from_plain(to_plain(model), (*KINDS, one))
    with pytest.raises(ConfigError, match="classes holds two that are called one:Flatten"):
        from_plain(to_plain(model), (*KINDS, one, flatten_of("one")))


def test_a_class_that_has_moved_is_known_by_its_name():
    script, module = flatten_of("__main__"), flatten_of("layers")
    back = from_plain(to_plain(nn.Sequential([script(3.0)])), (*KINDS, module))
    assert back.layers == (module(3.0),)


def test_a_class_stored_by_its_name_alone_is_read():
    """As folders of before have it."""
    assert from_plain({"type": "Own", "size": 3}, (*KINDS, Own)) == Own(3)


@dataclass(frozen=True)
class Optional(Layer):
    activation: str | None = "relu"
    steps: tuple[int | None, ...] = ()


def test_none_that_is_not_the_default_comes_back():
    tree = Optional(None, (1, None))
    plain = tomllib.loads(tomli_w.dumps(to_plain(tree)))
    assert from_plain(plain, (Optional,)) == tree


@dataclass(frozen=True)
class Derived(Layer):
    size: int
    half: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "half", self.size // 2)


def test_fields_that_follow_from_others_are_made_again():
    assert to_plain(Derived(8)) == {"type": "tests.nn.test_tree:Derived", "size": 8}
    assert from_plain(to_plain(Derived(8)), (Derived,)).half == 4


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ({"type": "Dens", "units": 3}, r"^model: unknown type 'Dens' \(did you mean 'Dense'\?\)"),
        ({"units": 3}, r"^model: unknown type None"),
        ({"type": ["Dense"]}, r"^model: unknown type \['Dense'\]"),
        ({"type": "Dense", "unit": 3}, r"^model: Dense has no setting 'unit' \(did you mean 'units'\?\)"),
        ({"type": "Dense"}, r"^model: Dense: .*missing 1 required.*'units'"),
        ({"type": "Chain", "transforms": 3}, r"^model: Chain: "),
        ({"type": "Dropout", "rate": 2.0}, r"^Dropout: rate is 2\.0"),
        ({"type": "Sequential", "layers": [{"type": "Dense", "units": 0}]}, r"^Dense: units is 0"),
        (
            {"type": "Sequential", "layers": [{"type": "Flatten"}, {"type": "Dense", "units": 1, "b": 1}]},
            r"^model\.layers\[1\]: Dense has no setting 'b'",
        ),
    ],
)
def test_refuses_what_no_class_takes_and_says_where(plain, message):
    with pytest.raises(ConfigError, match=message):
        from_plain(plain, KINDS, "model")


@pytest.mark.parametrize("item", [object(), {1, 2}, nn.Dense, 1j])
def test_refuses_what_can_not_be_written_down(item):
    with pytest.raises(ConfigError, match="can't be written down as plain data"):
        to_plain(nn.Sequential([Own(item)]))
