"""Objectives: several inputs and outputs, losses over several, targets of any structure, or none."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from tests.training.helpers import assert_same_run, points, same_arrays, stop_after

import chainrule
from chainrule import nn
from chainrule.data import as_arrays, nested
from chainrule.errors import ChainruleError, ConfigError, DataError, ShapeError
from chainrule.program import functions as f
from chainrule.training import (
    Objective,
    Programs,
    Recipe,
    Recorded,
    Supervised,
    load_run,
    starting_tree,
    train,
    train_recipe,
)

RANDOM = np.random.default_rng(0)


@dataclass(frozen=True)
class Contrast(Objective):
    """InfoNCE: of two views of each example, each finds its partner among the batch's (Oord et al. 2018)."""

    encoder: nn.Layer
    temperature: float = 0.5

    def record(self, inputs):
        left, right = (self.encoder(view) for view in nested("x", inputs))
        scores = left @ right.transpose(1, 0) / self.temperature
        own = (left * right).sum(1) / self.temperature
        return Recorded((f.logsumexp(scores, 1) - own).mean(), (left, right))

    def forward(self, inputs):
        return self.encoder(nested("x", inputs)[0])


def views(rows: int = 24) -> tuple[np.ndarray, np.ndarray]:
    x = RANDOM.normal(size=(rows, 4))
    return x + 0.1 * RANDOM.normal(size=x.shape), x + 0.1 * RANDOM.normal(size=x.shape)


def contrast(weight: np.ndarray, left: np.ndarray, right: np.ndarray) -> float:
    a, b = left @ weight, right @ weight
    scores = a @ b.T / 0.5
    return float((np.log(np.exp(scores).sum(1)) - np.diag(scores)).mean())


ENCODER = nn.Dense(2)


@pytest.mark.parametrize("executor", ["native", "numpy"])
def test_an_objective_without_targets_follows_the_numerical_slope(executor):
    data = as_arrays((views(), None), "float64")
    recipe = Recipe(Contrast(ENCODER), nn.sgd(1.0), epochs=1, batch_size=24, dtype="float64", shuffle=False)
    before = starting_tree(recipe, data, Programs(recipe, executor))["encoder.weight"].copy()
    run = train_recipe(recipe, data, None, executor=executor)
    left, right = data.x
    assert run.history[0]["loss"] == pytest.approx(contrast(before, left, right), rel=1e-12)
    slope = np.zeros_like(before)
    for place in np.ndindex(*before.shape):
        step = np.zeros_like(before)
        step[place] = 1e-5
        rise = contrast(before + step, left, right) - contrast(before - step, left, right)
        slope[place] = rise / 2e-5
    np.testing.assert_allclose(before - run.parameters["encoder.weight"], slope, rtol=1e-7, atol=1e-9)


def test_it_is_validated_resumed_stored_and_predicts(tmp_path):
    objective = Contrast(nn.Sequential([nn.Dense(8, "tanh"), nn.Dropout(0.1), nn.Dense(2)]))
    data = (views(60), None)
    settings: dict[str, Any] = {
        "optimizer": nn.chain(nn.SharpnessAware(0.01), nn.adam(0.02), nn.ExponentialMovingAverage(0.9)),
        "penalties": (nn.L2(1e-3),),
        "epochs": 5,
        "batch_size": 16,
        "validation": 0.25,
    }
    whole = train(objective, data, **settings)
    train(objective, data, checkpoint=tmp_path / "state", listeners=[stop_after(2)], **settings)
    assert_same_run(train(objective, data, checkpoint=tmp_path / "state", **settings), whole)
    assert whole.history[-1]["validation_loss"] < whole.history[0]["validation_loss"]
    assert not any("accuracy" in name or "r2" in name for name in whole.history[0])
    whole.save(tmp_path / "run")
    with pytest.raises(ConfigError, match=r"^recipe\.objective: Contrast is none of chainrule's classes"):
        load_run(tmp_path / "run")
    back = load_run(tmp_path / "run", classes=(Contrast,))
    x = views(5)
    assert back.predict(x).shape == (5, 2)
    np.testing.assert_array_equal(back.predict(x), whole.predict(x))
    np.testing.assert_array_equal(back.predict((x[0],)), whole.predict(x))  # the loss needs both
    assert back.evaluate((x, None)) == {"loss": pytest.approx(whole.evaluate((x, None))["loss"])}
    assert "objective" not in repr(whole)
    assert "encoder" in repr(whole)


