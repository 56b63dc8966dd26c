"""The operations of deep networks beside PyTorch's, value and gradient; where PyTorch is installed."""

from typing import Any

import numpy as np
import pytest
from tests.oracles.agreement import assert_agrees

from chainrule.program import functions as f

torch: Any = pytest.importorskip("torch")
F: Any = torch.nn.functional


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def channels_first(x: Any) -> Any:
    """(batch, *space, channels) -> (batch, channels, *space)."""
    return x.movedim(-1, 1)


def channels_last(x: Any) -> Any:
    return x.movedim(1, -1)


CONVOLUTIONS = {
    "plain": ((2, 7, 5, 3), (3, 2, 3, 4), {}),
    "strided_padded": ((2, 7, 6, 4), (3, 3, 4, 2), {"stride": (2, 1), "padding": (1, 2)}),
    "stride_beyond_the_window": ((1, 9, 8, 2), (2, 1, 2, 3), {"stride": 4}),
    "dilated": ((1, 9, 8, 2), (3, 2, 2, 3), {"dilation": (2, 3), "padding": (2, 0)}),
    "groups": ((2, 5, 5, 6), (2, 2, 2, 9), {"groups": 3}),
    "depthwise": ((2, 5, 5, 3), (3, 3, 1, 6), {"groups": 3, "padding": 1, "stride": 2}),
    "no_examples": ((0, 4, 4, 2), (2, 2, 2, 3), {}),
    "one_axis": ((2, 9, 4), (3, 2, 6), {"groups": 2, "padding": 1, "dilation": 2}),
    "length_one": ((3, 1, 2), (1, 2, 2), {}),
}


def pairs(padding: int | tuple[int, ...], axes: int) -> list[tuple[int, int]]:
    """PyTorch's padding as (before, after) for every axis."""
    sides = padding if isinstance(padding, tuple) else (padding,) * axes
    return [(side, side) for side in sides]


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolution(name: str):
    x_shape, w_shape, options = CONVOLUTIONS[name]
    axes = len(x_shape) - 2
    theirs = F.conv1d if axes == 1 else F.conv2d
    own = options | {"padding": pairs(options.get("padding", 0), axes)}
    assert_agrees(
        torch,
        lambda x, w: f.convolution(x, w, **own),
        lambda x, w: channels_last(theirs(channels_first(x), w.movedim((-1, -2), (0, 1)), **options)),
        {"x": normal(*x_shape), "w": normal(*w_shape)},
    )


@pytest.mark.parametrize(("length", "window", "dilation"), [(5, 3, 1), (6, 2, 2), (7, 4, 2), (1, 3, 1)])
def test_convolution_with_padding_same(length: int, window: int, dilation: int):
    assert_agrees(
        torch,
        lambda x, w: f.convolution(x, w, padding="same", dilation=dilation),
        lambda x, w: channels_last(
            F.conv1d(channels_first(x), w.movedim((-1, -2), (0, 1)), padding="same", dilation=dilation)
        ),
        {"x": normal(2, length, 3), "w": normal(window, 3, 2)},
    )


TRANSPOSED = {
    "plain": ((2, 4, 3, 3), (3, 2, 4, 3), {}, 0),
    "strided": ((2, 4, 3, 3), (3, 2, 4, 3), {"stride": 2, "padding": 1}, 1),
    "stride_beyond_the_window": ((1, 3, 3, 2), (2, 2, 3, 2), {"stride": 3}, 2),
    "groups": ((1, 3, 3, 4), (2, 2, 3, 4), {"groups": 2, "dilation": 2}, 0),
    "one_axis": ((2, 5, 3), (3, 2, 3), {"stride": 2}, 1),
}


