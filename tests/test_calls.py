"""A call with a setting that there is not gets one error, which names the nearest."""

import numpy as np
import pytest

from chainrule import load_run, nn, train, tune
from chainrule.calls import naming_settings
from chainrule.errors import ConfigError
from chainrule.estimators import NetClassifier, NetForecaster, NetRegressor, PerceptronClassifier

X = np.random.default_rng(0).normal(size=(20, 3)).astype("f4")


@pytest.fixture(scope="module")
def run():
    return train(nn.Dense(1), (X, X[:, :1]), loss="mean_squared_error", epochs=1)


@pytest.mark.parametrize(
    ("call", "settings", "message"),
    [
        (
            nn.Dense,
            {"unit": 3},
            "Dense has no setting 'unit' (did you mean 'units'?); its settings are ",
        ),
        (nn.Dense, {"out_features": 3}, "Dense has no setting 'out_features' (did you mean 'units'?)"),
        (nn.Triplet, {"margn": 3}, "Triplet has no setting 'margn' (did you mean 'margin'?)"),
        (nn.MeanSquaredError, {"margin": 3}, "MeanSquaredError has no setting 'margin'; it has none"),
        (nn.CosineDecay, {"step": 3}, "CosineDecay has no setting 'step' (did you mean 'steps'?)"),
        (nn.L2, {"lamda": 1}, "L2 has no setting 'lamda'"),
        (nn.ScaleByAdam, {"eps": 1}, "ScaleByAdam has no setting 'eps' (did you mean 'epsilon'?)"),
        (
            nn.adam,
            {"lr": 0.1},
            "adam has no setting 'lr' (did you mean 'learning_rate'?)",
        ),
        (nn.momentum, {"momentm": 0.1}, "momentum has no setting 'momentm' (did you mean 'momentum'?)"),
        (nn.summary, {"shap": (3,)}, "summary has no setting 'shap' (did you mean 'shape'?)"),
        (
            NetClassifier,
            {"lr": 0.1},
            "NetClassifier has no setting 'lr' (did you mean 'learning_rate_in",
        ),
        (NetRegressor, {"seed": 1}, "NetRegressor has no setting 'seed' (did you mean 'random_state'?)"),
        (NetForecaster, {"horizn": 1}, "NetForecaster has no setting 'horizn' (did you mean 'horizon'?)"),
        (
            PerceptronClassifier,
            {"eta": 1},
            "PerceptronClassifier has no setting 'eta' (did you mean 'eta0",
        ),
        (tune.search, {"trial": 1}, "search has no setting 'trial' (did you mean 'trials'?)"),
    ],
)
def test_a_setting_that_there_is_not_names_the_nearest(call, settings, message):
    with pytest.raises(ConfigError) as caught:
        call(**settings)
    assert str(caught.value).startswith(message)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("method", "given", "message"),
    [
        ("predict", {"batchsize": 3}, "predict has no setting 'batchsize'; its settings are x"),
        ("evaluate", {"metrics": 3}, "evaluate has no setting 'metrics'; its settings are data"),
        ("plot", {"metric": "r2"}, "plot has no setting 'metric'; it has none"),
        ("train", {"lr": 3}, "train has no setting 'lr' (did you mean 'learning_rate'?)"),
    ],
)
def test_a_run_names_them_too(run, method, given, message):
    with pytest.raises(ConfigError) as caught:
        getattr(run, method)(**given)
    assert str(caught.value).startswith(message)


def test_positional_arguments_too_many(run):
    with pytest.raises(
        ConfigError, match=r"^Sequential got 2 positional arguments; it takes 1; give several"
    ):
        nn.Sequential(nn.Dense(1), nn.Dense(2))  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match=r"^evaluate got 2 positional arguments; it takes 1; .*, \(x, y\)"):
        run.evaluate(X, X[:, :1])


def test_what_is_missing_or_goes_wrong_within_stays_a_type_error():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'units'"):
        nn.Dense()  # type: ignore[call-arg]

    @naming_settings()
    def wrong(x: int) -> int:
        return x + ""  # type: ignore[operator]

    with pytest.raises(TypeError, match="unsupported operand"):
        wrong(3)


def test_the_signature_stays():
    assert "max_iter" in NetClassifier().get_params()
    assert load_run.__name__ == "load_run"
