"""The decoder of language models beside the same in PyTorch, with the same weights."""

from typing import Any

import numpy as np
import pytest

from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn.layer import building
from chainrule.program import Trace
from chainrule.tasks.generate.network import Decoder

torch: Any = pytest.importorskip("torch")

DECODER = Decoder(vocabulary=13, width=24, blocks=2, heads=3, context=16)
NORMS = {"rmsnorm_1": ("first", "first"), "rmsnorm_2": ("last", "second")}
ATTENTION, INNER = {"dense_1": "qkv", "dense_2": "out"}, {"dense_1": "up", "dense_2": "down"}


def torch_name(name: str) -> tuple[str, bool]:
    """The parameter of the same meaning there, and whether it is transposed."""
    first, *inner, last = name.split(".")[1:] if name.count(".") > 1 else ("", name.split(".")[1])
    if not first:
        return last, False
    if first.startswith("rmsnorm"):
        return f"{NORMS[first][0]}.{last}", False
    block = f"blocks.{int(first.rpartition('_')[2]) - 1}"
    layer = inner[-1]
    if layer in NORMS:
        return f"{block}.{NORMS[layer][1]}.{last}", False
    place = ATTENTION[layer] if len(inner) > 1 else INNER[layer]
    return f"{block}.{place}.{last}", last == "weight"


def test_the_scores_are_those_of_pytorch():
    from benchmarks.texts.pytorch_decoder import TorchDecoder

    trace = Trace()
    x = trace.input("x", (2, 16), "int32")
    with building(trace, training=False):
        scores = DECODER(x)
    program = trace.program({"scores": scores})
    random = np.random.default_rng(0)
    tree = {value.name: random.normal(size=value.shape).astype("f4") * 0.4 for value in program.parameters}
    network = TorchDecoder(DECODER).eval()
    known = dict(network.named_parameters())
    with torch.no_grad():
        for name, array in tree.items():
            place, transposed = torch_name(name)
            known.pop(place).copy_(torch.tensor(array.T if transposed else array))
    assert not known
    tokens = random.integers(0, 13, (2, 16)).astype(np.int32)
    ours = compile_numpy(program).run(tree, {"x": tokens})["scores"]
    with torch.no_grad():
        theirs = network(torch.tensor(tokens.astype(np.int64))).numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
        kept: list[list[Any]] = [[], []]
        for place in range(16):
            one = network(torch.tensor(tokens[:, place : place + 1].astype(np.int64)), place, kept)
            np.testing.assert_allclose(one[:, 0].numpy(), theirs[:, place], rtol=1e-4, atol=1e-4)
