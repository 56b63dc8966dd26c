"""Studies in one process: what is searched, counted, pruned, kept and continued."""

import math
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

import chainrule
from chainrule import nn
from chainrule.errors import ConfigError, TrainingError
from chainrule.training import EpochDone, RunState, Started
from chainrule.tune import Asha, Attempt, Categorical, Float, Hyperband, Space, TrialEnded, search
from chainrule.tune.pruning import is_rung
from chainrule.tune.storage import open_storage
from chainrule.tune.study import SUBJECT, check_subject

SPACE = Space({"x": Float(-5, 5, first=2.0), "kind": Categorical(("low", "high"), first="high")})


def parabola(attempt: Attempt) -> float:
    """Smallest, 0, at x = 1 of kind low."""
    return (attempt["x"] - 1) ** 2 + (attempt["kind"] == "high")


def test_it_finds_the_minimum_and_what_mattered() -> None:
    found = search(parabola, SPACE, 40)
    assert [each.number for each in found.trials] == list(range(40))
    assert found.best is not None
    assert found.best.score == min(each.score for each in found.trials if each.score is not None) < 0.05
    assert found.best.score == (found.best.values["x"] - 1) ** 2
    assert found.best.values["kind"] == "low"
    assert next(iter(found.importances)) == "x"
    assert sum(found.importances.values()) == pytest.approx(1)
    assert (found.run, found.interrupted) == (None, False)


def test_the_first_trial_takes_the_first_values() -> None:
    found = search(parabola, SPACE, 2)
    assert found.trials[0].values == {"x": 2.0, "kind": "high"}
    assert found.trials[0].score == 2.0
    assert found.trials[1].values != found.trials[0].values


def test_a_seed_decides_what_is_drawn_and_a_study_that_goes_on_draws_the_same(tmp_path: Path) -> None:
    whole = search(parabola, SPACE, 12, seed=3)
    search(parabola, SPACE, 5, seed=3, study=tmp_path / "study.db")
    resumed = search(parabola, SPACE, 12, seed=3, study=tmp_path / "study.db")
    assert [each.values for each in resumed.trials] == [each.values for each in whole.trials]
    other = search(parabola, SPACE, 12, seed=4)
    assert [each.values for each in other.trials][1:] != [each.values for each in whole.trials][1:]


def test_trials_are_counted_over_all_calls(tmp_path: Path) -> None:
    calls: list[int] = []

    def counted(attempt: Attempt) -> float:
        calls.append(attempt.number)
        return parabola(attempt)

    for wanted, expected in ((3, 3), (5, 5), (4, 5)):
        found = search(counted, SPACE, wanted, study=tmp_path / "study.db")
        assert len(found.trials) == expected
    assert calls == [0, 1, 2, 3, 4]


def test_training_that_breaks_down_counts_and_is_never_the_best() -> None:
    def fragile(attempt: Attempt) -> float:
        if attempt.number == 0:
            raise TrainingError("training broke down at step 3", remedy="smaller")
        return math.nan if attempt.number == 1 else parabola(attempt)

    found = search(fragile, SPACE, 4)
    assert [each.state for each in found.trials] == ["pruned", "pruned", "complete", "complete"]
    assert found.trials[0].facts["ended"] == "training broke down at step 3"
    assert found.trials[0].score is None
    assert found.best is not None
    assert found.best.number in (2, 3)


def test_other_errors_pass_through_and_do_not_count(tmp_path: Path) -> None:
    def wrong(attempt: Attempt) -> float:
        raise ConfigError("no")

    with pytest.raises(ConfigError, match="no"):
        search(wrong, SPACE, 2, study=tmp_path / "study.db")
    found = search(parabola, SPACE, 2, study=tmp_path / "study.db")
    assert [each.number for each in found.trials] == [1, 2]
    assert found.trials[0].values == {"x": 2.0, "kind": "high"}  # the first values are still to be tried


