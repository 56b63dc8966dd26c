"""Every repair applies where it should, says what it does, and gives a training that can go on."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule import nn
from chainrule.data import as_arrays, split
from chainrule.doctor.repairs import REPAIRS, Change, proposal_of
from chainrule.doctor.repairs.steps import rate_of
from chainrule.doctor.trials import tried
from chainrule.errors import ChainruleError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn.layer import building
from chainrule.program import Trace
from chainrule.training import Programs, Recipe, RunState, Supervised
from chainrule.training.attending import Patient
from chainrule.training.fitting import starting_tree_of
from chainrule.training.supply import supply_of

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 5)) * [1, 10, 100, 1, 1] + 3
Y = (X[:, 0] > 3).astype(int) + (X[:, 3] > 3)
NUMBERS = (50 * X[:, :1] + 1000).astype(np.float32)
PLAIN = nn.Sequential([nn.Dense(16, "tanh"), nn.Dense(16, "tanh"), nn.Dense(3)])
RELU = nn.Sequential([nn.Dense(16, "relu"), nn.Dense(16, "relu"), nn.Dense(3)])
NUMBER = nn.Sequential([nn.Dense(16, "relu"), nn.Dense(1)])


def case(model: nn.Layer = PLAIN, y=Y, loss: nn.Loss | None = None, **settings) -> tuple[Patient, RunState]:
    settings = {"optimizer": nn.momentum(0.01, 0.99), "epochs": 10, "batch_size": 96} | settings
    recipe = Recipe(Supervised(model, loss or nn.SoftmaxCrossEntropy()), **settings)
    training, held_out = split(as_arrays((X, y), np.float32), 0.2, 0)
    programs = Programs(recipe, "native")
    patient = Patient(recipe, supply_of(programs, training), supply_of(programs, held_out))
    return patient, RunState(starting_tree_of(recipe, patient.data, programs), step=3, epoch=1)


SOFTMAX_TWICE = nn.Sequential([nn.Dense(16, "relu"), nn.Dense(3, "softmax")])
NOISY = nn.Sequential([nn.Dense(16, "relu"), nn.Dropout(0.9), nn.Dense(3)])
NORMED = nn.Sequential([nn.Dense(16), nn.BatchNorm(), nn.Activation("relu"), nn.Dense(3)])
CASES = {
    "lower_learning_rate": (case(), "learning rate 0.001 in place of 0.01"),
    "raise_learning_rate": (case(), "learning rate 0.1 in place of 0.01"),
    "adam": (case(), "Adam at a learning rate of 0.001"),
    "clip_gradients": (case(), "gradients clipped to a global norm of 1"),
    "lower_momentum": (case(), "momentum 0.9 in place of 0.99"),
    "smaller_batches": (case(), "batches of 12 examples in place of 96"),
    "train_longer": (case(), "20 epochs in place of 10"),
    "restart": (case(), "other weights, drawn as the first ones were"),
    "shake_weights": (case(), "weights with noise of 0.5 of their deviation"),
    "sharpness_aware": (case(), "sharpness-aware steps of radius 0.05"),
    "class_weights": (case(), "rare classes weighted, so that all count alike"),
    "shuffle": (case(shuffle=False), "examples shuffled anew for each epoch"),
    "reinitialize": (case(), "weights drawn anew, at the scale that each activation needs"),
    "exchange_activation": (case(), "ReLU in place of the activations that saturate"),
    "normalize_layers": (case(), "batch normalization before each activation"),
    "newer_statistics": (case(NORMED), "layer normalization in place of batch normalization"),
    "residual_connections": (case(), "residual connections around layers of equal width"),
    "wider_layers": (case(), "hidden layers 4 times as wide, of 16 units at least"),
    "smaller_layers": (case(), "hidden layers a quarter as wide"),
    "scale_inputs": (case(), "inputs standardized by the first layer"),
    "scale_targets": (
        case(NUMBER, NUMBERS, nn.MeanSquaredError()),
        "outputs scaled to the targets' mean and deviation, and the rate to their variance",
    ),
    "fit_output": (case(SOFTMAX_TWICE), "no softmax at the output, for SoftmaxCrossEntropy"),
    "fit_loss": (case(PLAIN, np.eye(3)[Y], nn.MeanSquaredError()), "SoftmaxCrossEntropy of 3 linear outputs"),
    "weaken_penalties": (case(NOISY, penalties=(nn.L2(1.0),)), "no penalties"),
    "weight_decay": (case(), "weight decay of 0.01"),
    "dropout": (case(), "dropout of 0.3 behind hidden layers"),
    "label_smoothing": (case(), "label smoothing of 0.1"),
    "early_stopping": (case(), "early stopping with a patience of 10 epochs"),
}  # fmt: skip


def test_every_repair_has_a_case():
    assert {*CASES, "revive_dead_units"} == {*REPAIRS}


@pytest.mark.parametrize("name", CASES)
def test_a_repair_says_what_it_does_and_training_goes_on(name):
    (patient, state), said = CASES[name]
    changes = list(REPAIRS[name](patient, state))
    assert said in [each.said for each in changes]
    for change in changes:
        assert (change.recipe != patient.recipe) or change.arrays() or change.anew
        proposal = proposal_of(name, "any", change, patient, state)
        verdict = tried(patient, state, [proposal], 2, 100)
        assert np.isfinite(verdict.trials[0].after)
        assert Recipe.from_plain(change.recipe.to_plain()) == change.recipe


@pytest.mark.parametrize("name", REPAIRS)
def test_a_repair_does_not_apply_to_what_is_well(name):
    """A small recipe in which nothing can be made simpler, and an objective of one's own."""
    applies_anywhere = {
        "lower_learning_rate", "raise_learning_rate", "adam", "clip_gradients", "scale_inputs",
        "wider_layers", "smaller_layers", "weight_decay", "early_stopping", "exchange_activation", "dropout",
        "normalize_layers", "label_smoothing", "train_longer", "restart", "class_weights", "shake_weights",
            "sharpness_aware",
    }  # fmt: skip
    patient, state = case(RELU, optimizer=nn.sgd(0.01), batch_size=8)
    state.tree["dense_1.bias"][...], state.tree["dense_2.bias"][...] = 1e6, 1e9  # no unit is dead
    found = list(REPAIRS[name](patient, state))
    assert bool(found) == (name in applies_anywhere or name == "residual_connections"), found