def test_layers_of_an_objective_are_named_by_its_fields():
    recipe = Recipe(Contrast(nn.Sequential([nn.Dense(3), nn.Dense(2)])))
    data = as_arrays((views(), None))
    assert [*starting_tree(recipe, data, Programs(recipe, "numpy"))][:4] == [
        "encoder.dense_1.weight",
        "encoder.dense_1.bias",
        "encoder.dense_2.weight",
        "encoder.dense_2.bias",
    ]


@dataclass(frozen=True)
class Policy(Objective):
    """REINFORCE (Williams 1992): -advantage · log p(action), the advantage being among the inputs."""

    policy: nn.Layer

    def record(self, inputs):
        scores = self.policy(inputs["x.observation"])
        chosen = f.one_hot(inputs["x.action"].cast("int32"), 2, scores.dtype)
        log_p = (scores * chosen).sum(1) - f.logsumexp(scores, 1)
        return Recorded(-(inputs["x.advantage"] * log_p).mean(), scores)

    def forward(self, inputs):
        return self.policy(inputs["x.observation"])

    def predict(self, outputs):
        return f.softmax(outputs, 1)


def test_reinforcement_learns_what_was_rewarded_and_predicts_from_observations_alone():
    observation = RANDOM.normal(size=(256, 3))
    action = RANDOM.integers(2, size=256)
    advantage = np.where(action == (observation[:, 0] > 0), 1.0, 0.0)
    data = ({"observation": observation, "action": action, "advantage": advantage}, None)
    run = train(Policy(nn.Dense(2)), data, optimizer=nn.adam(0.05), epochs=60)
    p = run.predict({"observation": observation})
    assert ((p[:, 1] > 0.5) == (observation[:, 0] > 0)).mean() > 0.95
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    with pytest.raises(DataError, match=r"there is no x\.observation among x\.action; give"):
        run.predict({"action": action})
    with pytest.raises(DataError, match=r"predict got x\.state; the model was trained on x\.observation and"):
        run.predict({"state": observation})


@dataclass(frozen=True)
class Gaussian(nn.Layer):
    """Mean and log-variance from two inputs, of which one is a mask."""

    mean: nn.Layer
    spread: nn.Layer

    def __call__(self, x):
        values, mask = x
        seen = values * mask
        return self.mean(seen), self.spread(seen)


@dataclass(frozen=True)
class LogLikelihood(nn.Loss):
    """½ (v + (t - m)² e^-v), over two outputs."""

    def each(self, outputs: Any, targets: Any) -> Any:
        mean, spread = outputs
        return (0.5 * (spread + (targets - mean) ** 2 * f.exp(-spread))).mean(1)


def test_a_loss_of_ones_own_over_several_outputs():
    x = RANDOM.normal(size=(80, 3))
    mask = np.array([[True, True, False]] * 80)
    y = x[:, :1] + 0.1 * RANDOM.normal(size=(80, 1))
    run = train(Gaussian(nn.Dense(1), nn.Dense(1)), ((x, mask), y), loss=LogLikelihood(), epochs=200,
                optimizer=nn.adam(0.05))  # fmt: skip
    mean, spread = run.predict((x, mask))
    assert np.abs(mean - y).mean() < 0.2
    assert spread.mean() < -2
    other = x.copy()
    other[:, 2] = 99.0  # masked
    np.testing.assert_array_equal(run.predict((other, mask))[0], mean)


@dataclass(frozen=True)
class Apart(nn.Layer):
    """Two heads that share nothing."""

    kind: nn.Layer
    size: nn.Layer

    def __call__(self, x):
        return {"kind": self.kind(x["left"]), "size": self.size(x["right"])}


KINDS = {"kind": "cross_entropy", "size": "mean_squared_error"}


def two_heads(rows: int = 50) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    left, kind = points(rows)
    right = RANDOM.normal(size=(rows, 2))
    return {"left": left, "right": right}, {"kind": kind, "size": right[:, :1] + 0.1}