def test_ctrl_c_between_trials_ends_in_order_and_the_same_call_goes_on(tmp_path: Path) -> None:
    def interrupted(attempt: Attempt) -> float:
        if attempt.number == 1:
            signal.raise_signal(signal.SIGINT)
        return parabola(attempt)

    found = search(interrupted, SPACE, 5, study=tmp_path / "study.db")
    assert found.interrupted
    assert len(found.trials) == 2  # what was done is kept
    found = search(parabola, SPACE, 5, study=tmp_path / "study.db")
    assert not found.interrupted
    assert len(found.trials) == 5


X = np.random.default_rng(0).normal(size=(80, 3))
DATA = (X, (X[:, 0] > 0).astype(int))
NETWORK = Space({"units": Categorical((1, 8)), "rate": Float(1e-4, 0.1, log=True)})


def trained(attempt: Attempt, epochs: int = 6) -> chainrule.Run:
    model = nn.Sequential([nn.Dense(attempt["units"], "tanh"), nn.Dense(2)])
    return chainrule.train(
        model,
        DATA,
        loss=nn.SoftmaxCrossEntropy(),
        optimizer=nn.adam(attempt["rate"]),
        epochs=epochs,
        validation=0.25,
        listeners=[attempt],
        progress=False,
    )


def test_runs_are_scored_by_their_lowest_validation_loss_and_the_best_is_returned() -> None:
    ended: list[TrialEnded] = []
    found = search(
        trained,
        NETWORK,
        5,
        pruning=None,
        listeners=[lambda event: ended.append(event) if isinstance(event, TrialEnded) else None],
    )
    assert found.best is not None
    assert found.run is not None
    losses = [record["validation_loss"] for record in found.run.history]
    assert found.best.score == min(losses)
    assert found.best.facts["best_epoch"] == 1 + losses.index(min(losses))
    assert found.best.facts["epochs"] == 6
    accuracy = found.run.history[found.run.best_epoch - 1]["validation_accuracy"]
    assert found.best.facts["validation_accuracy"] == accuracy
    assert found.run.recipe.optimizer == nn.adam(found.best.values["rate"])
    assert [event.trial.number for event in ended] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("epoch", [0, 3])
def test_ctrl_c_during_training_loses_that_trial_alone(epoch: int) -> None:
    def during(event: object) -> None:
        now = event.record["epoch"] if isinstance(event, EpochDone) else 0
        if isinstance(event, Started | EpochDone) and now == epoch:
            signal.raise_signal(signal.SIGINT)

    def train(attempt: Attempt) -> chainrule.Run:
        if attempt.number < 2:
            return trained(attempt)
        return chainrule.train(
            nn.Dense(2), DATA, loss=nn.SoftmaxCrossEntropy(), validation=0.25, listeners=[attempt, during]
        )

    found = search(train, NETWORK, 5)
    assert found.interrupted
    assert [each.number for each in found.trials] == [0, 1]
    assert found.best is not None


def test_training_without_validation_is_refused() -> None:
    def blind(attempt: Attempt) -> chainrule.Run:
        return chainrule.train(
            nn.Dense(2), DATA, loss=nn.SoftmaxCrossEntropy(), epochs=1, listeners=[attempt]
        )

    def unheard(attempt: Attempt) -> chainrule.Run:
        return chainrule.train(nn.Dense(2), DATA, loss=nn.SoftmaxCrossEntropy(), epochs=1)

    for objective in (blind, unheard):
        with pytest.raises(ConfigError, match="validation"):
            search(objective, NETWORK, 2)


