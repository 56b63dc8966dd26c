import numpy as np
import pytest

from chainrule.control.environments import environment_of
from chainrule.control.spaces import Bounded, Choices
from chainrule.errors import ConfigError


def test_a_name_of_gymnasium():
    spaces = environment_of("CartPole-v1").spaces
    assert (spaces.features, spaces.actions) == (4, Choices(2))


@pytest.mark.parametrize(
    ("name", "meant"),
    [("CartPol-v1", "CartPole-v1"), ("Pendulum", "Pendulum-v1"), ("cartpole-v1", "CartPole-v1")],
)
def test_the_nearest_name_is_suggested(name, meant):
    with pytest.raises(ConfigError, match=f"no environment '{name}' \\(did you mean '{meant}'\\?\\)"):
        environment_of(name)


def test_a_class_in_a_file(tmp_path):
    file = tmp_path / "game.py"
    file.write_text(
        "import gymnasium\nimport numpy as np\n"
        "class Game(gymnasium.Env):\n"
        "    observation_space = gymnasium.spaces.Discrete(5, start=1)\n"
        "    action_space = gymnasium.spaces.Box(np.array([0, -1]), np.array([10, 1]), dtype=np.float64)\n"
    )
    spaces = environment_of(f"{file}:Game").spaces
    np.testing.assert_array_equal(spaces.seen(2), [0, 1, 0, 0, 0])
    assert isinstance(spaces.actions, Bounded)
    taken = spaces.actions.taken(np.array([[-1, 0], [3, 0.5]], np.float32))
    np.testing.assert_allclose(taken, [[0, 0], [10, 0.5]])
    np.testing.assert_allclose(spaces.actions.given(taken), [[-1, 0], [1, 0.5]])
    assert taken.dtype == np.float64
    with pytest.raises(ConfigError, match=r"has no 'Gane' \(did you mean 'Game'\?\)"):
        environment_of(f"{file}:Gane")
    with pytest.raises(ConfigError, match="no such file"):
        environment_of(f"{tmp_path / 'other.py'}:Game")


def test_spaces_that_are_not_supported_are_named(corridor):
    from gymnasium import spaces

    def made(**changed):
        env = corridor()
        for name, space in changed.items():
            setattr(env, name, space)
        return env

    with pytest.raises(ConfigError, match="takes actions of MultiBinary"):
        environment_of(lambda: made(action_space=spaces.MultiBinary(3)))
    with pytest.raises(ConfigError, match="shows observations of Dict"):
        environment_of(lambda: made(observation_space=spaces.Dict({"a": spaces.Discrete(2)})))
    with pytest.raises(ConfigError, match="which has no reset and no step"):
        environment_of(lambda: object())
    with pytest.raises(ConfigError, match="can't be made \\(no map\\)"):
        environment_of(_without_map)


def _without_map():
    raise RuntimeError("no map")
