"""Attention and layer normalization as single instructions: where they read and write, and what they need."""

from collections.abc import Mapping

import numpy as np
import pytest
from tests.executors.native.plans import kinds, nodes

from chainrule.backprop import differentiate
from chainrule.executors.native import compile_native, schedule
from chainrule.executors.native import executor as native
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Program, Tensor, Trace
from chainrule.program import functions as f


def heads_of(x: Tensor, part: int, heads: int) -> Tensor:
    """A third of the last axis of (batch, time, 3 · width) as (batch, heads, time, width / heads)."""
    batch, time, width = *x.shape[:2], x.shape[2] // 3
    return x[..., part * width : (part + 1) * width].reshape(batch, time, heads, -1).transpose(0, 2, 1, 3)


def of_heads(
    batch: int, time: int, width: int, heads: int, *, masked: bool = False, causal: bool = True
) -> Program:
    """Self-attention of all heads put together, with its delta by x."""
    trace = Trace()
    x = trace.input("x", (batch, time, 3 * width))
    mask = trace.input("mask", (batch, time), "bool").reshape(batch, 1, 1, time) if masked else None
    q, k, v = (heads_of(x, part, heads) for part in range(3))
    y = f.attention(q, k, v, mask=mask, causal=causal).transpose(0, 2, 1, 3).reshape(batch, time, width)
    deltas = differentiate((y * f.sin(y)).sum(), [x])
    return trace.program({"y": y, "d_x": deltas[x.value]})


def results(program: Program, given: Mapping[str, np.ndarray], threads: int) -> dict[str, np.ndarray]:
    return compile_native(program, threads).run({}, given)


def agree(program: Program, given: Mapping[str, np.ndarray]) -> None:
    """With NumPy, and with themselves on more threads, to the bit."""
    wanted = compile_numpy(program).run({}, given)
    first = results(program, given, 1)
    for name, array in wanted.items():
        scale = np.abs(array).max() if array.size else 0.0
        np.testing.assert_allclose(first[name], array, rtol=2e-5, atol=2e-5 * scale, err_msg=name)
    for threads in (2, 4):
        for name, array in results(program, given, threads).items():
            np.testing.assert_array_equal(array, first[name], err_msg=f"{name}, {threads} threads")


def test_heads_are_read_and_written_where_they_lie():
    found = kinds(of_heads(2, 6, 8, 2))
    assert "copy" not in found
    assert "fill" not in found
    assert (found.count("attention"), found.count("attention_adjoints")) == (1, 1)


@pytest.mark.parametrize("batch", [1, 2, 5])  # few examples are cut between heads, too
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_chunks_and_threads_keep_the_bits(batch: int, masked: bool, causal: bool, monkeypatch):
    monkeypatch.setattr(schedule, "SMALL_FLOPS", 0)
    monkeypatch.setattr(schedule, "chunk_count", lambda extent: max(1, min(4, extent)))
    random = np.random.default_rng(0)
    given = {"x": random.normal(size=(batch, 45, 24)).astype("f4")}  # two blocks of queries
    if masked:
        given["mask"] = random.random((batch, 45)) < 0.7
    agree(of_heads(batch, 45, 8, 4, masked=masked, causal=causal), given)


def test_queries_over_another_sequence_have_adjoints_of_their_own():
    trace = Trace()
    q, k, v = trace.input("q", (3, 5, 4)), trace.input("k", (3, 7, 4)), trace.input("v", (3, 7, 6))
    y = f.attention(q, k, v)
    deltas = differentiate((y * y).sum(), [q, k, v])
    outputs = {"y": y} | {t.value.name: deltas[t.value] for t in (q, k, v)}
    random = np.random.default_rng(1)
    given = {t.value.name: random.normal(size=t.shape).astype("f4") for t in (q, k, v)}
    agree(trace.program(outputs), given)


def test_one_query_for_all_places_is_spread():
    trace = Trace()
    query, x = trace.input("query", (4,)), trace.input("x", (6, 5, 4))
    y = f.attention(f.broadcast_to(query, (6, 5, 4)), x, x.transpose(0, 2, 1).reshape(6, 5, 4))
    deltas = differentiate((y * y).sum(), [query, x])
    random = np.random.default_rng(1)
    given = {t.value.name: random.normal(size=t.shape).astype("f4") for t in (query, x)}
    agree(trace.program({"y": y} | {t.value.name: deltas[t.value] for t in (query, x)}), given)


def test_many_axes_before_the_last_two():
    trace = Trace()
    x = trace.input("x", (2, 1, 2, 1, 2, 2, 3, 4))
    mask = trace.input("mask", (2, 1, 1, 1, 1, 1, 1, 3), "bool")
    y = f.attention(x, x, x * 2.0, mask=mask)
    program = trace.program({"y": y, "d_x": differentiate((y * y).sum(), [x])[x.value]})
    random = np.random.default_rng(2)
    agree(program, {"x": random.normal(size=x.shape).astype("f4"), "mask": random.random(mask.shape) < 0.6})


def test_a_negative_scale_turns_the_scores_round():
    trace = Trace()
    x = trace.input("x", (9, 4))
    agree(
        trace.program({"y": f.attention(x, x, x, scale=-0.7)}),
        {"x": np.random.default_rng(3).normal(size=(9, 4)).astype("f4")},
    )


def test_no_matrix_of_all_scores_is_ever_written():
    time = 2048
    program = of_heads(1, time, 8, 1)
    draft = native.draft_plan(native.expand(program, native.runs_whole), None)
    assert draft.placed.layout.size < 4 * time * time / 8


def test_both_adjoints_of_a_normalization_are_one_instruction():
    trace = Trace()
    x, scale, shift = (
        trace.input("x", (70, 12)),
        trace.parameter("scale", (12,)),
        trace.parameter("shift", (12,)),
    )
    y = f.layer_norm(x, scale, shift)
    deltas = differentiate((y * f.sin(y)).sum(), [x, scale, shift])
    program = trace.program({t.value.name: deltas[t.value] for t in (x, scale, shift)})
    assert len(nodes(program, "layer_norm_adjoints")) == 1
    assert len(nodes(program, "layer_norm")) == 1


@pytest.mark.parametrize("shape", [(7,), (70, 12), (3, 5, 40), (5, 9001)])
def test_normalization_keeps_its_bits(shape: tuple[int, ...], monkeypatch):
    monkeypatch.setattr(schedule, "SMALL_FLOPS", 0)
    monkeypatch.setattr(schedule, "chunk_count", lambda extent: max(1, min(4, extent)))
    trace = Trace()
    x, scale, shift = (
        trace.input(name, of) for name, of in (("x", shape), ("s", shape[-1:]), ("t", shape[-1:]))
    )
    y = f.layer_norm(x, scale, shift)
    deltas = differentiate((y * f.sin(y)).sum(), [x, scale, shift])
    outputs = {"y": y} | {f"d_{t.value.name}": deltas[t.value] for t in (x, scale, shift)}
    random = np.random.default_rng(4)
    given = {t.value.name: random.normal(size=t.shape).astype("f4") for t in (x, scale, shift)}
    agree(trace.program(outputs), given)