def test_asha_ends_trials_that_are_not_among_the_best_third_at_a_rung() -> None:
    """Against the rule of the paper, worked out here: losses of 30 trials that fall by 1 an epoch."""
    random = np.random.default_rng(1)
    start = random.uniform(50, 100, size=30)
    ran: dict[int, int] = {}

    def falling(attempt: Attempt) -> float:
        stopped: list[str] = []
        for epoch in range(1, 21):
            loss = start[attempt.number] - epoch
            state = RunState({}, best_loss=loss)
            record = {"epoch": epoch, "validation_loss": loss}
            attempt(
                EpochDone(record, state, stopped.append, dict, lambda: None, lambda recipe, state: None, str)
            )
            ran[attempt.number] = epoch
            if stopped:
                attempt.reasons.extend(stopped)
                break
        return loss

    found = search(falling, SPACE, 30, pruning=Asha(first=2, reduction=3))
    expected = {}
    arrived: dict[int, list[float]] = {2: [], 6: [], 18: []}
    for number in range(30):
        expected[number] = 20
        for rung, losses in arrived.items():
            losses.append(start[number] - rung)
            if sorted(losses).index(losses[-1]) >= max(len(losses) // 3, 1):
                expected[number] = rung
                break
    assert ran == expected
    assert {ran[each.number] for each in found.trials if each.state == "pruned"} <= {2, 6, 18}
    assert all(ran[each.number] == 20 for each in found.trials if each.state == "complete")
    assert 15 < sum(each.state == "pruned" for each in found.trials) < 30


def test_rungs_and_hyperband() -> None:
    assert [epoch for epoch in range(1, 60) if is_rung(Asha(5, 3), epoch)] == [5, 15, 45]
    assert not is_rung(None, 5)
    with pytest.raises(ConfigError, match="Hyperband: epochs is 3"):
        Hyperband(3)
    found = search(trained, NETWORK, 8, pruning=Hyperband(epochs=6, first=1, reduction=2))
    assert len(found.trials) == 8
    assert {each.facts["epochs"] for each in found.trials if each.state == "pruned"} <= {1, 2, 4}


def test_a_study_is_gone_on_with_only_by_the_same_search(tmp_path: Path) -> None:
    place = tmp_path / "study.db"
    about = {"table": "a", "settings": {"epochs": 5, "seed": 1}}
    search(parabola, SPACE, 1, study=place, subject=about)
    with pytest.raises(ConfigError, match="its table is 'a', here 'b'"):
        search(parabola, SPACE, 2, study=place, subject={**about, "table": "b"})
    with pytest.raises(ConfigError, match=r"its settings \(epochs is 5, here 6\)"):
        search(parabola, SPACE, 2, study=place, subject={**about, "settings": {"epochs": 6, "seed": 1}})
    with pytest.raises(ConfigError, match=r"its space \(kind is only there\)"):
        search(parabola, SPACE.without(["kind"]), 2, study=place, subject=about)
    with pytest.raises(ConfigError, match="its pruning"):
        search(parabola, SPACE, 2, study=place, subject=about, pruning=None)
    assert len(search(parabola, SPACE, 2, study=place, subject=about).trials) == 2
    assert len(search(parabola, SPACE, 1, study=place, name="another", subject={}).trials) == 1


def test_a_study_in_the_words_of_earlier_versions_is_gone_on_with(tmp_path: Path) -> None:
    place = tmp_path / "study.db"
    search(parabola, SPACE, 1, study=place, subject={"table": "a"})
    kinds = {"Float": "Real", "Integer": "Whole", "Categorical": "Choice"}
    space = {n: {**each, "kind": kinds[each["kind"]]} for n, each in SPACE.to_plain().items()}
    with open_storage(place) as storage:
        study = optuna.load_study(storage=storage.backend, study_name="study")
        study.set_user_attr(SUBJECT, {**study.user_attrs[SUBJECT], "space": space})
    assert len(search(parabola, SPACE, 2, study=place, subject={"table": "a"}).trials) == 2
    with pytest.raises(ConfigError, match="its table is 'a', here None; rows is None, here 'a'"):
        search(parabola, SPACE, 3, study=place, subject={"rows": "a"})

    def upgrade(found: Mapping[str, Any]) -> dict[str, Any]:
        return {"rows" if name == "table" else name: each for name, each in found.items()}

    found = search(parabola, SPACE, 3, study=place, subject={"rows": "a"}, upgrade=upgrade)
    assert len(found.trials) == 3


def test_many_differences_are_counted() -> None:
    found, wanted = ({"task": task, "settings": {str(n): task for n in range(6)}} for task in "ab")
    with pytest.raises(ConfigError, match=r"its task is 'a', here 'b'; settings \(in 6 places\); continue"):
        check_subject(found, wanted, "this study")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"trials": 0}, "trials is 0"),
        ({"trials": 1, "seed": -1}, "seed is -1"),
        ({"trials": 1, "name": ""}, "name is ''"),
    ],
)
def test_arguments_out_of_range(arguments: dict, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        search(parabola, SPACE, **arguments)