def test_what_was_learned_is_carried_over_where_it_fits():
    patient, state = case()
    state.tree["dense_1.weight"][...] = 7
    (change, *_) = REPAIRS["lower_learning_rate"](patient, state)
    proposal = proposal_of("lower_learning_rate", "any", change, patient, state)
    assert (proposal.state.tree["dense_1.weight"] == 7).all()
    assert (state.epoch, state.step) == (proposal.state.epoch, proposal.state.step)
    anew = next(each for each in REPAIRS["lower_learning_rate"](patient, state) if each.anew)
    proposal = proposal_of("lower_learning_rate", "any", anew, patient, state)
    assert not (proposal.state.tree["dense_1.weight"] == 7).any()


def test_rates_of_schedules_are_scaled():
    for optimizer in (
        nn.adam(nn.OneCycle(0.02, 100)),
        nn.chain(nn.ClipByGlobalNorm(1.0), nn.sgd(nn.StepDecay(0.02, 10))),
        nn.momentum(nn.CosineDecay(0.02, 100, floor=0.004)),
    ):
        patient, state = case(optimizer=optimizer)
        (change, *_) = REPAIRS["lower_learning_rate"](patient, state)
        assert rate_of(change.recipe.optimizer) == pytest.approx(0.002)
    assert rate_of(nn.ClipByGlobalNorm(1.0)) is None


