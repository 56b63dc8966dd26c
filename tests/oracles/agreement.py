"""Agreement with PyTorch: the same arrays through both, values and gradients compared in float64."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chainrule.backprop import differentiate
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f


def assert_agrees(
    torch: Any,
    ours: Callable[..., Tensor],
    theirs: Callable[..., Any],
    arrays: Mapping[str, np.ndarray],
    relative: float = 1e-10,
) -> None:
    """Both functions of the same named arrays give one value and one gradient by every float array."""
    trace = Trace()
    tensors = {name: trace.input(name, a.shape, a.dtype.name) for name, a in arrays.items()}
    y = ours(*tensors.values())
    weights = np.random.default_rng(0).normal(size=y.shape)
    floats = [tensor for tensor in tensors.values() if tensor.dtype == "float64"]
    deltas = differentiate(f.dot(y, trace.constant(weights, "float64")), floats)
    outputs = {"value": y} | {tensor.value.name: deltas[tensor.value] for tensor in floats}
    found = compile_numpy(trace.program(outputs)).run({}, arrays)

    given = {
        name: torch.tensor(a, requires_grad=a.dtype == np.float64)
        if a.dtype == np.float64
        else torch.tensor(a)
        for name, a in arrays.items()
    }
    expected = theirs(*given.values())
    assert tuple(expected.shape) == y.shape
    (expected * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(found["value"], expected.detach().numpy(), rtol=relative, atol=relative)
    for tensor in floats:
        name = tensor.value.name
        gradient = given[name].grad
        assert gradient is not None
        np.testing.assert_allclose(found[name], gradient.numpy(), rtol=relative, atol=relative, err_msg=name)
