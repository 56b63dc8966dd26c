"""Apply: functions as layers, recorded, stored by module and name, and refused where that tells them not."""

import math

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, output

import chainrule
from chainrule import nn
from chainrule.errors import ChainruleError, ConfigError
from chainrule.nn.tree import from_plain, to_plain
from chainrule.program import functions as f

X = np.linspace(-2.0, 2.0, 12).reshape(4, 3)


def bump(x):
    return f.exp(-(x * x)) + 0.5


def spread(x):
    return f.concatenate([x, x * x], -1)


def test_what_the_function_computes_is_recorded():
    np.testing.assert_allclose(output(nn.Apply(bump), X), np.exp(-(X**2)) + 0.5, rtol=1e-15)
    assert output(nn.Apply(spread), X).shape == (4, 6)


def test_it_prints_as_the_call_that_makes_it():
    assert repr(nn.Apply(bump)) == "Apply(bump)"
    assert repr(nn.Sequential([nn.Apply(f.sin)])) == "Sequential([Apply(sin)])"


@pytest.mark.parametrize(
    "function", [np.sin, math.tanh, lambda x: x.nonsense, lambda x: np.where(x > 0, x, 0.0)]
)
def test_a_function_that_takes_no_tensors_is_told_with_the_remedy(function):
    with pytest.raises(ChainruleError, match=r"^Apply 'apply_1'.*chainrule\.program\.functions"):
        compiled(nn.Apply(function), 4, 3)


def test_a_function_that_gives_no_tensor_is_refused():
    with pytest.raises(ChainruleError, match=r"Apply 'apply_1': its __call__ gave the number 3"):
        compiled(nn.Apply(lambda x: 3), 4, 3)  # type: ignore[arg-type]


def trained(function):
    model = nn.Sequential([nn.Dense(4), nn.Apply(function), nn.Dense(1)])
    return chainrule.train(model, (X, X[:, 0]), loss="mean_squared_error", epochs=2, progress=False)


def test_a_run_comes_back_with_the_function_it_is_given(tmp_path):
    run = trained(bump)
    run.save(tmp_path / "run")
    again = chainrule.load_run(tmp_path / "run", classes=(bump,))
    assert again.recipe == run.recipe
    assert np.array_equal(again.predict(X), run.predict(X))


def test_our_own_functions_need_not_be_given(tmp_path):
    run = trained(f.sin)
    run.save(tmp_path / "run")
    assert np.array_equal(chainrule.load_run(tmp_path / "run").predict(X), run.predict(X))


def test_loading_names_the_function_that_it_was_not_given(tmp_path):
    trained(bump).save(tmp_path / "run")
    with pytest.raises(
        ConfigError, match=rf"bump is none of chainrule's functions; it was defined in {__name__}"
    ):
        chainrule.load_run(tmp_path / "run")


def test_a_class_is_not_taken_for_a_function_of_the_same_name():
    plain = to_plain(nn.Apply(bump))
    kind = type("bump", (nn.Dense,), {"__module__": __name__})
    with pytest.raises(ConfigError, match="bump is none of chainrule's functions"):
        from_plain(plain, (nn.Apply, kind))


def test_an_unknown_function_is_told_with_the_nearest():
    plain = {"type": "Apply", "function": {"type": "function", "value": "sine"}}
    with pytest.raises(ConfigError, match=r"unknown function 'sine' \(did you mean 'sin"):
        from_plain(plain, nn.KINDS)


class Scale:
    def times(self, x):
        return 2.0 * x


def within():
    def inner(x):
        return 2.0 * x

    return inner


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda x: x * 2.0, "a lambda has no name"),
        (within(), "the function inner is defined within another"),
        (Scale().times, "the function times is no plain function"),
    ],
)
def test_what_a_stored_run_could_not_find_again_is_refused_when_it_is_stored(function, why, tmp_path):
    run = trained(function)
    assert run.predict(X).shape == (4, 1)
    with pytest.raises(ConfigError, match=rf"{why}.*write it with def at the top of a module"):
        run.save(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_refuses_it_before_the_first_step(tmp_path):
    model = nn.Sequential([nn.Apply(lambda x: x), nn.Dense(1)])
    path = tmp_path / "state.safetensors"
    with pytest.raises(ConfigError, match="a lambda has no name"):
        chainrule.train(model, (X, X[:, 0]), loss="mean_squared_error", checkpoint=path, progress=False)