def test_dead_units_are_drawn_anew_and_the_others_stay():
    patient, state = case(RELU)
    weight, bias = state.tree["dense_1.weight"], state.tree["dense_1.bias"]
    bias[:3], bias[3:], state.tree["dense_2.bias"][...] = -1e4, 1e4, 1e6
    before = weight.copy()
    (change,) = REPAIRS["revive_dead_units"](patient, state)
    assert change.said == "3 dead units with new weights"
    after = change.arrays()["dense_1.weight"]
    np.testing.assert_array_equal(after[:, 3:], before[:, 3:])
    assert (after[:, :3] != before[:, :3]).all()
    assert (change.arrays()["dense_1.bias"][:3] == 0).all()
    assert (weight == before).all()


def test_shaken_weights_stay_near_and_biases_stay():
    patient, state = case()
    (change,) = REPAIRS["shake_weights"](patient, state)
    assert {*change.arrays()} == {f"dense_{number}.weight" for number in (1, 2, 3)}
    for name, array in change.arrays().items():
        moved = (array - state.tree[name]).std() / state.tree[name].std()
        assert 0.3 < moved < 0.7
        assert array.dtype == state.tree[name].dtype


def test_a_changed_network_that_does_not_fit_is_refused_before_it_is_tried():
    patient, state = case()
    broken = Change("nothing", Recipe(Supervised(nn.Conv2D(3, 3), nn.SoftmaxCrossEntropy())))
    with pytest.raises(ChainruleError):
        proposal_of("x", "y", broken, patient, state)


def test_the_same_recipe_proposed_again_has_the_same_compiled_programs():
    patient, state = case()
    change = Change("Adam", replace(patient.recipe, optimizer=nn.adam(0.5)))
    again = Change("Adam", replace(patient.recipe, optimizer=nn.adam(0.5)))
    other = Change("Adam", replace(patient.recipe, optimizer=nn.adam(0.25)))
    first, second, third = (
        proposal_of("x", "y", each, patient, state).patient for each in (change, again, other)
    )
    assert first is second
    assert third is not first
    assert patient.by(patient.recipe) is patient


def test_normalization_is_inserted_with_the_function_unchanged():
    patient, state = case(
        nn.Sequential([nn.Dense(8, "relu"), nn.Dense(8), nn.Activation("tanh"), nn.Dense(3)])
    )
    state.tree["dense_1.bias"][...] = RANDOM.normal(size=8)
    *_, change = REPAIRS["normalize_layers"](patient, state)
    assert not change.anew
    proposal = proposal_of("normalize_layers", "any", change, patient, state)
    other, examples = patient.by(change.recipe), patient.data.sample
    before, after = (
        np.asarray(each.programs.predict(tree, examples)[0])
        for each, tree in ((patient, state.tree), (other, proposal.state.tree))
    )
    np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-5)
    step = other.programs.step(examples, len(examples)).program
    trained = other.programs.compile(step).run(
        {name: array.copy() for name, array in proposal.state.tree.items()}, examples.named
    )
    _, loss = patient.programs.predict(state.tree, examples)
    assert trained["loss"] == pytest.approx(loss, rel=1e-3)  # of the whole set: the statistics are those


def test_weights_of_classes_make_all_count_alike():
    patient, state = case()
    (change,) = REPAIRS["class_weights"](patient, state)
    assert isinstance(change.recipe.objective, Supervised)
    loss = change.recipe.objective.loss
    assert isinstance(loss, nn.ClassWeighted)
    counts = np.bincount(patient.data.sample.named["y"])
    np.testing.assert_allclose(np.array(loss.weights) * counts, len(patient.data.sample) / 3, rtol=1e-3)


