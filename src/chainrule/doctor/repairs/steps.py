"""Repairs of how far and where a step goes: learning rate, momentum, clipping, optimizer, batches, epochs."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from chainrule.doctor.repairs.change import Change
from chainrule.nn import ClipByGlobalNorm, SharpnessAware, adam, chain
from chainrule.nn.optimizers import ScaleByAdam, ScaleByRms, Transform
from chainrule.nn.optimizers.descent import ScaleByLearningRate, with_rate
from chainrule.nn.schedules import Schedule
from chainrule.training.attending import Patient
from chainrule.training.state import RunState

_LOWER = (0.1, 0.01)
_HIGHER = (10.0, 100.0)
_RATES_OF_DESCENT, _RATES_OF_ADAM = (1e-3, 0.05, 1.0), (1e-4, 1e-3, 0.03)
"""The lowest, a good and the highest usual rate: with or without momentum, and of Adam and RMSProp."""
_RATES = ("learning_rate", "initial", "peak", "floor", "minimum")
"""The settings of schedules that are rates."""
_USUAL_ADAM = 0.001
_USUAL_MOMENTUM = 0.9
_MOMENTA = ("momentum", "beta1")
"""The settings that say how much of earlier steps is kept."""
_CLIP = 1.0
_RADIUS = 0.05
_FEWER = (8, 32)  # times fewer examples in a batch


def lower_learning_rate(patient: Patient, state: RunState) -> Iterator[Change]:
    """A usual rate where it is far above those, a tenth and a hundredth; from here and from the start."""
    _, usual, high = usual_rates(patient.recipe.optimizer)
    now = rate_of(patient.recipe.optimizer) or usual
    for factor in (*((usual / now,) if now > high else ()), *_LOWER):
        yield from _at_rate(patient, factor, anew=False)
        if state.step:
            yield from _at_rate(patient, factor, anew=True)


def raise_learning_rate(patient: Patient, state: RunState) -> Iterator[Change]:
    """A usual rate where it is far below those, ten and a hundred times the rate."""
    del state
    low, usual, _ = usual_rates(patient.recipe.optimizer)
    now = rate_of(patient.recipe.optimizer) or usual
    for factor in (*((usual / now,) if now < low else ()), *_HIGHER):
        yield from _at_rate(patient, factor, anew=False)


def use_adam(patient: Patient, state: RunState) -> Iterator[Change]:
    """Adam at its usual rate, which adapts to each parameter; from here and from the start."""
    recipe = replace(patient.recipe, optimizer=adam(_USUAL_ADAM))
    if recipe != patient.recipe:
        said = f"Adam at a learning rate of {_USUAL_ADAM}"
        yield Change(said, recipe)
        if state.step:
            yield Change(f"{said}, from the start", recipe, anew=True)


def clip_gradients(patient: Patient, state: RunState) -> Iterator[Change]:
    """Gradients clipped by their global norm."""
    del state
    recipe = patient.recipe
    clipped = chain(ClipByGlobalNorm(_CLIP), recipe.optimizer)
    yield Change(f"gradients clipped to a global norm of {_CLIP:g}", replace(recipe, optimizer=clipped))


def sharpness_aware(patient: Patient, state: RunState) -> Iterator[Change]:
    """Gradients at the worst point nearby (SAM), which lead out of narrow minima; a step costs two."""
    del state
    recipe = patient.recipe
    if not any(isinstance(link, SharpnessAware) for link in links_of(recipe.optimizer)):
        aware = chain(SharpnessAware(_RADIUS), recipe.optimizer)
        yield Change(f"sharpness-aware steps of radius {_RADIUS}", replace(recipe, optimizer=aware))


def lower_momentum(patient: Patient, state: RunState) -> Iterator[Change]:
    """Momentum 0.9 where it is higher, from the start where training has begun."""
    highest = highest_momentum(patient.recipe.optimizer)
    if highest > _USUAL_MOMENTUM:
        optimizer = patient.recipe.optimizer
        for name in _MOMENTA:
            optimizer = _with_setting(optimizer, name, _USUAL_MOMENTUM)
        said = f"momentum {_USUAL_MOMENTUM} in place of {highest:g}"
        recipe = replace(patient.recipe, optimizer=optimizer)
        yield Change(said, recipe)
        if state.step:
            yield Change(f"{said}, from the start", recipe, anew=True)


def smaller_batches(patient: Patient, state: RunState) -> Iterator[Change]:
    """An eighth and less of the examples in a batch, so that an epoch has more steps."""
    del state
    now = patient.data.rows(patient.recipe.batch_size)
    for times in _FEWER:
        if now // times >= 8:
            said = f"batches of {now // times} examples in place of {now}"
            yield Change(said, replace(patient.recipe, batch_size=now // times))


def shuffle(patient: Patient, state: RunState) -> Iterator[Change]:
    """Every epoch in another order."""
    del state
    if not patient.recipe.shuffle:
        yield Change("examples shuffled anew for each epoch", replace(patient.recipe, shuffle=True))


def train_longer(patient: Patient, state: RunState) -> Iterator[Change]:
    """Twice as many epochs."""
    del state
    now = patient.recipe.epochs
    yield Change(f"{2 * now} epochs in place of {now}", replace(patient.recipe, epochs=2 * now))


def highest_momentum(optimizer: Transform) -> float:
    """The largest share of earlier steps that a link of an optimizer keeps; 0 where none does."""
    return max((value for name in _MOMENTA for value in _settings(optimizer, name)), default=0.0)


def links_of(item: Any) -> Iterator[Transform]:
    """The links of an optimizer, at any depth."""
    if isinstance(item, Transform):
        yield item
    for each in _inner(item):
        yield from links_of(each)


def usual_rates(optimizer: Transform) -> tuple[float, float, float]:
    """The lowest, a good and the highest usual learning rate."""
    return _RATES_OF_ADAM if is_adaptive(optimizer) else _RATES_OF_DESCENT


def is_adaptive(optimizer: Transform) -> bool:
    """Whether each gradient is divided by its own size, so that the scale of the loss does not matter."""
    return any(isinstance(link, ScaleByAdam | ScaleByRms) for link in links_of(optimizer))


def rate_of(optimizer: Any) -> float | None:
    """The highest learning rate that an optimizer is written down with; None where it has none."""
    found = [
        float(getattr(rate, name))
        for rate in _rates(optimizer)
        for name in _RATES
        if isinstance(rate, Schedule) and isinstance(getattr(rate, name, None), int | float)
    ]
    found += [float(rate) for rate in _rates(optimizer) if not isinstance(rate, Schedule)]
    return max(found, default=None)


def _at_rate(patient: Patient, factor: float, *, anew: bool) -> Iterator[Change]:
    optimizer, now = patient.recipe.optimizer, rate_of(patient.recipe.optimizer)
    if now is None:
        return
    scaled = with_rates_times(optimizer, factor)
    if scaled == optimizer:
        return
    said = f"learning rate {now * factor:.2g} in place of {now:.2g}" + (", from the start" if anew else "")
    yield Change(said, replace(patient.recipe, optimizer=scaled), anew)


def with_rates_times(item: Any, factor: float) -> Any:
    """The optimizer with its rates multiplied, those of schedules of one's own left as they are."""
    if isinstance(item, ScaleByLearningRate):
        rate = item.learning_rate
        if not isinstance(rate, Schedule):
            return with_rate(item, rate * factor)
        known = {each.name for each in fields(rate)} & {*_RATES}
        return with_rate(item, replace(rate, **{name: getattr(rate, name) * factor for name in known}))
    if isinstance(item, tuple):
        return tuple(with_rates_times(each, factor) for each in item)
    if is_dataclass(item) and not isinstance(item, type):
        return replace(
            item, **{each.name: with_rates_times(getattr(item, each.name), factor) for each in fields(item)}
        )
    return item


def _rates(item: Any) -> Iterator[float | Schedule]:
    if isinstance(item, ScaleByLearningRate):
        yield item.learning_rate
    else:
        for each in _inner(item):
            yield from _rates(each)


def _settings(item: Any, name: str) -> Iterator[float]:
    for each in _inner(item):
        yield from _settings(each, name)
    if is_dataclass(item) and isinstance(getattr(item, name, None), int | float):
        yield float(getattr(item, name))


def _with_setting(item: Any, name: str, value: float) -> Any:
    """With a setting at most so large."""
    if isinstance(item, tuple):
        return tuple(_with_setting(each, name, value) for each in item)
    if not is_dataclass(item) or isinstance(item, type):
        return item
    changed = {each.name: _with_setting(getattr(item, each.name), name, value) for each in fields(item)}
    if isinstance(changed.get(name), int | float):
        changed[name] = min(changed[name], value)
    return replace(item, **changed)


def _inner(item: Any) -> Iterator[Any]:
    if isinstance(item, tuple):
        yield from item
    elif is_dataclass(item) and not isinstance(item, type):
        for each in fields(item):
            yield getattr(item, each.name)
