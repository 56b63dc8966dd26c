"""Fingerprints are the same for the same data, and others for all others."""

import numpy as np
import pytest

from chainrule.data import Arrays
from chainrule.training import fingerprint as module
from chainrule.training.fingerprint import differing_data, fingerprint


def of(array: np.ndarray) -> dict[str, str]:
    return fingerprint(Arrays.of(array), None)


@pytest.mark.parametrize("size", [1, 5, 8, 16, 17, 40])
def test_any_byte_and_any_order_makes_another(size, monkeypatch):
    """Also where the array is hashed in pieces."""
    monkeypatch.setattr(module, "_PIECE", 8)
    array = np.arange(size, dtype=np.uint8)
    seen = {of(array)["training examples"]}
    for place in range(size):
        other = array.copy()
        other[place] ^= 128
        seen.add(of(other)["training examples"])
    assert len(seen) == size + 1
    swapped = np.roll(array, 8)
    assert (of(swapped) == of(array)) == np.array_equal(swapped, array)


def test_memory_order_and_byte_order_make_no_difference():
    array = np.arange(6.0).reshape(2, 3)
    assert of(np.asfortranarray(array)) == of(array)
    assert of(array.astype(">f8")) == of(array)
    assert of(np.repeat(array, 2, axis=1)[:, ::2]) == of(array)


@pytest.mark.parametrize(
    "other",
    [
        np.zeros((3, 2)),
        np.zeros(6),
        np.zeros((2, 3), np.float32),
        np.zeros((2, 3), np.int64),
        np.zeros((0, 3)),
    ],
)
def test_dtype_and_shape_count(other):
    assert of(other) != of(np.zeros((2, 3)))


def test_what_differs_is_named_with_what_it_was_and_is():
    x, y = np.zeros((4, 2)), np.arange(4)
    whole = fingerprint(Arrays.of(x, y), Arrays.of(x, y))
    assert list(whole) == [f"{a} {b}" for a in ("training", "validation") for b in ("examples", "targets")]
    assert differing_data(whole, whole) == []
    assert differing_data(whole, fingerprint(Arrays.of(x, y[::-1]), Arrays.of(x, y))) == ["training targets"]
    weighted = fingerprint(Arrays.of(x, y, np.ones(4)), Arrays.of(x[:3], y))
    assert differing_data(whole, weighted) == [
        "validation examples (float64 (4, 2) then, float64 (3, 2) now)",
        "training sample weights (none then, float64 (4,) now)",
    ]


def test_it_is_the_same_on_every_machine_and_in_every_release():
    """Written down once: checkpoints of others are compared with it."""
    import hashlib

    content = np.arange(3, dtype="<i4").tobytes()
    once = hashlib.blake2b(content, digest_size=16).digest()
    expected = f"int32 (3,) {hashlib.blake2b(once, digest_size=16).hexdigest()}"
    assert of(np.arange(3, dtype=np.int32)) == {"training examples": expected}


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_bytes_count_as_the_numbers_that_programs_make_of_them(dtype: str) -> None:
    """A checkpoint that was begun on the same images as floats goes on."""
    x = np.random.default_rng(0).integers(0, 256, (3, 1 << 21)).astype(np.uint8)  # of several pieces
    y = np.arange(3, dtype=np.uint8)
    found = fingerprint(Arrays.of(x, y), None, dtype)
    assert found == fingerprint(Arrays.of(x.astype(dtype), y), None)
    assert found["training examples"].startswith(f"{dtype} (3, 2097152) ")
    x[2, -1] += 1
    assert fingerprint(Arrays.of(x, y), None, dtype) != found
