"""Finding environments: gymnasium's by name, or a class of gymnasium.Env in a file of the user's."""

import importlib
import importlib.util
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.control.spaces import Spaces, spaces_of
from chainrule.errors import ChainruleError, ConfigError, did_you_mean

Make = Callable[..., Any]
"""Makes a gymnasium.Env; it may be given render_mode."""
_NUMBER = re.compile(r"(.+)-v\d+$")


@dataclass(frozen=True, eq=False)
class Environment:
    """An environment that can be made any number of times.

    name: in messages, and from which `environment_of` finds it again. make: makes one. spaces: what it shows
    and takes.
    """

    name: str
    make: Make
    spaces: Spaces


def environment_of(given: str | Make) -> Environment:
    """The environment of a name in gymnasium's registry, or 'FILE.py:CLASS', or a class or function itself.

    Raises ConfigError where gymnasium is missing, for an unknown name, suggesting the nearest, and for an
    environment that can't be made or whose spaces are not supported.
    """
    _check_installed()
    if callable(given):
        name, make = getattr(given, "__name__", type(given).__name__), given
    elif ".py:" in given:
        name, make = given, _from_file(given)
    else:
        name, make = given, _registered(given)
    env = made(name, make)
    try:
        return Environment(name, make, spaces_of(env, name))
    finally:
        env.close()


def made(name: str, make: Make, render_mode: str | None = None) -> Any:
    """A new environment. Raises ConfigError, with the reason, where it can't be made."""
    try:
        env = make() if render_mode is None else make(render_mode=render_mode)
    except ChainruleError:
        raise
    except Exception as error:
        told = " ".join(str(error).split()) or type(error).__name__
        if render_mode is not None and isinstance(error, TypeError):
            raise ConfigError(
                f"{name} can't be shown ({told})", remedy="let its __init__ take render_mode"
            ) from error
        raise ConfigError(f"{name} can't be made ({told})", remedy=_remedy(error)) from error
    missing = [
        each for each in ("reset", "step", "observation_space", "action_space") if each not in dir(env)
    ]
    if missing:
        raise ConfigError(
            f"{name} makes {type(env).__name__}, which has no {' and no '.join(missing)}",
            remedy="derive it from gymnasium.Env",
        )
    return env


def _remedy(error: Exception) -> str:
    if isinstance(error, ImportError) or "install" in str(error).casefold():
        return "install what it needs: pip install 'chainrule[control]'"
    return "check that it can be made without arguments"


def _check_installed() -> None:
    if importlib.util.find_spec("gymnasium") is None:
        raise ConfigError("gymnasium is not installed", remedy="pip install 'chainrule[control]'")


def _registered(name: str) -> Make:
    import gymnasium
    from gymnasium.envs.registration import registry

    if name not in registry and ":" not in name:
        versions = [each for each in registry if (match := _NUMBER.match(each)) and match[1] == name]
        hint = f" (did you mean '{versions[-1]}'?)" if versions else did_you_mean(name, registry)
        raise ConfigError(
            f"there is no environment {name!r}{hint}",
            remedy="name one of gymnasium's, such as CartPole-v1, or a class of your own, as game.py:Game",
        )

    def make(**options: Any) -> Any:
        with _without_warnings_of_models():
            # Its checks of every step take longer than many environments do; `Worlds` has its own.
            return gymnasium.make(name, disable_env_checker=True, **options)

    return make


@contextmanager
def _without_warnings_of_models() -> Iterator[None]:
    """Within this context MuJoCo does not tell, for every world, what its present version thinks of models.

    It would print it, and write it into a file in the working directory.
    """
    if importlib.util.find_spec("mujoco") is None:
        yield
        return
    mujoco: Any = importlib.import_module("mujoco")  # whose annotations lack these functions
    before = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(lambda message: None)
    try:
        yield
    finally:
        mujoco.set_mju_user_warning(before)


def _from_file(given: str) -> Make:
    path, _, name = given.rpartition(":")
    file = Path(path)
    if not file.is_file():
        raise ConfigError(f"{file}: no such file", remedy="name an environment as FILE.py:CLASS")
    specification = importlib.util.spec_from_file_location(f"environment_{file.stem}", file)
    assert specification is not None  # it ends in .py
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    try:
        specification.loader.exec_module(module)
    except Exception as error:
        told = " ".join(str(error).split())
        raise ConfigError(f"{file} can't be run ({type(error).__name__}: {told})") from error
    if not hasattr(module, name):
        known = [each for each in vars(module) if not each.startswith("_")]
        raise ConfigError(
            f"{file} has no {name!r}{did_you_mean(name, known)}", remedy="name a class or function in it"
        )
    return getattr(module, name)
