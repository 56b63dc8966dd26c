"""Calls with settings that there are not get one error, which names the nearest."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

from chainrule.errors import ConfigError, did_you_mean

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

_RATE = ("learning_rate_init", "learning_rate")
_SAME: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        **dict.fromkeys(("lr", "eta", "eta0", "learning_rate_init"), _RATE),
        **dict.fromkeys(("eps", "delta"), ("epsilon",)),
        **dict.fromkeys(("out_features", "size", "neurons"), ("units",)),
        **dict.fromkeys(("out_channels", "channels"), ("filters",)),
        **dict.fromkeys(("epochs", "n_epochs", "num_epochs"), ("max_iter",)),
        **dict.fromkeys(("patience",), ("n_iter_no_change",)),
        **dict.fromkeys(("seed", "random_seed"), ("random_state",)),
        **dict.fromkeys(("optimizer", "opt"), ("solver",)),
        **dict.fromkeys(("hidden_layer_sizes", "hidden", "hidden_layers", "units"), ("layers",)),
        **dict.fromkeys(("weight_decay", "l2"), ("alpha",)),
    }
)
"""What a setting is called in other places -> what it may be called here."""


def naming_settings(
    elsewhere: Mapping[str, str] = MappingProxyType({}), by_place: str = "give the rest by name"
) -> Callable[[Callable[_Given, _Result]], Callable[_Given, _Result]]:
    """A decorator by which a call raises ConfigError as `refuse_settings` does.

    It costs nothing where the call is right.
    """

    def decorated(call: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
        name = call.__qualname__.removesuffix(".__init__").rpartition(".")[2]

        @functools.wraps(call)
        def checked(*given: _Given.args, **settings: _Given.kwargs) -> _Result:
            try:
                return call(*given, **settings)
            except TypeError:
                refuse_settings(name, call, given, settings, elsewhere, by_place)
                raise

        return checked

    return decorated


def refuse_settings(
    name: str,
    call: Callable[..., Any],
    given: Sequence[Any],
    settings: Mapping[str, Any],
    elsewhere: Mapping[str, str] = MappingProxyType({}),
    by_place: str = "give several values as one list",
) -> None:
    """ConfigError where a call has no setting of a given name, or fewer positional arguments than given.

    name: of the call in the message. given: positional arguments, with self. elsewhere: what to do, by the
    names of other libraries. by_place: what to do about positional arguments.
    """
    parameters = inspect.signature(call).parameters
    kinds = {each.kind for each in parameters.values()}
    places = sum(each.kind is each.POSITIONAL_OR_KEYWORD for each in parameters.values())
    own = [each for each in parameters if each != "self"]
    method = int("self" in parameters)
    if len(given) > places and inspect.Parameter.VAR_POSITIONAL not in kinds:
        got = len(given) - method
        raise ConfigError(
            f"{name} got {got} positional argument{'s' if got > 1 else ''}; it takes {places - method}",
            remedy=by_place if own else "leave out what is too much",
        ) from None
    if inspect.Parameter.VAR_KEYWORD in kinds:
        return
    for setting in settings:
        if setting not in own:
            same = next((each for each in _SAME.get(setting, ()) if each in own), None)
            other = None if same else elsewhere.get(setting)
            hint = f" (did you mean '{same}'?)" if same else "" if other else did_you_mean(setting, own)
            remedy = other or (f"its settings are {', '.join(own)}" if own else "it has none")
            raise ConfigError(f"{name} has no setting '{setting}'{hint}", remedy=remedy) from None
