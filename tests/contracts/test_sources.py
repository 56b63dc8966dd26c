"""What every source promises: fields, every example once an epoch, one order for any number of readers."""

import os
import threading
from itertools import islice

import numpy as np
import pytest
from tests.contracts.sources import CASES, CHUNK_BYTES, EXAMPLES

from chainrule.data import Chunk, Source


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def visited(case, chunks) -> list[int]:
    return [int(number) for chunk in chunks for number in who(case, chunk)]


def who(case, chunk) -> np.ndarray:
    """The numbers of a chunk's examples."""
    return case.who({name: array[chunk.order] for name, array in chunk.arrays.items()})


def contents(chunks) -> list[tuple[int, dict[str, np.ndarray]]]:
    return [(c.number, {name: array[c.order] for name, array in c.arrays.items()}) for c in chunks]


def assert_same(left, right):
    assert [number for number, _ in left] == [number for number, _ in right]
    for (_, first), (_, second) in zip(left, right, strict=True):
        for name in first:
            assert np.array_equal(first[name], second[name])


def test_it_is_a_source_with_the_fields_of_its_examples(case, tmp_path):
    source = case.make(tmp_path, case.known(), 1)
    assert isinstance(source, Source)
    arrays = case.known()
    fields = source.fields
    assert {name: field.dtype for name, field in fields.items()} == {
        n: a.dtype.name for n, a in arrays.items()
    }
    for name, array in arrays.items():
        assert int(np.prod(fields[name].shape)) == int(np.prod(array.shape[1:]))
    assert source.examples in (EXAMPLES, None)


def test_every_example_is_visited_once_an_epoch_with_what_belongs_to_it(case, tmp_path):
    arrays = case.known()
    source = case.make(tmp_path, arrays, 2)
    for epoch in (0, 1, 5):
        chunks = list(source.chunks(3, epoch))
        assert sorted(visited(case, chunks)) == list(range(EXAMPLES))
        assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
        for chunk in chunks:
            assert chunk.order.dtype == np.int64
            numbers = who(case, chunk)
            for name, array in arrays.items():
                given = chunk.arrays[name][chunk.order]
                assert given.dtype == array.dtype
                assert np.array_equal(given.reshape(len(chunk), -1), array[numbers].reshape(len(chunk), -1))


def test_the_order_depends_on_seed_and_epoch_and_none_leaves_it_as_it_stands(case, tmp_path):
    source = case.make(tmp_path, case.known(), 1)
    assert visited(case, source.chunks(None, 4)) == list(range(EXAMPLES))
    first = visited(case, source.chunks(1, 1))
    assert visited(case, source.chunks(1, 1)) == first
    assert visited(case, source.chunks(1, 2)) != first
    assert visited(case, source.chunks(2, 1)) != first


def test_any_number_of_readers_gives_the_same_chunks(case, tmp_path):
    one = contents(case.make(tmp_path, case.known(), 1).chunks(7, 2))
    for readers in (2, 4):
        assert_same(contents(case.make(tmp_path, case.known(), readers).chunks(7, 2)), one)


def test_starting_later_is_skipping(case, tmp_path):
    source = case.make(tmp_path, case.known(), 4)
    whole = contents(source.chunks(7, 2))
    for start in (0, 1, 5, len(whole) - 1, len(whole), len(whole) + 3):
        assert_same(contents(source.chunks(7, 2, start)), whole[start:])


def test_chunks_are_small_and_of_one_number_of_rows(case, tmp_path):
    """So the memory is bounded, and executors plan a step once for all chunks."""
    if case.whole:
        pytest.skip("arrays in memory are one chunk")
    source = case.make(tmp_path, case.known(), 1)
    rows = {len(array) for chunk in source.chunks(0, 0) for array in chunk.arrays.values()}
    assert len(rows) == 1
    for chunk in source.chunks(0, 0):
        assert sum(array.nbytes for array in chunk.arrays.values()) <= CHUNK_BYTES


def test_readers_do_not_run_away(case, tmp_path):
    """While one chunk is in use, at most as many as there are readers are read ahead of it."""
    if not case.reads:
        pytest.skip("one thread reads")
    for readers in (1, 2, 4):
        source = case.make(tmp_path, case.known(), readers)
        begun: list[int] = []
        read = type(source)._read

        def counting(self, number, *rest, begun=begun, read=read):
            begun.append(number)
            return read(self, number, *rest)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(source), "_read", counting)
            for taken, _ in enumerate(islice(source.chunks(0, 0), 6), start=1):
                pause()
                assert len(begun) <= taken + readers
        assert reading() == []


def test_ending_early_leaves_no_thread(case, tmp_path):
    source = case.make(tmp_path, case.known(), 4)
    chunks = source.chunks(0, 0)
    assert isinstance(next(chunks), Chunk)
    chunks.close()
    assert reading() == []
    dropped = source.chunks(0, 0)
    next(dropped)
    del dropped
    assert reading() == []


def test_two_may_read_at_once(case, tmp_path):
    source = case.make(tmp_path, case.known(), 2)
    pairs = list(zip(source.chunks(1, 0), source.chunks(1, 0), strict=True))
    assert_same(contents(first for first, _ in pairs), contents(second for _, second in pairs))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # of later Pythons: it is what is tested
def test_a_fork_amid_reading_hangs_nobody(case, tmp_path):
    source = case.make(tmp_path, case.known(), 4)
    chunks = source.chunks(1, 0)
    first = next(chunks)
    child = os.fork()
    if child == 0:  # reads anew, and drops what its parent had begun
        code = 1
        try:
            again = visited(case, source.chunks(1, 0))
            del chunks
            code = 0 if sorted(again) == list(range(EXAMPLES)) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sorted(visited(case, [first, *chunks])) == list(range(EXAMPLES))


def test_its_fingerprint_is_of_its_examples(case, tmp_path):
    same, other = tmp_path / "same", tmp_path / "other"
    same.mkdir()
    other.mkdir()
    print_of = case.make(tmp_path, case.known(), 1).fingerprint()
    assert case.make(same, case.known(), 4).fingerprint() == print_of
    changed = case.known()
    changed["x.right" if "x.right" in changed else "x"][7] ^= 1
    assert case.make(other, changed, 1).fingerprint() != print_of


def reading() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "chainrule reader"]


def pause() -> None:
    threading.Event().wait(0.01)