@pytest.mark.parametrize("name", TRANSPOSED)
def test_transposed_convolution(name: str):
    x_shape, w_shape, options, extra = TRANSPOSED[name]
    axes = len(x_shape) - 2
    theirs = F.conv_transpose1d if axes == 1 else F.conv_transpose2d
    own = options | {"padding": pairs(options.get("padding", 0), axes), "extra": extra}
    assert_agrees(
        torch,
        lambda x, w: f.transposed_convolution(x, w, **own),
        lambda x, w: channels_last(
            theirs(channels_first(x), w.movedim((-1, -2), (0, 1)), output_padding=extra, **options)
        ),
        {"x": normal(*x_shape), "w": normal(*w_shape)},
    )


POOLS = {
    "plain": ((2, 6, 4, 3), 2, 2, 0),
    "a_rest": ((2, 7, 5, 3), 2, 2, 0),
    "overlapping": ((1, 7, 6, 2), (3, 2), (2, 1), (1, 0)),
    "stride_beyond_the_window": ((1, 9, 7, 2), 2, 4, 1),
    "no_examples": ((0, 4, 4, 2), 2, 2, 0),
    "one_axis": ((2, 7, 3), 3, 2, 1),
}


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("name", POOLS)
def test_pooling(name: str, kind: str):
    shape, window, stride, padding = POOLS[name]
    axes = len(shape) - 2
    ours = f.max_pool if kind == "max" else f.average_pool
    names = {"max": (F.max_pool1d, F.max_pool2d), "average": (F.avg_pool1d, F.avg_pool2d)}
    theirs, options = names[kind][axes - 1], {} if kind == "max" else {"count_include_pad": False}
    assert_agrees(
        torch,
        lambda x: ours(x, window, stride=stride, padding=pairs(padding, axes)),
        lambda x: channels_last(theirs(channels_first(x), window, stride, padding, **options)),
        {"x": normal(*shape)},
    )


def test_softmax_and_logsumexp():
    arrays = {"x": 3 * normal(4, 3, 5)}
    assert_agrees(torch, lambda x: f.softmax(x, 1), lambda x: torch.softmax(x, 1), arrays)
    assert_agrees(torch, lambda x: f.logsumexp(x, 0), lambda x: torch.logsumexp(x, 0), arrays)


@pytest.mark.parametrize("shape", [(4, 7), (2, 3, 5), (0, 3), (3, 1)], ids=str)
def test_layer_norm(shape: tuple[int, ...]):
    arrays = {"x": normal(*shape), "scale": normal(shape[-1], seed=1), "shift": normal(shape[-1], seed=2)}
    assert_agrees(
        torch,
        lambda x, scale, shift: f.layer_norm(x, scale, shift, epsilon=1e-3),
        lambda x, scale, shift: F.layer_norm(x, shape[-1:], scale, shift, eps=1e-3),
        arrays,
    )


@pytest.mark.parametrize("shape", [(5, 3), (3, 4, 5, 2)], ids=str)
def test_batch_norm(shape: tuple[int, ...]):
    arrays = {"x": normal(*shape), "scale": normal(shape[-1], seed=1), "shift": normal(shape[-1], seed=2)}
    assert_agrees(
        torch,
        lambda x, scale, shift: f.batch_norm(x, scale, shift),
        lambda x, scale, shift: channels_last(
            F.batch_norm(channels_first(x), None, None, scale, shift, training=True)
        ),
        arrays,
    )


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_attention(masked: bool, causal: bool):
    arrays = {"q": normal(2, 3, 5, 4), "k": normal(2, 3, 6, 4, seed=1), "v": normal(2, 3, 6, 2, seed=2)}
    mask = np.arange(6) < np.array([6, 3])[:, None, None, None]
    allowed = mask & (np.tri(5, 6, dtype=bool) if causal else True)

    def ours(q: Any, k: Any, v: Any) -> Any:
        return f.attention(q, k, v, mask=q.trace.constant(mask, "bool") if masked else None, causal=causal)

    def theirs(q: Any, k: Any, v: Any) -> Any:
        if masked:
            return F.scaled_dot_product_attention(q, k, v, attn_mask=torch.tensor(allowed))
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal)

    assert_agrees(torch, ours, theirs, arrays)