def test_residual_connections_are_inserted_with_the_function_unchanged():
    model = nn.Sequential([nn.Dense(8, "relu"), nn.Dense(8, "tanh"), nn.Dense(8, "tanh"), nn.Dense(3)])
    patient, state = case(model)
    for array in state.tree.values():
        if array.dtype == np.float32:
            array[...] = np.abs(RANDOM.normal(size=array.shape))
    anew, change = REPAIRS["residual_connections"](patient, state)
    assert (anew.anew, change.anew) == (True, False)
    proposal = proposal_of("residual_connections", "any", change, patient, state)
    examples = patient.data.sample
    before, after = (
        np.asarray(each.programs.predict(tree, examples)[0])
        for each, tree in ((patient, state.tree), (proposal.patient, proposal.state.tree))
    )
    np.testing.assert_array_equal(after, before)
    tree = proposal.state.tree
    for old, new in (("dense_3", "residual_2.dense_1"), ("dense_4", "dense_2")):
        for name in ("{}.weight", "optimizer.momentum.velocity.{}.bias"):
            np.testing.assert_array_equal(tree[name.format(new)], state.tree[name.format(old)])
    compiled = proposal.patient.programs.training(examples, len(examples))
    compiled.run(tree, examples.named)
    assert (tree["residual_2.shortcut.weight"] != 0).any()


def test_inputs_far_off_are_clipped_and_the_others_scaled():
    x = RANDOM.normal(size=(400, 2)) * [1, 50] + [0, 300]
    x[::10, 1] = -99999 - np.arange(40)
    scaled, changes = fronts_of(x)
    assert [*changes] == [
        "inputs standardized by the first layer",
        "inputs scaled by their quartiles and clipped at 4 deviations",
    ]
    kept = np.arange(400) % 10 > 0
    np.testing.assert_allclose(scaled[::10, 1], -4)
    assert np.abs(scaled[kept].mean(0)).max() < 0.2
    assert np.abs(scaled[kept].std(0) - 1).max() < 0.2


def test_a_number_that_is_far_off_again_and_again_stands_for_missing_cells():
    x = RANDOM.normal(size=(400, 2)) * [1, 50] + [0, 300]
    x[::10, 1] = -99999
    x[0, 0] = 1000
    said = "the mean in place of -99999, a code for missing cells"
    scaled, changes = fronts_of(x, said)
    assert [*changes][1:] == [said, "inputs scaled by their quartiles and clipped at 4 deviations"]
    np.testing.assert_allclose(scaled[::10, 1], 0, atol=1e-4)
    np.testing.assert_allclose(scaled.std(0), 1, rtol=1e-3)


def fronts_of(x, said=""):
    """What the first layer of one change, or the last, makes of x; and all of them by what they say."""
    recipe = Recipe(Supervised(PLAIN, nn.SoftmaxCrossEntropy()))
    data = supply_of(Programs(recipe, "native"), as_arrays((x, np.arange(400) % 3), np.float32))
    changes = {each.said: each for each in REPAIRS["scale_inputs"](Patient(recipe, data, None), RunState({}))}
    objective = (changes[said] if said else [*changes.values()][-1]).recipe.objective
    assert isinstance(objective, Supervised)
    assert isinstance(objective.model, nn.Sequential)
    trace = Trace()
    with building(trace, training=False):
        y = objective.model.layers[0](trace.input("x", x.shape))
    scaled = compile_numpy(trace.program({"y": y})).run({}, {"x": x.astype(np.float32)})["y"]
    return scaled, changes


TWO = (Y > 0).astype(int)


@pytest.mark.parametrize(
    "given",
    [
        case(NUMBER, TWO, nn.BinaryCrossEntropy()),
        case(PLAIN, Y),
        case(PLAIN, NUMBERS, nn.Quantile((0.1, 0.5, 0.9))),
        case(NUMBER, NUMBERS, nn.Quantile((0.9,))),
        case(nn.Dense(2), NUMBERS, nn.GaussianNegativeLogLikelihood()),
    ],
    ids=["two classes by one output", "classes", "quantiles", "one quantile", "mean and variance"],
)
def test_a_loss_that_answers_what_is_asked_is_left_as_it_is(given):
    assert list(REPAIRS["fit_loss"](*given)) == []


def test_of_two_classes_the_one_output_stays_one():
    sigmoid = nn.Sequential([nn.Dense(16, "relu"), nn.Dense(1, "sigmoid")])
    (change,) = REPAIRS["fit_loss"](*case(sigmoid, TWO, nn.BinaryCrossEntropyOfProbabilities()))
    assert change.said == "BinaryCrossEntropy of 1 linear output"
