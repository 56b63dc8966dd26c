"""Probes: each number is what NumPy makes of the step's own values; what is watched is chosen."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tests.training.helpers import assert_same_run, classification, points, without_seconds

from chainrule import nn
from chainrule.data import as_arrays
from chainrule.errors import ConfigError
from chainrule.executors.native import compile_native
from chainrule.executors.numpy_ import compile_numpy, every_value
from chainrule.program import Program, Value
from chainrule.training import (
    PROBES,
    Batch,
    EpochDone,
    Probe,
    StepsDone,
    initial_tree,
    load_run,
    train,
    training_step,
)
from chainrule.training.probes import EACH_STEP, REDUCTIONS, USUAL, probes_of

MODEL = nn.Sequential([nn.Dense(6, "relu", bias=nn.constant(-0.4)), nn.Dense(3)])
SETTINGS: dict[str, Any] = {"loss": "cross_entropy", "epochs": 3, "batch_size": 16}
BY_HAND = {
    "root_mean_square": lambda x: np.sqrt((x**2).mean()),
    "mean": np.mean,
    "largest": lambda x: np.abs(x).max(),
    "zeros": lambda x: (x == 0).mean(),
    "dead_units": lambda x: (x == 0).all(axis=tuple(range(x.ndim - 1))).mean(),
    "spread": lambda x: np.sqrt(((x - x.mean(0)) ** 2).mean()),
    "saturated": lambda x: ((x < (-0.98 if x.min() < 0 else 0.02)) | (x > 0.98)).mean(),
}


def test_the_table_calls_probes_as_they_call_themselves():
    assert {name: probe.name for name, probe in PROBES.items()} == {name: name for name in PROBES}
    assert [probe.name for probe in USUAL] == ["activation", "delta", "value", "gradient", "update"]


@pytest.mark.parametrize("executor", [compile_native, compile_numpy])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_numbers_are_what_numpy_makes_of_the_values(reduction, executor):
    recipe = classification(model=MODEL, optimizer=nn.sgd(0.1), dtype="float64")
    arrays = as_arrays(points(16), "float64")
    probes = tuple(
        Probe(reads, reduction) for reads in ("activation", "delta", "gradient", "update", "value")
    )
    step = training_step(recipe, Batch.of(arrays, 16), watch=probes)
    tree = initial_tree(recipe, step)
    values = every_value(step.program, {name: array.copy() for name, array in tree.items()}, arrays.named)
    after = {name: array.copy() for name, array in tree.items()}
    measured = executor(step.program).run(after, arrays.named)
    hidden = _value_of(step.program, "relu")
    assert measured[f"{probes[0].name} dense_1"] == pytest.approx(
        BY_HAND[reduction](values[hidden]), rel=1e-12
    )
    delta = step.program.deltas[hidden]
    assert measured[f"{probes[1].name} dense_1"] == pytest.approx(BY_HAND[reduction](values[delta]))
    for name in (value.name for value in step.program.parameters):
        change = after[name] - tree[name]
        for probe, array in ((probes[2], -10 * change), (probes[3], change), (probes[4], after[name])):
            expected = BY_HAND[reduction](array)
            assert measured[f"{probe.name} {name}"] == pytest.approx(expected, rel=1e-6, abs=1e-12)


def _value_of(program: Program, operation: str) -> Value:
    return next(step.output for step in program.steps if step.operation == operation)


def test_the_update_beside_the_value():
    run = train(MODEL, points(), watch="update_per_value", **SETTINGS)
    both = train(MODEL, points(), watch=["update", "value"], **SETTINGS)
    for record, other in zip(run.history, both.history, strict=True):
        for name, found in record["watch"].items():
            parts = other["watch"][name]
            assert found == {"update_per_value": pytest.approx(parts["update"] / parts["value"], rel=1e-6)}


def test_what_is_watched_is_chosen():
    plain = train(MODEL, points(), watch=False, **SETTINGS)
    assert not any("watch" in record for record in plain.history)
    usual = train(MODEL, points(), **SETTINGS)
    assert usual.history[0]["watch"].keys() == {
        *("dense_1", "dense_2", "dense_1.weight", "dense_1.bias", "dense_2.weight", "dense_2.bias")
    }
    assert usual.history[0]["watch"]["dense_1"].keys() == {"activation", "delta"}
    some = train(MODEL, points(), watch=["activation_zeros", Probe("gradient", on="*.weight")], **SETTINGS)
    watched = some.history[-1]["watch"]
    assert {name: [*each] for name, each in watched.items()} == {
        "dense_1": ["activation_zeros"],
        "dense_2": ["activation_zeros"],
        "dense_1.weight": ["gradient"],
        "dense_2.weight": ["gradient"],
    }
    assert watched["dense_1.weight"]["gradient"] == usual.history[-1]["watch"]["dense_1.weight"]["gradient"]
    assert watched["dense_2"]["activation_zeros"] == 0
    for run in (usual, some):
        for name, array in plain.parameters.items():
            assert array.tobytes() == run.parameters[name].tobytes()


def test_every_step_is_kept_and_resumed(tmp_path):
    """50 examples in batches of 16: three full ones and one of two rows, in every epoch."""
    watch = ["gradient", Probe("activation", every="step", on="dense_1")]
    run = train(MODEL, points(), watch=watch, **SETTINGS)
    steps = run.history[0]["watch_steps"]
    assert {name: {kind: len(each) for kind, each in of.items()} for name, of in steps.items()} == {
        "dense_1": {"activation": 4}
    }
    assert run.history[0]["watch"].keys() == {
        f"dense_{i}.{kind}" for i in (1, 2) for kind in ("weight", "bias")
    }
    usual = train(MODEL, points(), **SETTINGS)
    last_full = [record["watch_steps"]["dense_1"]["activation"][2] for record in run.history]
    assert last_full == [record["watch"]["dense_1"]["activation"] for record in usual.history]
    run.save(tmp_path / "run")
    assert load_run(tmp_path / "run").history == run.history

    class Amid:
        """Interrupts amid the second epoch."""

        def __call__(self, event):
            if isinstance(event, StepsDone) and event.step == 6:
                raise KeyboardInterrupt

    path = tmp_path / "state"
    train(MODEL, points(), watch=watch, checkpoint=path, listeners=[_stop_after(1)], **SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        train(MODEL, points(), watch=watch, checkpoint=path, listeners=[Amid()], **SETTINGS)
    resumed = train(MODEL, points(), watch=watch, checkpoint=path, **SETTINGS)
    assert_same_run(resumed, run)
    assert without_seconds(resumed.history) == without_seconds(run.history)


def _stop_after(epoch: int):
    return lambda event: (
        event.stop("enough") if isinstance(event, EpochDone) and event.state.epoch == epoch else None
    )


def test_steps_before_an_interruption_amid_an_epoch_are_kept(tmp_path):
    """The state is saved where the run stands, as by Ctrl-C, and continues from there."""
    from chainrule.training import Programs, RunState, starting_tree
    from chainrule.training.loop import Loop
    from chainrule.training.state_file import load_state, save_state
    from chainrule.training.supply import supply_of

    recipe, arrays = classification(model=MODEL), as_arrays(points())
    probes = (Probe("gradient", "largest", every="step"),)
    programs = Programs(recipe, "native")
    calls = iter([False, True])
    state = RunState(starting_tree(recipe, arrays, programs))
    supply = supply_of(programs, arrays)
    Loop(recipe, programs, supply, state, (), lambda epoch: probes, lambda: next(calls)).run()
    assert state.batch > 0
    assert {len(values) for values in state.watched.values()} == {state.batch}
    save_state(tmp_path / "state", state, recipe)
    state = load_state(tmp_path / "state", recipe)
    run = Loop(recipe, programs, supply, state, (), lambda epoch: probes, lambda: False).run()
    whole = train(recipe.objective, points(), watch=probes, **{**SETTINGS, "loss": None})
    assert [record["watch_steps"] for record in run.history] == [
        record["watch_steps"] for record in whole.history
    ]


@dataclass(frozen=True)
class Own(nn.Layer):
    inner: nn.Layer

    def __call__(self, x):
        return self.inner(x)


def test_data_of_one_batch_are_watched_too():
    run = train(Own(nn.Dense(3)), points(7), watch=["delta", Probe("delta", every="step")], **SETTINGS)
    record = run.history[-1]
    assert record["watch_steps"]["inner"]["delta"] == [record["watch"]["inner"]["delta"]]


@pytest.mark.parametrize(
    ("watch", "message"),
    [
        (
            "gradents",
            r"no probe 'gradents' \(did you mean 'gradient'\?\); it must be one of activation",
        ),
        ([3], "watch: there is no probe 3; it must be one of"),
        (3, "watch is 3; give True, False, names of probes, or probes"),
        (Probe("delta", on="dense_9"), r"no delta has a name like 'dense_9' \(did you mean 'dense_2'\?\)"),
    ],
)
def test_what_is_no_probe_is_refused(watch, message):
    with pytest.raises(ConfigError, match=message):
        train(MODEL, points(), watch=watch, **SETTINGS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"reads": "weights"}, "Probe: reads is 'weights'"),
        ({"reads": "delta", "reduction": "median"}, "Probe: reduction is 'median'"),
        ({"reads": "delta", "every": "batch"}, "Probe: every is 'batch'"),
        ({"reads": "update", "per": "activation"}, "Probe: per is 'activation'"),
        ({"reads": "update", "per": "update"}, "Probe: per is 'update'"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ConfigError, match=message):
        Probe(**settings)


def test_names_are_told_apart():
    assert probes_of(["gradient", PROBES["gradient"]]) == (PROBES["gradient"],)
    assert Probe("gradient", every="step").output("a b") == f"gradient a b{EACH_STEP}"
