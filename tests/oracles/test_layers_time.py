"""Layers of time and attention beside PyTorch's, in float64, where torch is installed.

Torch's parameters are brought into our order; compared are the output, and its derivative by x and by every
parameter.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from chainrule import nn
from chainrule.backprop import differentiate
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import Layer, building
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f

torch: Any = pytest.importorskip("torch")

RANDOM = np.random.default_rng(23)
Arrays = Mapping[str, np.ndarray]


def in_our_order(array: Any) -> np.ndarray:
    """Torch multiplies by transposed matrices."""
    return array.detach().numpy().T


def ours(call: Callable[..., Tensor], inputs: Arrays, tree: Arrays, weights: np.ndarray) -> Arrays:
    """'y', and the derivatives of Σ weights · y by every float input and every parameter."""
    trace = Trace()
    given = {name: trace.input(name, a.shape, a.dtype.name) for name, a in inputs.items()}
    with building(trace, training=True, dtype="float64"):
        y = call(**given)
    assert set(trace.parameters) == set(tree)
    tensors = {name: t for name, t in {**given, **trace.parameters}.items() if t.dtype == "float64"}
    deltas = differentiate(f.dot(y, trace.constant(weights, "float64")), tensors.values())
    outputs = {"y": y} | {name: deltas[tensor.value] for name, tensor in tensors.items()}
    return compile_numpy(trace.program(outputs)).run(dict(tree), inputs)


def assert_agrees(
    call: Callable[..., Tensor],
    theirs: Callable[..., Any],
    module: Any,
    names: Mapping[str, str],
    inputs: Arrays,
    added: Mapping[str, tuple[str, str]] | None = None,
) -> None:
    """Value and derivatives agree.

    theirs: gets torch's tensors. module: holds torch's parameters, which are drawn here. names: torch's ->
    ours. added: our name -> two of torch's whose sum it is, and whose derivatives are alike.
    """
    module.double()
    with torch.no_grad():
        for array in module.parameters():
            array.copy_(torch.tensor(RANDOM.normal(size=tuple(array.shape)) * 0.7))
    stored = dict(module.named_parameters())
    tree = {own: np.array(in_our_order(stored[name])) for name, own in names.items()}
    for own, (first, second) in (added or {}).items():
        tree[own] = in_our_order(stored[first] + stored[second])

    given = {name: torch.tensor(a, requires_grad=a.dtype == np.float64) for name, a in inputs.items()}
    expected = theirs(**given)
    weights = RANDOM.normal(size=tuple(expected.shape))
    (expected * torch.tensor(weights)).sum().backward()
    found = ours(call, inputs, tree, weights)
    wanted = {"y": expected.detach().numpy()}
    wanted |= {name: t.grad.numpy() for name, t in given.items() if t.requires_grad}
    wanted |= {own: in_our_order(stored[name].grad) for name, own in names.items()}
    wanted |= {own: in_our_order(stored[first].grad) for own, (first, _) in (added or {}).items()}
    assert set(found) == set(wanted)
    for name, array in wanted.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-9, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("shape", [(6,), (3, 5), (2, 1), (0, 4)], ids=str)
def test_embedding(shape: tuple[int, ...]):
    table = torch.nn.Linear(7, 4, bias=False)  # what holds our weight, transposed
    assert_agrees(
        nn.Embedding(7, 4),
        lambda x: torch.nn.functional.embedding(x, table.weight.T),
        table,
        {"weight": "embedding_1.weight"},
        {"x": RANDOM.integers(0, 7, shape)},
    )


@pytest.mark.parametrize("shape", [(3, 6), (2, 1), (0, 4)], ids=str)
def test_a_bag_of_words(shape: tuple[int, ...]):
    table = torch.nn.Linear(7, 4, bias=False)
    assert_agrees(
        nn.Sequential([nn.Embedding(7, 4), nn.GlobalAvgPool1D()]),
        lambda x: torch.nn.functional.embedding_bag(x, table.weight.T, mode="mean"),
        table,
        {"weight": "embedding_1.weight"},
        {"x": RANDOM.integers(0, 7, shape)},
    )


RECURRENT: Mapping[str, tuple[Any, Callable[..., Layer]]] = {
    "tanh": (lambda **options: torch.nn.RNN(3, 2, batch_first=True, **options), nn.SimpleRNN),
    "relu": (
        lambda **options: torch.nn.RNN(3, 2, nonlinearity="relu", batch_first=True, **options),
        lambda units, **options: nn.SimpleRNN(units, "relu", **options),
    ),
    "lstm": (lambda **options: torch.nn.LSTM(3, 2, batch_first=True, **options), nn.LSTM),
    "gru": (lambda **options: torch.nn.GRU(3, 2, batch_first=True, **options), nn.GRU),
}


def recurrent_names(name: str, path: str, suffix: str = "") -> tuple[dict, dict]:
    names = {f"weight_ih_l0{suffix}": f"{path}.weight", f"weight_hh_l0{suffix}": f"{path}.recurrent_weight"}
    biases = (f"bias_ih_l0{suffix}", f"bias_hh_l0{suffix}")
    if name == "gru":
        return names | {biases[0]: f"{path}.bias", biases[1]: f"{path}.recurrent_bias"}, {}
    return names, {f"{path}.bias": biases}


@pytest.mark.parametrize("shape", [(4, 5, 3), (2, 1, 3)], ids=str)
@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_layers(name: str, bidirectional: bool, every: bool, shape: tuple[int, ...]):
    make, own = RECURRENT[name]
    module = make(bidirectional=bidirectional)
    layer = own(2, return_sequences=every)
    if bidirectional:
        layer = nn.Bidirectional(layer)  # type: ignore[arg-type]
        names, added = recurrent_names(name, "forward")
        back, back_added = recurrent_names(name, "backward", "_reverse")
        names, added = names | back, added | back_added
    else:
        names, added = recurrent_names(name, f"{type(layer).__name__.lower()}_1")

    def theirs(x: Any) -> Any:
        states, last = module(x)
        last = last[0] if isinstance(last, tuple) else last
        return states if every else torch.cat(list(last), -1)

    assert_agrees(layer, theirs, module, names, {"x": RANDOM.normal(size=shape)}, added)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_layers_of_padded_sequences(name: str, bidirectional: bool):
    """Torch packs them; behind a sequence it gives zeros, where ours repeats the state."""
    make, own = RECURRENT[name]
    module, lengths = make(bidirectional=bidirectional), np.array([5, 2, 4, 1])
    mask = np.arange(5) < lengths[:, None]
    layer = own(2)
    if bidirectional:
        layer = nn.Bidirectional(layer)  # type: ignore[arg-type]
        names, added = recurrent_names(name, "forward")
        back, back_added = recurrent_names(name, "backward", "_reverse")
        names, added = names | back, added | back_added
    else:
        names, added = recurrent_names(name, f"{type(layer).__name__.lower()}_1")

    def theirs(x: Any) -> Any:
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            x, torch.tensor(lengths), batch_first=True, enforce_sorted=False
        )
        _, last = module(packed)
        return torch.cat(list(last[0] if isinstance(last, tuple) else last), -1)

    assert_agrees(
        lambda x: layer(x, x.trace.constant(mask, "bool")),
        theirs,
        module,
        names,
        {"x": RANDOM.normal(size=(4, 5, 3))},
        added,
    )


ATTENTION = {
    "in_proj_weight": "weight",
    "in_proj_bias": "bias",
    "out_proj.weight": "output_weight",
    "out_proj.bias": "output_bias",
}


def attention_names(path: str) -> dict[str, str]:
    return {theirs: f"{path}.{own}" for theirs, own in ATTENTION.items()}


@pytest.mark.parametrize("shape", [(3, 5, 6), (2, 1, 6), (0, 4, 6)], ids=str)
@pytest.mark.parametrize(("causal", "padded"), [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("heads", [1, 2, 6])
def test_attention(heads: int, causal: bool, padded: bool, shape: tuple[int, ...]):
    module = torch.nn.MultiheadAttention(6, heads, batch_first=True)
    batch, time, _ = shape
    if padded and not batch:
        pytest.skip("torch refuses a mask of no examples")
    mask = np.arange(time) < np.array([time, 1, (time + 1) // 2])[:batch, None]
    layer = nn.MultiHeadAttention(heads, causal=causal)

    def call(x: Tensor) -> Tensor:
        return layer(x, mask=x.trace.constant(mask, "bool")) if padded else layer(x)

    def theirs(x: Any) -> Any:
        hidden = torch.tensor(~np.tri(time, dtype=bool)) if causal else None
        behind = torch.tensor(~mask) if padded else None
        return module(x, x, x, key_padding_mask=behind, attn_mask=hidden, need_weights=False)[0]

    assert_agrees(
        call, theirs, module, attention_names("multi_head_attention_1"), {"x": RANDOM.normal(size=shape)}
    )


def test_attention_over_a_memory():
    module = torch.nn.MultiheadAttention(6, 3, batch_first=True)
    assert_agrees(
        nn.MultiHeadAttention(3),
        lambda x, memory: module(x, memory, memory, need_weights=False)[0],
        module,
        attention_names("multi_head_attention_1"),
        {"x": RANDOM.normal(size=(2, 4, 6)), "memory": RANDOM.normal(size=(2, 7, 6))},
    )


@pytest.mark.parametrize("activation", ["relu", "gelu", "gelu_tanh"])
@pytest.mark.parametrize("recomputed", [False, True])
def test_transformer_block(activation: str, recomputed: bool):
    function = {
        "relu": torch.relu,
        "gelu": torch.nn.functional.gelu,
        "gelu_tanh": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
    }[activation]
    module = torch.nn.TransformerEncoderLayer(
        6, 2, 18, dropout=0.0, activation=function, batch_first=True, norm_first=True
    )
    path = "transformer_block_1"
    names = {
        f"self_attn.{name}": own for name, own in attention_names(f"{path}.multi_head_attention_1").items()
    }
    for i in (1, 2):
        names |= {
            f"norm{i}.weight": f"{path}.layer_norm_{i}.scale",
            f"norm{i}.bias": f"{path}.layer_norm_{i}.shift",
        }
        names |= {f"linear{i}.{name}": f"{path}.dense_{i}.{name}" for name in ("weight", "bias")}
    block = nn.TransformerBlock(2, causal=True, expansion=3, activation=activation)
    hidden = torch.tensor(~np.tri(5, dtype=bool))
    assert_agrees(
        nn.remat(block) if recomputed else block,
        lambda x: module(x, src_mask=hidden),
        module,
        names,
        {"x": RANDOM.normal(size=(3, 5, 6))},
    )


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("blank", [0, 4])
def test_connectionist_temporal_classification(blank: int, padded: bool):
    labels = np.array([[1, 2, 2, 3], [3, 1, 0, 0], [2, 2, 2, 0]])
    counts, lengths = np.array([4, 2, 3]), np.array([9, 5, 7]) if padded else np.array([9, 9, 9])
    if blank:
        labels = np.where(labels == 0, blank, labels)
    targets = np.concatenate([lengths[:, None], labels], 1) if padded else labels

    def theirs(x: Any) -> Any:
        whole = [torch.tensor(each) for each in (labels, lengths, counts)]
        time_first = torch.log_softmax(x, 2).movedim(1, 0)
        return torch.nn.functional.ctc_loss(time_first, *whole, blank=blank, reduction="none").mean()

    assert_agrees(
        lambda x: nn.CTC(blank, padded)(x, x.trace.constant(targets, "int64")),
        theirs,
        torch.nn.Module(),
        {},
        {"x": RANDOM.normal(size=(3, 9, 5))},
    )