def test_heads_that_share_nothing_train_as_if_they_were_alone():
    """With plain gradient descent: a weight on a head's loss is a factor on its learning rate."""
    x, y = two_heads()
    loss = nn.MultiOutputLoss(
        {"kind": nn.SoftmaxCrossEntropy(), "size": nn.MeanSquaredError()}, {"size": 0.5}
    )
    three, one = nn.Dense(3, weight=nn.zeros), nn.Dense(1, weight=nn.zeros)
    model = Apart(three, one)
    common: dict[str, Any] = {"epochs": 3, "batch_size": 10, "dtype": "float64"}
    both = train(model, (x, y), loss=loss, optimizer=nn.sgd(0.1), **common)
    kind = train(three, (x["left"], y["kind"]), loss="cross_entropy", optimizer=nn.sgd(0.1),
                 **common)  # fmt: skip
    size = train(one, (x["right"], y["size"]), loss="mean_squared_error",
                 optimizer=nn.sgd(0.05), **common)  # fmt: skip
    for name, alone in (("kind", kind), ("size", size)):
        for each in ("weight", "bias"):
            np.testing.assert_allclose(
                both.parameters[f"{name}.{each}"], alone.parameters[f"dense_1.{each}"], rtol=1e-12, atol=1e-15
            )
        seen = x["left" if name == "kind" else "right"]
        np.testing.assert_allclose(both.predict(x)[name], alone.predict(seen), rtol=1e-12)


def test_heads_have_their_metrics():
    def worst(targets, predictions):
        return np.abs(targets["size"] - predictions["size"]).max()

    data = two_heads(200)
    model = Apart(nn.Dense(3), nn.Dense(1))
    run = train(model, data, loss=KINDS, optimizer=nn.adam(0.05), epochs=20, validation=0.2)
    last = run.history[-1]
    assert {name for name in last if name.startswith("validation_")} == {
        "validation_loss",
        "validation_kind_accuracy",
        "validation_size_r2",
        "validation_size_mean_absolute_error",
        "validation_size_root_mean_squared_error",
    }
    said = run.predict(data[0])
    figures = run.evaluate(data)
    assert figures["kind_accuracy"] == (said["kind"].argmax(1) == data[1]["kind"]).mean()
    error = np.abs(said["size"] - data[1]["size"]).mean()
    assert figures["size_mean_absolute_error"] == pytest.approx(error, rel=1e-5)
    chosen = train(model, data, loss=KINDS, epochs=1, validation=0.2, metrics=["size_r2", worst])
    assert {*chosen.history[0]} >= {"validation_size_r2", "validation_worst"}
    with pytest.raises(ConfigError, match=r"metrics is 'accuracy'.*kind_accuracy"):
        train(model, data, loss=KINDS, validation=0.2, metrics="accuracy")
    with pytest.raises(ConfigError, match="head 'kind': metrics: binary_accuracy can't be measured"):
        train(model, data, loss=KINDS, validation=0.2, metrics="kind_binary_accuracy")


def test_rows_of_several_inputs_are_predicted_block_by_block():
    data = two_heads(700)
    run = train(Apart(nn.Dense(3), nn.Dense(1)), data, loss=KINDS, epochs=1)
    whole = run.predict(data[0])
    for rows in (slice(0, 1), slice(500, 700)):
        part = run.predict({name: array[rows] for name, array in data[0].items()})
        for name in whole:
            np.testing.assert_allclose(part[name], whole[name][rows], rtol=1e-5, atol=1e-6)


MODEL = Apart(nn.Dense(3), nn.Dense(1))
X, Y = two_heads()


