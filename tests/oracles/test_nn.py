"""Losses, optimizers and schedules beside PyTorch's, in float64, where torch is installed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.contracts.valley import NAMES, STEPS, Trained, start

import chainrule
from chainrule import nn
from chainrule.backprop import differentiate
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import Loss, Schedule
from chainrule.program import Trace

torch: Any = pytest.importorskip("torch")
functional = torch.nn.functional

RANDOM = np.random.default_rng(8)


def ours(loss: Loss, outputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean loss and its derivative."""
    trace = Trace()
    y, t = trace.input("y", outputs.shape, "float64"), trace.input("t", targets.shape, targets.dtype.name)
    value = loss(y, t)
    program = trace.program({"loss": value, "delta": differentiate(value, [y])[y.value]})
    results = compile_numpy(program).run({}, {"y": outputs, "t": targets})
    return results["loss"], results["delta"]


def theirs(loss: Callable, outputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y = torch.tensor(outputs, requires_grad=True)
    value = loss(y, torch.tensor(targets))
    value.backward()
    return value.detach().numpy(), y.grad.numpy()


def binary_focal(y, t, gamma, alpha=None):
    """torchvision's sigmoid_focal_loss."""
    p = torch.sigmoid(y)
    loss = functional.binary_cross_entropy_with_logits(y, t, reduction="none")
    loss = loss * (1 - (p * t + (1 - p) * (1 - t))) ** gamma
    return (loss if alpha is None else loss * (alpha * t + (1 - alpha) * (1 - t))).mean()


def softmax_focal(y, t, gamma):
    loss = functional.cross_entropy(y, t, reduction="none")
    return ((1 - torch.exp(-loss)) ** gamma * loss).mean()


def normal(y, t):
    variance = torch.exp(y[:, 2:]) + 1e-6
    return functional.gaussian_nll_loss(y[:, :2], t, variance, full=True)


def hardest_triplets(y, t):
    """PyTorch's triplet loss on triplets picked by hand: the farthest of a class, the nearest of another."""
    distance = torch.cdist(y, y).detach().numpy()
    anchors, positives, negatives = [], [], []
    for i, own in enumerate(t.tolist()):
        same = np.flatnonzero(t.numpy() == own)
        others = np.flatnonzero(t.numpy() != own)
        anchors.append(i)
        positives.append(same[distance[i, same].argmax()])
        negatives.append(others[distance[i, others].argmin()])
    return functional.triplet_margin_loss(y[anchors], y[positives], y[negatives], margin=2.0, eps=0)


def ordinal(y, t):
    """The differences of probabilities of larger classes."""
    z = torch.cat([y[:, :1], y[:, :1] - torch.cumsum(functional.softplus(y[:, 1:]), -1)], -1)
    larger = functional.pad(functional.pad(z.sigmoid(), (1, 0), value=1.0), (0, 1))
    return functional.nll_loss(torch.log(larger[:, :-1] - larger[:, 1:]), t)


def cox(z, t):
    """By sorting: those at risk are the ones before, in falling order of time; all times differ."""
    order = torch.argsort(t[:, 0], descending=True)
    z, seen = z.reshape(-1)[order], t[order, 1]
    return (seen * (torch.logcumsumexp(z, 0) - z)).mean()


def case(loss: Loss, theirs: Callable, outputs: np.ndarray, targets: np.ndarray) -> tuple:
    return loss, theirs, outputs, targets


Y, T = RANDOM.normal(size=(7, 4)) * 2, RANDOM.normal(size=(7, 4))
LABELS = RANDOM.integers(0, 2, size=(7, 4)).astype(np.float64)
CLASSES = RANDOM.integers(0, 4, size=7)
SOFT = RANDOM.dirichlet(np.ones(4), size=7)
PROBABILITIES = RANDOM.uniform(0.01, 0.99, size=(7, 4))
PAIRS, ALIKE = RANDOM.normal(size=(7, 2, 5)), RANDOM.integers(0, 2, size=7)

LOSSES = {
    "mean_squared": case(nn.MeanSquaredError(), functional.mse_loss, Y, T),
    "mean_absolute": case(nn.MeanAbsoluteError(), functional.l1_loss, Y, T),
    "huber": case(nn.Huber(0.7), lambda y, t: functional.huber_loss(y, t, delta=0.7), Y, T),
    "binary": case(nn.BinaryCrossEntropy(), functional.binary_cross_entropy_with_logits, Y, LABELS),
    "softmax": case(nn.SoftmaxCrossEntropy(), functional.cross_entropy, Y, CLASSES),
    "softmax_soft": case(nn.SoftmaxCrossEntropy(), functional.cross_entropy, Y, SOFT),
    "softmax_smooth": case(
        nn.SoftmaxCrossEntropy(0.2),
        lambda y, t: functional.cross_entropy(y, t, label_smoothing=0.2),
        Y,
        CLASSES,
    ),
    "binary_of_probabilities": case(
        nn.BinaryCrossEntropyOfProbabilities(), functional.binary_cross_entropy, PROBABILITIES, LABELS
    ),
    "categorical_of_probabilities": case(
        nn.CategoricalCrossEntropyOfProbabilities(),
        lambda y, t: functional.nll_loss(torch.log(y / y.sum(-1, keepdim=True)), t),
        PROBABILITIES,
        CLASSES,
    ),
    "binary_focal": case(nn.BinaryFocal(1.5), lambda y, t: binary_focal(y, t, 1.5), Y, LABELS),
    "binary_focal_balanced": case(
        nn.BinaryFocal(2, 0.25), lambda y, t: binary_focal(y, t, 2, 0.25), Y, LABELS
    ),
    "softmax_focal": case(nn.SoftmaxFocal(2.5), lambda y, t: softmax_focal(y, t, 2.5), Y, CLASSES),
    "divergence": case(
        nn.KLDivergence(),
        lambda y, t: functional.kl_div(functional.log_softmax(y, -1), t, reduction="batchmean"),
        Y,
        SOFT,
    ),
    "hinge": case(nn.Hinge(), lambda y, t: torch.clamp(1 - (2 * t - 1) * y, min=0).mean(), Y, LABELS),
    "squared_hinge": case(
        nn.SquaredHinge(), lambda y, t: (torch.clamp(1 - (2 * t - 1) * y, min=0) ** 2).mean(), Y, LABELS
    ),
    "poisson": case(nn.Poisson(), functional.poisson_nll_loss, Y, np.round(np.exp(T))),
    "log_cosh": case(nn.LogCosh(), lambda y, t: torch.log(torch.cosh(y - t)).mean(), Y, T),
    "squared_logarithmic": case(
        nn.MeanSquaredLogarithmicError(),
        lambda y, t: functional.mse_loss(torch.log1p(y), torch.log1p(t)),
        abs(Y),
        abs(T),
    ),
    "absolute_percentage": case(
        nn.MeanAbsolutePercentageError(), lambda y, t: 100 * ((y - t) / t).abs().mean(), Y, T
    ),
    "soft_margin": case(
        nn.BinaryCrossEntropy(), lambda y, t: functional.soft_margin_loss(y, 2 * t - 1), Y, LABELS
    ),
    "multi_label_soft_margin": case(
        nn.BinaryCrossEntropy(), functional.multilabel_soft_margin_loss, Y, LABELS
    ),
    "margin_ranking": case(
        nn.MarginRanking(0.3),
        lambda y, t: functional.margin_ranking_loss(y[:, 0], y[:, 1], 2 * t - 1, margin=0.3),
        Y[:, :2],
        ALIKE,
    ),
    "ordinal": case(nn.Ordinal(), ordinal, Y[:, :3], CLASSES),
    "cox": case(
        nn.CoxPartialLikelihood(),
        cox,
        Y[:, :1],
        np.stack([RANDOM.permutation(7) + 1.0, LABELS[:, 0]], axis=1),
    ),
    "quantile": case(
        nn.Quantile((0.2, 0.9)),
        lambda y, t: torch.stack(
            [
                torch.where(t > y[:, i], q * (t - y[:, i]), (q - 1) * (t - y[:, i]))
                for i, q in enumerate((0.2, 0.9))
            ]
        ).mean(),
        Y[:, :2],
        T[:, 0],
    ),
    "normal": case(nn.GaussianNegativeLogLikelihood(), normal, Y, T[:, :2]),
    "cosine": case(
        nn.CosineEmbedding(0.1),
        lambda y, t: functional.cosine_embedding_loss(y[:, 0], y[:, 1], 2 * t - 1, margin=0.1),
        PAIRS,
        ALIKE,
    ),
    "contrastive": case(
        nn.Contrastive(4.0),
        lambda y, t: (
            torch.where(
                t == 1,
                functional.pairwise_distance(y[:, 0], y[:, 1], eps=0) ** 2,
                torch.clamp(4 - functional.pairwise_distance(y[:, 0], y[:, 1], eps=0), min=0) ** 2,
            ).mean()
            / 2
        ),
        PAIRS,
        ALIKE,
    ),
    "large_margin": case(
        nn.LargeMarginCosine(0.3, 5.0),
        lambda y, t: functional.cross_entropy(5 * (y - 0.3 * functional.one_hot(t, 3).to(y.dtype)), t),
        Y[:, :3],
        np.array([0, 1, 2, 0, 1, 2, 0]),
    ),
    "triplet": case(nn.Triplet(2.0), hardest_triplets, Y, np.array([0, 1, 2, 0, 1, 2, 0])),
    "tversky": case(
        nn.Tversky(0.2, 0.9, 0.5),
        lambda y, t: (
            1
            - ((y.sigmoid() * t).sum(1) + 0.5)
            / ((y.sigmoid() * (t + 0.2 * (1 - t))).sum(1) + 0.9 * ((1 - y.sigmoid()) * t).sum(1) + 0.5)
        ).mean(),
        Y,
        LABELS,
    ),
    "dice": case(
        nn.Dice(0.5),
        lambda y, t: (
            1 - (2 * (y.sigmoid() * t).sum(1) + 0.5) / (y.sigmoid().sum(1) + t.sum(1) + 0.5)
        ).mean(),
        Y,
        LABELS,
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_their_deltas(name):
    loss, reference, outputs, targets = LOSSES[name]
    (value, delta), (expected, slope) = ours(loss, outputs, targets), theirs(reference, outputs, targets)
    assert value == pytest.approx(expected, rel=1e-11)
    np.testing.assert_allclose(delta, slope, rtol=1e-9, atol=1e-12)


def valley(weight, bias):
    """The contracts' loss, Σ (1 - b)² + 2 Σ (w - b²)² + 0.1 Σ w⁴, written in torch."""
    return ((1 - bias) ** 2).sum() + 2 * ((weight - bias[:, None] ** 2) ** 2).sum() + 0.1 * (weight**4).sum()


OPTIMIZERS: dict[str, tuple[nn.Transform, Callable]] = {
    "sgd": (nn.sgd(0.02), lambda p: torch.optim.SGD(p, 0.02)),
    "momentum": (nn.momentum(0.01, 0.8), lambda p: torch.optim.SGD(p, 0.01, momentum=0.8)),
    "nesterov": (nn.nesterov(0.01, 0.8), lambda p: torch.optim.SGD(p, 0.01, momentum=0.8, nesterov=True)),
    "adagrad": (nn.adagrad(0.1), lambda p: torch.optim.Adagrad(p, 0.1)),
    "rmsprop": (nn.rmsprop(0.01, 0.7, 0.1), lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.7, eps=0.1)),
    "adam": (nn.adam(0.05, epsilon=1e-3), lambda p: torch.optim.Adam(p, 0.05, eps=1e-3)),
    "adamw": (
        nn.adamw(0.05, 0.2, epsilon=1e-3, on="*"),
        lambda p: torch.optim.AdamW(p, 0.05, weight_decay=0.2, eps=1e-3),
    ),
    "adadelta": (nn.adadelta(0.5, epsilon=1e-3), lambda p: torch.optim.Adadelta(p, 0.5, eps=1e-3)),
    "nadam": (nn.nadam(0.02, epsilon=1e-3), lambda p: torch.optim.NAdam(p, 0.02, eps=1e-3)),
    "amsgrad": (nn.amsgrad(0.05, epsilon=1e-3), lambda p: torch.optim.Adam(p, 0.05, eps=1e-3, amsgrad=True)),
    "by_name": (
        nn.Partition((("*weight", nn.adam(0.02)),), nn.sgd(0.01)),
        lambda p: Both(torch.optim.Adam(p[:1], 0.02), torch.optim.SGD(p[1:], 0.01)),
    ),
}


class Both:
    """Two of torch's optimizers as one."""

    def __init__(self, *optimizers: Any) -> None:
        self.optimizers = optimizers

    def zero_grad(self) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad()

    def step(self) -> None:
        for optimizer in self.optimizers:
            optimizer.step()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fifty_steps_of_the_optimizers(name):
    optimizer, make = OPTIMIZERS[name]
    parameters = [torch.tensor(start()[n], requires_grad=True) for n in NAMES]
    reference = make(parameters)
    for point in Trained(optimizer, start()).steps(STEPS):
        reference.zero_grad()
        valley(*parameters).backward()
        reference.step()
        for n, parameter in zip(NAMES, parameters, strict=True):
            # torch keeps NAdam's product of momenta in float32.
            tolerance = 1e-6 if name == "nadam" else 1e-9
            np.testing.assert_allclose(point[n], parameter.detach().numpy(), rtol=tolerance, atol=1e-11)


@pytest.mark.parametrize("executor", ["native", "numpy"])
def test_adam_by_rows_is_torchs_sparse_adam(executor):
    """Six steps of a bag of tokens, of which each batch has some."""
    random = np.random.default_rng(3)
    x, y = random.integers(0, 40, (24, 5)), random.normal(size=(24, 3)).astype(np.float32)
    model = nn.Sequential([nn.Embedding(40, 3, sparse=True), nn.GlobalAvgPool1D()])
    settings: dict[str, Any] = {
        "loss": "mean_squared_error",
        "batch_size": 8,
        "shuffle": False,
        "keep": "last",
        "progress": False,
        "executor": executor,
    }
    run = chainrule.train(model, (x, y), optimizer=nn.adam(0.1, epsilon=1e-20), epochs=2, **settings)
    start = chainrule.train(model, (x, y), optimizer=nn.sgd(1e-30), epochs=1, **settings)
    table = torch.nn.Embedding(40, 3, sparse=True)
    table.weight.data = torch.tensor(start.parameters["embedding_1.weight"])
    optimizer = torch.optim.SparseAdam(table.parameters(), lr=0.1, eps=1e-20)
    for step in range(6):
        rows = slice(8 * (step % 3), 8 * (step % 3) + 8)
        optimizer.zero_grad()
        functional.mse_loss(table(torch.tensor(x[rows])).mean(1), torch.tensor(y[rows])).backward()
        optimizer.step()
    wanted = table.weight.detach().numpy()
    np.testing.assert_allclose(run.parameters["embedding_1.weight"], wanted, rtol=1e-4, atol=1e-5)


def test_muon_points_where_torch_points():
    """torch's Newton-Schulz runs in bfloat16, so that directions agree to its few digits alone."""
    gradient = RANDOM.normal(size=(6, 10))
    weight = torch.zeros(10, 6, dtype=torch.float32, requires_grad=True)  # torch's (outputs, inputs)
    weight.grad = torch.tensor(gradient.T, dtype=torch.float32)
    torch.optim.Muon([weight], lr=1.0, weight_decay=0.0).step()
    trace = Trace()
    g = trace.input("g", (6, 10), "float64")
    updates, _ = nn.Orthogonalize().update({"weight": g}, {}, {"weight": g})
    update = compile_numpy(trace.program({"u": updates["weight"]})).run({}, {"g": gradient})["u"]
    np.testing.assert_allclose(-update.T, weight.detach().numpy(), atol=0.05)


def test_clipping_by_global_norm():
    gradients = {n: RANDOM.normal(size=start()[n].shape) for n in NAMES}
    clipped = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in gradients.values()]
    for tensor, g in zip(clipped, gradients.values(), strict=True):
        tensor.grad = torch.tensor(g)
    torch.nn.utils.clip_grad_norm_(clipped, 0.7)
    trace = Trace()
    given = {n: trace.input(n, g.shape, "float64") for n, g in gradients.items()}
    updates, _ = nn.ClipByGlobalNorm(0.7).update(given, {}, given)
    results = compile_numpy(trace.program(updates)).run({}, gradients)
    for n, tensor in zip(NAMES, clipped, strict=True):
        np.testing.assert_allclose(results[n], tensor.grad.numpy(), rtol=1e-5)  # theirs adds 1e-6 to the norm


def scheduled(make: Callable, count: int, rate: float) -> list[float]:
    """The rate that torch uses at every step."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], rate)
    schedule = make(optimizer)
    rates = []
    for _ in range(count):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


lr: Any = torch.optim.lr_scheduler
SCHEDULES: dict[str, tuple[Schedule, Callable, int]] = {
    "step": (nn.StepDecay(0.5, 7, 0.3), lambda o: lr.StepLR(o, 7, 0.3), 40),
    "exponential": (nn.ExponentialDecay(0.5, 1, 0.9), lambda o: lr.ExponentialLR(o, 0.9), 40),
    "cosine": (nn.CosineDecay(0.5, 30, floor=0.1), lambda o: lr.CosineAnnealingLR(o, 30, 0.1), 31),
    "restarts": (
        nn.CosineDecay(0.5, 6, restarts=2, floor=0.1),
        lambda o: lr.CosineAnnealingWarmRestarts(o, 6, 2, 0.1),
        60,
    ),
    "inverse_time": (
        nn.InverseTimeDecay(0.5, 7, 0.3),
        lambda o: lr.LambdaLR(o, lambda n: 1 / (1 + 0.3 * n / 7)),
        40,
    ),
    "polynomial": (nn.PolynomialDecay(0.5, 20, 0.9), lambda o: lr.PolynomialLR(o, 20, 0.9), 30),
    "one_cycle": (
        nn.OneCycle(0.5, 40, 0.25, 10, 100),
        lambda o: lr.OneCycleLR(
            o, 0.5, total_steps=40, pct_start=0.25, div_factor=10, final_div_factor=100, cycle_momentum=False
        ),
        39,
    ),
    "triangular": (
        nn.Cyclical(0.1, 0.5, 7),
        lambda o: lr.CyclicLR(o, 0.1, 0.5, step_size_up=7, cycle_momentum=False),
        60,
    ),
    "triangular2": (
        nn.Cyclical(0.1, 0.5, 7, 0.5),
        lambda o: lr.CyclicLR(o, 0.1, 0.5, step_size_up=7, mode="triangular2", cycle_momentum=False),
        60,
    ),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch warns of its own order of calls
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name):
    schedule, make, count = SCHEDULES[name]
    trace = Trace()
    step = trace.input("step", (), "float64")
    compiled = compile_numpy(trace.program({"rate": schedule(step, {})}))
    rates = [float(compiled.run({}, {"step": np.array(float(n))})["rate"]) for n in range(count)]
    np.testing.assert_allclose(rates, scheduled(make, count, 0.5), rtol=1e-9, atol=1e-12)


def test_reduce_on_plateau():
    """PyTorch waits for one bad epoch more than ours, as the docstring says."""
    schedule = nn.ReduceOnPlateau(0.5, factor=0.3, patience=3, threshold=0.01, minimum=0.01)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.5)
    theirs = lr.ReduceLROnPlateau(optimizer, factor=0.3, patience=2, threshold=0.01, min_lr=0.01, eps=0)
    trace = Trace()
    state = {name: np.array(array) for name, array in schedule.init("float64").items()}
    given = {name: trace.state(name, array.shape, array.dtype.name) for name, array in state.items()}
    step = trace.input("step", (), "float64")
    compiled = compile_numpy(trace.program({"rate": schedule(step, given)}))
    for loss in np.abs(RANDOM.normal(size=40)) + np.linspace(1, 0.5, 40):
        rate = float(compiled.run(state, {"step": np.array(0.0)})["rate"])
        assert rate == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        state = schedule.observe(state, float(loss))
        theirs.step(loss)
