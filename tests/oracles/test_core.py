"""The small operations beside PyTorch's, value and gradient; and that none is left out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.oracles import test_operations
from tests.oracles.agreement import assert_agrees

from chainrule.nn import ACTIVATIONS
from chainrule.program import OPERATIONS, Tensor, Trace
from chainrule.program import functions as f

torch: Any = pytest.importorskip("torch")
F: Any = torch.nn.functional


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def halves(i: Tensor) -> Tensor:
    """Whole numbers divided by 2."""
    return i.trace.record("shift_right", i, i.trace.constant(1, "uint32"))


SHAPES = [(), (1,), (5,), (3, 7), (2, 0, 3), (2, 1, 5)]
X, POSITIVE = normal(3, 7), np.abs(normal(3, 7)) + 0.1
ROW = normal(7, seed=1)
BITS = (normal(3, 7, seed=2) > 0, normal(3, 7, seed=3) > 0)

ONE: dict[str, tuple[Callable, Callable]] = {
    "negative": (lambda x: -x, lambda x: -x),
    "absolute": (lambda x: abs(x), torch.abs),
    "sign": (lambda x: f.sign(x) * x, lambda x: torch.sign(x) * x),
    "floor": (lambda x: f.floor(x) * x, lambda x: torch.floor(x) * x),
    "exp": (f.exp, torch.exp),
    "expm1": (f.expm1, torch.expm1),
    "log": (lambda x: f.log(x * x + 0.5), lambda x: torch.log(x * x + 0.5)),
    "log1p": (lambda x: f.log1p(x * x), lambda x: torch.log1p(x * x)),
    "sqrt": (lambda x: f.sqrt(x * x + 0.5), lambda x: torch.sqrt(x * x + 0.5)),
    "sin": (f.sin, torch.sin),
    "cos": (f.cos, torch.cos),
    "arctan": (f.arctan, torch.arctan),
    "tanh": (f.tanh, torch.tanh),
    "sigmoid": (f.sigmoid, torch.sigmoid),
    "softplus": (f.softplus, F.softplus),
    "erf": (f.erf, torch.erf),
    "relu": (f.relu, torch.relu),
    "isfinite": (
        lambda x: f.where(f.isfinite(1.0 / f.floor(x)), x, 2.0 * x),
        lambda x: torch.where(torch.isfinite(1 / torch.floor(x)), x, 2 * x),
    ),
    "cast": (
        lambda x: (x > 0.0).cast("float64") * x + x.cast("int32").cast("float64") * x,
        lambda x: (x > 0).double() * x + x.int().double() * x,
    ),
    "stop_gradient": (lambda x: f.stop_gradient(x) * x, lambda x: x.detach() * x),
    "recompute": (lambda x: f.recompute(x, x) * 2.0, lambda x: x * 2),
    "root_mean_square": (  # a measurement, without a derivative
        lambda x: f.root_mean_square(x) * x,
        lambda x: torch.sqrt(torch.sum(x.detach() ** 2) / max(x.numel(), 1)) * x,
    ),
}
"""Of one Tensor of any shape."""

TWO: dict[str, tuple[Callable, Callable]] = {
    "add": (lambda x, y: x + y, lambda x, y: x + y),
    "subtract": (lambda x, y: x - y, lambda x, y: x - y),
    "multiply": (lambda x, y: x * y, lambda x, y: x * y),
    "divide": (lambda x, y: x / y, lambda x, y: x / y),
    "power": (lambda x, y: abs(x) ** y, lambda x, y: abs(x) ** y),
    "maximum": (f.maximum, torch.maximum),
    "minimum": (f.minimum, torch.minimum),
    "equal": (lambda x, y: f.where(f.equal(x, x), x, y), lambda x, y: torch.where(x == x, x, y)),
    "not_equal": (lambda x, y: f.where(f.not_equal(x, y), x, y), lambda x, y: torch.where(x != y, x, y)),
    "less": (lambda x, y: f.where(x < y, x, y * y), lambda x, y: torch.where(x < y, x, y * y)),
    "less_equal": (lambda x, y: f.where(x <= y, x, y * y), lambda x, y: torch.where(x <= y, x, y * y)),
    "greater": (lambda x, y: f.where(x > y, x, y * y), lambda x, y: torch.where(x > y, x, y * y)),
    "greater_equal": (lambda x, y: f.where(x >= y, x, y * y), lambda x, y: torch.where(x >= y, x, y * y)),
    "where": (lambda x, y: f.where(x > 0.0, x, y), lambda x, y: torch.where(x > 0, x, y)),
    "logical_and": (
        lambda x, y: f.where(f.logical_and(x > 0.0, y > 0.0), x, y),
        lambda x, y: torch.where((x > 0) & (y > 0), x, y),
    ),
    "logical_or": (
        lambda x, y: f.where(f.logical_or(x > 0.0, y > 0.0), x, y),
        lambda x, y: torch.where((x > 0) | (y > 0), x, y),
    ),
    "logical_not": (
        lambda x, y: f.where(f.logical_not(x > 0.0), x, y),
        lambda x, y: torch.where(~(x > 0), x, y),
    ),
}
"""Of two Tensors, broadcast against each other."""

INDICES = np.array([[2, 0], [2, 1]])
OTHERS: dict[str, tuple[Callable, Callable, dict[str, np.ndarray]]] = {
    "reshape": (lambda x: x.reshape(7, 3), lambda x: x.reshape(7, 3), {"x": X}),
    "transpose": (lambda x: x.transpose(), lambda x: x.T, {"x": X}),
    "broadcast_to": (lambda x: f.broadcast_to(x, (2, 3, 7)), lambda x: x.expand(2, 3, 7), {"x": ROW}),
    "slice": (lambda x: x[1:, 1:6:2], lambda x: x[1:, 1:6:2], {"x": X}),
    "pad": (lambda x: f.pad(x, (1, 0), (2, 3)), lambda x: F.pad(x, (0, 3, 1, 2)), {"x": X}),
    "concatenate": (
        lambda x, y: f.concatenate([x, y, x], 0),
        lambda x, y: torch.cat([x, y, x]),
        {"x": X, "y": X[:1]},
    ),
    "sum": (lambda x: x.sum((0, 2)), lambda x: x.sum((0, 2)), {"x": normal(3, 4, 5)}),
    "max": (lambda x: x.max(1), lambda x: x.amax(1), {"x": normal(3, 4, 5)}),
    "min": (lambda x: x.min((1, 2)), lambda x: x.amin((1, 2)), {"x": normal(3, 4, 5)}),
    "matmul": (lambda x, y: x @ y, lambda x, y: x @ y, {"x": normal(2, 3, 4, 5), "y": normal(3, 5, 2)}),
    "gather": (lambda x, i: f.gather(x, i), lambda x, i: x[i.long()], {"x": X, "i": INDICES}),
    "scatter_add": (
        lambda x, i, u: f.scatter_add(x, i, u),
        lambda x, i, u: x.index_add(0, i.reshape(-1).long(), u.reshape(4, 7)),
        {"x": X, "i": INDICES, "u": normal(2, 2, 7)},
    ),
    "one_hot": (
        lambda x, i: f.one_hot(i, 7, "float64").sum((0, 1)) * x,
        lambda x, i: F.one_hot(i.long(), 7).double().sum((0, 1)) * x,
        {"x": ROW, "i": INDICES},
    ),
    "constant": (lambda x: x * x.trace.constant(X, "float64"), lambda x: x * torch.tensor(X), {"x": ROW}),
    "iota": (
        lambda x: x * x.trace.iota(7, "float64"),
        lambda x: x * torch.arange(7, dtype=torch.float64),
        {"x": ROW},
    ),
    "shift_right": (
        lambda x, i: (
            x
            * i.cast("uint32")
            .trace.record("shift_right", i.cast("uint32"), i.cast("uint32") * 0 + 1)
            .cast("float64")
        ),
        lambda x, i: x * (i >> 1).double(),
        {"x": normal(2, 2), "i": INDICES},
    ),
    "softmax_cross_entropy": (
        f.softmax_cross_entropy,
        lambda x, y: -(y * F.log_softmax(x, -1)).sum(-1),
        {"x": X, "y": POSITIVE},
    ),
    "softmax_cross_entropy_delta": (
        f.softmax_cross_entropy_delta,
        lambda x, y: F.softmax(x, -1) * y.sum(-1, keepdim=True) - y,
        {"x": X, "y": POSITIVE},
    ),
    "scan": (
        lambda x, y: f.scan(lambda c, e, _: ([f.tanh(c[0] * 0.5 + e[0])], []), [y], [x]).carries[0],
        lambda x, y: looped(x, y),
        {"x": X, "y": ROW},
    ),
}
"""Of these arrays."""

ELSEWHERE = {
    "test_convolution": ("convolution", "convolution_input_adjoint", "convolution_weight_adjoint"),
    "test_pooling": (
        *("max_pool", "max_pool_positions", "max_pool_adjoint", "average_pool", "average_pool_adjoint"),
    ),
    "test_resize_of_images": ("resize", "resize_adjoint"),
    "test_order_and_running_sums": ("argmax", "argsort", "arg_top_k", "cumsum"),
    "test_softmax_and_logsumexp": ("softmax", "logsumexp"),
    **{f"test_{name}": (name,) for name in ("batch_norm", "lstm", "gru")},
    "test_layer_norm": ("layer_norm", "layer_norm_adjoint", "layer_norm_scale_adjoint"),
    "test_attention": (
        *("attention", "attention_query_adjoint", "attention_key_adjoint", "attention_value_adjoint"),
    ),
    "test_connectionist_temporal_classification": ("ctc_loss",),
}
"""Test of test_operations -> operations that it has."""

WITHOUT = {
    "put": "PyTorch leaves open which of equal indices counts, and it has no derivative",
    "factorize": "PyTorch has no order of first occurrence; it has no derivative",
    "random_bits": "PyTorch draws others; tests/executors/numpy_/test_random_bits.py has known answers",
}


def looped(x: Any, state: Any) -> Any:
    states = []
    for element in x:
        state = torch.tanh(state * 0.5 + element)
        states.append(state)
    return torch.stack(states)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ONE)
def test_of_one_tensor(name: str, shape: tuple[int, ...]):
    mine, theirs = ONE[name]
    assert_agrees(torch, mine, theirs, {"x": normal(*shape, seed=4)})


@pytest.mark.parametrize(
    "shapes", [((3, 7), (3, 7)), ((3, 1), (7,)), ((), (2, 5)), ((0, 3), (1, 3))], ids=str
)
@pytest.mark.parametrize("name", TWO)
def test_of_two_tensors(name: str, shapes: tuple[tuple[int, ...], tuple[int, ...]]):
    first, second = shapes
    assert_agrees(torch, *TWO[name], {"x": normal(*first, seed=5), "y": normal(*second, seed=6)})


@pytest.mark.parametrize("name", OTHERS)
def test_of_these_arrays(name: str):
    mine, theirs, arrays = OTHERS[name]
    assert_agrees(torch, mine, theirs, arrays)


THEIR_ACTIVATIONS: dict[str, Callable] = {
    "linear": lambda x: x,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "softplus": F.softplus,
    "exponential": torch.exp,
    "softsign": F.softsign,
    "hard_sigmoid": lambda x: F.relu6(x + 3) / 6,  # F.hardsigmoid has 1/6 in float32 alone
    "hard_tanh": F.hardtanh,
    "hard_swish": lambda x: x * F.relu6(x + 3) / 6,  # F.hardswish, as F.hardsigmoid
    "relu6": F.relu6,
    "mish": F.mish,
    "log_sigmoid": F.logsigmoid,
    "soft_shrink": F.softshrink,
    "hard_shrink": F.hardshrink,
    "tanh_shrink": F.tanhshrink,
    "softmax": lambda x: F.softmax(x, -1),
    "log_softmax": lambda x: F.log_softmax(x, -1),
}


@pytest.mark.parametrize("shape", [(1,), (5, 9), (0, 3)], ids=str)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str, shape: tuple[int, ...]):
    assert_agrees(torch, ACTIVATIONS[name], THEIR_ACTIVATIONS[name], {"x": 3 * normal(*shape)}, relative=1e-9)


def test_no_operation_is_left_out():
    here, elsewhere = {*ONE, *TWO, *OTHERS}, {name for names in ELSEWHERE.values() for name in names}
    left_out = set(OPERATIONS) - here - elsewhere - set(WITHOUT)
    assert not left_out, f"{left_out}: write them beside PyTorch's in ONE, TWO or OTHERS of test_core.py"
    assert here | elsewhere | set(WITHOUT) <= set(OPERATIONS)
    assert not here & elsewhere
    assert all(hasattr(test_operations, test) for test in ELSEWHERE)


@pytest.mark.parametrize("name", [*ONE, *TWO, *OTHERS])
def test_each_case_has_its_operation(name: str):
    if name in OTHERS:
        mine, _, arrays = OTHERS[name]
    else:
        mine, arrays = (ONE | TWO)[name][0], {"x": X} if name in ONE else {"x": X, "y": ROW}
    trace = Trace()
    given = {key: trace.input(key, array.shape, array.dtype.name) for key, array in arrays.items()}
    program = trace.program({"y": mine(*given.values())})
    assert name in {step.operation for step in program.steps} | {s.operation for s in inner_steps(program)}


def inner_steps(program: Any) -> list[Any]:
    bodies = [step.attributes["body"] for step in program.steps if step.operation == "scan"]
    return [step for body in bodies for step in body.steps]