@pytest.mark.parametrize(
    ("model", "data", "settings", "message"),
    [
        (MODEL, (X, Y), {}, r"no loss is given; give a loss \(loss='cross_entropy'\)"),
        (Contrast(ENCODER), (views(), None), {"loss": "hinge"}, "loss is given beside Contrast, which"),
        (Contrast(ENCODER), (views(), None), {"mixing": nn.MixUp()}, "mixing is given beside Contrast"),
        (MODEL, (X, Y), {"loss": {"kind": "cross_entropy", "size": "mes"}}, "loss is 'mes'"),
        (MODEL, (X, Y), {"loss": {"kind": "cross_entropy"}}, "the targets 'size' have no loss"),
        (MODEL, (X, Y), {"loss": "hinge"}, "Apart gives a dict, and Hinge takes one Tensor; give a loss"),
        (nn.Dense(1), (X["left"], Y), {"loss": "huber"}, r"targets are y\.kind and y\.size, and Huber"),
        (MODEL, (X, None), {"loss": KINDS}, "the data has no targets"),
        (MODEL, (X, Y), {"loss": KINDS, "mixing": nn.MixUp()}, r"MixUp mixes one array, .* x\.left and x\.r"),
        (nn.Dense(3), ((X["left"], X["right"]), Y["kind"]), {"loss": "hinge"}, "'dense_1' got a tuple of 2"),
        (MODEL, (X, Y), {"loss": KINDS, "validation": (X["left"], Y)}, r"validation got x; .* x\.left and"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(model, data, settings, message):
    with pytest.raises(ChainruleError, match=message):
        train(model, data, **settings)


def test_other_structures_and_shapes_are_refused_by_name():
    run = train(MODEL, (X, Y), loss=KINDS, epochs=1)
    with pytest.raises(DataError, match=r"predict got x\.left; .* trained on x\.left and x\.right"):
        run.predict({"left": X["left"]})
    with pytest.raises(ShapeError, match=r"predict got x\.right with examples of shape \(3,\); .* on \(2,\)"):
        run.predict({"left": X["left"], "right": np.ones((50, 3))})
    with pytest.raises(DataError, match=r"x\.left has 50 examples but x\.right has 3"):
        run.predict({"left": X["left"], "right": np.ones((3, 2))})
    with pytest.raises(
        DataError, match=r"x\.right: 1 value NaN or infinite \(first nan at row 1, column 0\)"
    ):
        run.predict({"left": X["left"][:2], "right": np.array([[1, 2], [np.nan, 1]])})


def test_another_loss_of_a_head_is_another_run(tmp_path):
    path = tmp_path / "state"
    train(MODEL, (X, Y), loss=KINDS, epochs=1, checkpoint=path)
    with pytest.raises(DataError, match="belongs to a run with another loss; resume"):
        train(MODEL, (X, Y), loss=KINDS | {"size": "huber"}, epochs=1, checkpoint=path)
    with pytest.raises(DataError, match="run on other data: with other training examples right"):
        train(MODEL, (X | {"right": X["right"] + 1}, Y), loss=KINDS, epochs=1, checkpoint=path)


def test_a_number_that_is_too_large_is_named_with_its_input():
    x = X | {"right": X["right"].copy()}
    x["right"][7, 1] = 1e30
    with pytest.raises(chainrule.TrainingError, match=r"x\.right is 1e\+30 in row 7, column 1"):
        train(MODEL, (x, Y), loss=KINDS, epochs=2)


def test_a_head_whose_outputs_do_not_fit_is_warned_of():
    model = replace(MODEL, kind=nn.Dense(3, "softmax"))
    with pytest.warns(chainrule.ChainruleWarning, match="SoftmaxCrossEntropy takes raw numbers"):
        train(model, (X, Y), loss=KINDS, epochs=1)


def test_what_record_gives_is_looked_at():
    @dataclass(frozen=True)
    class Wrong(Objective):
        encoder: nn.Layer
        kind: str

        def record(self, inputs):
            y = self.encoder(inputs["x"])
            return {
                "loss alone": y.sum(),
                "no scalar": Recorded(y, y),
                "no tensors": Recorded(y.sum(), [y]),
            }[self.kind]

    for kind, message in {
        "loss alone": "Wrong: its record gave a Tensor of shape.*return Recorded",
        "no scalar": "Wrong: the loss of its record gave a Tensor of shape",
        "no tensors": "Wrong: .* gave a list of 1",
    }.items():
        with pytest.raises(ChainruleError, match=message):
            train(Wrong(nn.Dense(1), kind), (X["left"], None), epochs=1)


def test_tokens_stay_whole_beside_other_inputs():
    @dataclass(frozen=True)
    class Both(nn.Layer):
        words: nn.Layer
        head: nn.Layer

        def __call__(self, x):
            return self.head(f.concatenate([self.words(x["words"]), x["numbers"]]))

    words, numbers = RANDOM.integers(5, size=40), RANDOM.normal(size=(40, 2))
    data = ({"words": words, "numbers": numbers}, (words == 2).astype(float))
    model = Both(nn.Embedding(5, 3), nn.Dense(1))
    run = train(model, data, loss="binary_cross_entropy", optimizer=nn.adam(0.1), epochs=60)
    assert ((run.predict(data[0])[:, 0] > 0.5) == (words == 2)).all()
    with pytest.raises(DataError, match=r"Embedding 'words': token 5 in row 0; the vocabulary has 5"):
        run.predict({"words": words + 5 - words[0], "numbers": numbers})


def test_supervised_is_what_train_makes():
    made = train(nn.Dense(3), points(), loss="cross_entropy", mixing=nn.MixUp(), epochs=1)
    objective = Supervised(nn.Dense(3), nn.SoftmaxCrossEntropy(), nn.MixUp())
    assert made.recipe.objective == objective
    assert (made.recipe.model, made.recipe.loss) == (objective.model, objective.loss)
    assert same_arrays(train(objective, points(), epochs=1).parameters, made.parameters)
    with pytest.raises(ConfigError, match="objective is Contrast, which has neither one model nor one loss"):
        _ = Recipe(Contrast(ENCODER)).loss
