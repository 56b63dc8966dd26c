"""The workloads' networks as JAX writes them, on our parameters by our names and in our layouts."""

from collections.abc import Callable
from itertools import accumulate

import jax  # type: ignore[import-not-found] (only in the environment of `make bench`)
import jax.numpy as jnp  # type: ignore[import-not-found] (only in the environment of `make bench`)

from benchmarks.workloads import Bag, ConvNet, Gpt, Lstm, Mlp, Network, ResNet

Parameters = dict[str, jax.Array]

_ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "linear": lambda x: x,
}
_EPSILON = 1e-5  # of all normalizations


def outputs(network: Network, parameters: Parameters, x: jax.Array, key: jax.Array) -> jax.Array:
    """The scores of the classes. key: of dropout."""
    match network:
        case Mlp():
            return _mlp(network, parameters, x, key)
        case ConvNet():
            return _conv_net(network, parameters, x)
        case ResNet():
            return _resnet(network, parameters, x)
        case Gpt():
            return _gpt(network, parameters, x)
        case Lstm():
            return _dense(parameters, "dense_1", _lstm(network, parameters, x))
        case Bag():
            return _dense(parameters, "dense_1", parameters["embedding_1.weight"][x].mean(1))
        case _:
            raise TypeError(f"{network} has no reading here")


def _dense(parameters: Parameters, name: str, x: jax.Array) -> jax.Array:
    return x @ parameters[f"{name}.weight"] + parameters[f"{name}.bias"]


def _mlp(network: Mlp, parameters: Parameters, x: jax.Array, key: jax.Array) -> jax.Array:
    activation, keep = _ACTIVATIONS[network.activation], 1 - network.dropout
    hidden = [x.shape[0] * width for width in network.widths[1:-1]]
    if network.dropout:
        # All layers' masks in one draw take a third less time for the whole step than one draw a layer.
        masks = jnp.split(jax.random.bernoulli(key, keep, (sum(hidden),)), list(accumulate(hidden))[:-1])
    else:
        masks = []
    for number in range(1, len(network.widths) - 1):
        x = activation(_dense(parameters, f"dense_{number}", x))
        if masks:
            x = jnp.where(masks[number - 1].reshape(x.shape), x / keep, 0)
    return _dense(parameters, f"dense_{len(network.widths) - 1}", x)


def _convolution(x: jax.Array, weight: jax.Array, stride: int = 1, around: int = 0) -> jax.Array:
    return jax.lax.conv_general_dilated(
        x, weight, (stride, stride), [(around, around)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def _conv_net(network: ConvNet, parameters: Parameters, x: jax.Array) -> jax.Array:
    for number in range(1, len(network.filters) + 1):
        name = f"conv2d_{number}"
        x = _convolution(x, parameters[f"{name}.weight"]) + parameters[f"{name}.bias"]
        x = jax.lax.reduce_window(jax.nn.relu(x), -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    x = _dense(parameters, "dense_1", x.reshape(x.shape[0], -1))
    return _dense(parameters, "dense_2", _ACTIVATIONS[network.activation](x))


def _normalized(
    parameters: Parameters, at: str, number: int, x: jax.Array, stride: int = 1, size: int = 3
) -> jax.Array:
    """A convolution and batch normalization; the losses of training do not need its running statistics."""
    x = _convolution(x, parameters[f"{at}conv2d_{number}.weight"], stride, size // 2)
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    scale, shift = (parameters[f"{at}batch_norm_{number}.{part}"] for part in ("scale", "shift"))
    return (x - mean) * (scale * jax.lax.rsqrt(variance + _EPSILON)) + shift


def _resnet(network: ResNet, parameters: Parameters, x: jax.Array) -> jax.Array:
    x = jax.nn.relu(_normalized(parameters, "", 1, x))
    for number in range(1, len(network.widths) + 1):
        at, stride = f"residual_{number}.", 1 if number == 1 else 2
        around = x if stride == 1 else _normalized(parameters, f"{at}shortcut.", 1, x, stride, size=1)
        y = jax.nn.relu(_normalized(parameters, at, 1, x, stride))
        x = jax.nn.relu(around + _normalized(parameters, at, 2, y))
    return _dense(parameters, "dense_1", x.mean((1, 2)))


def _layer_norm(parameters: Parameters, name: str, x: jax.Array) -> jax.Array:
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    standardized = (x - mean) * jax.lax.rsqrt(variance + _EPSILON)
    return standardized * parameters[f"{name}.scale"] + parameters[f"{name}.shift"]


def _attention(parameters: Parameters, name: str, x: jax.Array, heads: int) -> jax.Array:
    batch, time, width = x.shape
    every = _dense(parameters, name, x).reshape(batch, time, 3, heads, width // heads)
    q, k, v = (every[:, :, part] for part in range(3))
    y = jax.nn.dot_product_attention(q, k, v, is_causal=True).reshape(batch, time, width)
    return y @ parameters[f"{name}.output_weight"] + parameters[f"{name}.output_bias"]


def _gpt(network: Gpt, parameters: Parameters, x: jax.Array) -> jax.Array:
    y = parameters["embedding_1.weight"][x] + parameters["positional_encoding_1.weight"]
    for number in range(1, network.blocks + 1):
        at = f"transformer_block_{number}."
        normal = _layer_norm(parameters, f"{at}layer_norm_1", y)
        y = y + _attention(parameters, f"{at}multi_head_attention_1", normal, network.heads)
        normal = _layer_norm(parameters, f"{at}layer_norm_2", y)
        inner = jax.nn.gelu(_dense(parameters, f"{at}dense_1", normal), approximate=True)
        y = y + _dense(parameters, f"{at}dense_2", inner)
    return _dense(parameters, "dense_1", _layer_norm(parameters, "layer_norm_1", y))


def _lstm(network: Lstm, parameters: Parameters, x: jax.Array) -> jax.Array:
    """The last state."""
    weight = parameters["lstm_1.recurrent_weight"]

    def step(
        carry: tuple[jax.Array, jax.Array], given: jax.Array
    ) -> tuple[tuple[jax.Array, jax.Array], None]:
        h, c = carry
        i, f, g, o = jnp.split(given + h @ weight, 4, -1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    start = jnp.zeros((x.shape[0], network.units))
    given = _dense(parameters, "lstm_1", x).transpose(1, 0, 2)
    return jax.lax.scan(step, (start, start), given)[0][0]