def test_order_and_running_sums():
    arrays = {"x": normal(3, 5, 4)}
    assert_agrees(torch, lambda x: f.cumsum(x, 1), lambda x: torch.cumsum(x, 1), arrays)
    assert_agrees(torch, lambda x: f.sort(x, 0), lambda x: torch.sort(x, 0).values, arrays)
    assert_agrees(torch, lambda x: f.top_k(x, 3, 1)[0], lambda x: torch.topk(x, 3, 1).values, arrays)


@pytest.mark.parametrize(
    ("shape", "size"), [((2, 4, 3, 2), (8, 6)), ((1, 5, 7, 2), (3, 11)), ((1, 1, 2, 1), (3, 1))]
)
def test_resize_of_images(shape: tuple[int, ...], size: tuple[int, ...]):
    for own, name in (("nearest", "nearest-exact"), ("linear", "bilinear")):
        assert_agrees(
            torch,
            lambda x, own=own: f.resize(x, size, own),
            lambda x, name=name: channels_last(F.interpolate(channels_first(x), size, mode=name)),
            {"x": normal(*shape)},
        )


def test_resize_of_signals():
    assert_agrees(
        torch,
        lambda x: f.resize(x, 12),
        lambda x: channels_last(F.interpolate(channels_first(x), 12, mode="linear")),
        {"x": normal(2, 5, 3)},
    )


def recurrent_arrays(gates: int) -> dict[str, np.ndarray]:
    """Time 5, batch 3, features 4, units 2."""
    shapes = {"x": (5, 3, 4), "w": (4, gates * 2), "v": (2, gates * 2), "b": (gates * 2,), "h": (3, 2)}
    return {name: normal(*shape, seed=i) for i, (name, shape) in enumerate(shapes.items())}


@pytest.mark.parametrize("time", [5, 1])
def test_lstm(time: int):
    arrays = recurrent_arrays(4) | {"c": normal(3, 2, seed=9)}
    arrays["x"] = arrays["x"][:time]

    def theirs(x: Any, w: Any, v: Any, b: Any, h: Any, c: Any) -> Any:
        weights = [w.T, v.T, b, torch.zeros_like(b)]
        y, last, cell = torch.lstm(x, (h[None], c[None]), weights, True, 1, 0.0, False, False, False)
        return torch.cat([y, last, cell])

    def ours(x: Any, w: Any, v: Any, b: Any, h: Any, c: Any) -> Any:
        hidden, cell = f.lstm(x @ w + b, v, h, c)
        return f.concatenate([hidden, hidden[-1:], cell[-1:]], 0)

    assert_agrees(torch, ours, theirs, arrays)


def test_gru():
    arrays = recurrent_arrays(3) | {"a": normal(6, seed=9)}

    def theirs(x: Any, w: Any, v: Any, b: Any, h: Any, a: Any) -> Any:
        return torch.gru(x, h[None], [w.T, v.T, b, a], True, 1, 0.0, False, False, False)[0]

    assert_agrees(torch, lambda x, w, v, b, h, a: f.gru(x @ w + b, v, a, h), theirs, arrays)


def test_connectionist_temporal_classification():
    labels = np.array([[1, 2, 2, 3], [3, 1, 0, 0], [2, 2, 2, 0]])
    lengths, counts = np.array([9, 5, 7]), np.array([4, 2, 3])

    def ours(x: Any) -> Any:
        spelled, times, spans = (x.trace.constant(each, "int64") for each in (labels, lengths, counts))
        return f.ctc_loss(x, spelled, times, spans)

    def theirs(x: Any) -> Any:
        whole = [torch.tensor(each) for each in (labels, lengths, counts)]
        return F.ctc_loss(torch.log_softmax(x, 2), *whole, reduction="none")

    assert_agrees(torch, ours, theirs, {"x": normal(9, 3, 5)})
