"""Philox4x32-10 against the known answers of the Random123 distribution, and what programs draw with it."""

import numpy as np
import pytest

from chainrule.executors.numpy_ import compile_numpy
from chainrule.executors.numpy_.random_bits import philox, random_bits
from chainrule.program import Trace
from chainrule.program import functions as f

# kat_vectors of Random123: counter, key, answer.
KNOWN_ANSWERS = {
    "zeros": (
        "00000000 00000000 00000000 00000000",
        "00000000 00000000",
        "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    ),
    "ones": (
        "ffffffff ffffffff ffffffff ffffffff",
        "ffffffff ffffffff",
        "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ),
    "pi": ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
}


def words(text: str) -> np.ndarray:
    return np.array([int(word, 16) for word in text.split()], np.uint32)


@pytest.mark.parametrize("name", KNOWN_ANSWERS)
def test_known_answers(name: str):
    counter, key, answer = (words(text) for text in KNOWN_ANSWERS[name])
    np.testing.assert_array_equal(philox(counter[None], key), answer[None])


def test_counters_do_not_mix():
    counters = np.stack([words(counter) for counter, _, _ in KNOWN_ANSWERS.values()])
    _, key, answer = KNOWN_ANSWERS["pi"]
    together = philox(counters, words(key))
    np.testing.assert_array_equal(together[2], words(answer))
    for counter, row in zip(counters, together, strict=True):
        np.testing.assert_array_equal(philox(counter[None], words(key))[0], row)


def test_first_block_of_stream_zero_is_the_known_answer():
    found = random_bits(np.zeros(2, np.uint32), (2, 2), 0)
    np.testing.assert_array_equal(found.ravel(), words(KNOWN_ANSWERS["zeros"][2]))
    assert (found.shape, found.dtype) == ((2, 2), np.uint32)


def test_elements_count_blocks_and_stream_is_the_third_word():
    key = words("a4093822 299f31d0")
    drawn = random_bits(key, (11,), 0x13198A2E)
    counters = np.array([[block, 0, 0x13198A2E, 0] for block in range(3)], np.uint32)
    np.testing.assert_array_equal(drawn, philox(counters, key).ravel()[:11])


def test_a_longer_draw_begins_like_a_shorter_one():
    key = words("00000001 00000002")
    np.testing.assert_array_equal(random_bits(key, (5, 3), 7).ravel()[:9], random_bits(key, (9,), 7))


def test_streams_and_keys_differ():
    first = words("00000001 00000002")
    draws = [random_bits(key, (8,), stream) for key in (first, first[::-1]) for stream in (0, 1)]
    for i, draw in enumerate(draws):
        for other in draws[:i]:
            assert not (draw == other).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_is_uniform(dtype: str):
    trace = Trace()
    key = trace.state("key", (2,), "uint32")
    program = trace.program({"u": f.uniform(key, (100_000,), 0, dtype)})
    u = compile_numpy(program).run({"key": np.array([42, 0], np.uint32)}, {})["u"].astype(np.float64)
    assert u.min() >= 0
    assert u.max() < 1
    error = 1 / np.sqrt(12 * u.size)  # the standard error of the mean
    assert abs(u.mean() - 1 / 2) < 4 * error
    assert abs(u.var() - 1 / 12) < 4 * np.sqrt(1 / 180 / u.size)
    counts = np.histogram(u, 16, (0, 1))[0]
    assert np.sum((counts - u.size / 16) ** 2 / (u.size / 16)) < 37.7  # χ² of 15 degrees: one in a thousand
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 4 / np.sqrt(u.size)


def test_every_bit_is_set_half_the_time():
    bits = random_bits(np.array([1, 2], np.uint32), (20_000,), 3)
    share = np.array([((bits >> np.uint32(i)) & 1).mean() for i in range(32)])
    assert np.abs(share - 0.5).max() < 4.5 * 0.5 / np.sqrt(bits.size)
