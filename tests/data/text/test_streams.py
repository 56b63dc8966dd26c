"""Streams of tokens and their windows: each token once an epoch, the same by any number of readers."""

from pathlib import Path

import numpy as np
import pytest

from chainrule.data.text.streams import FiledTokens, HeldTokens, TokenWindows, stream_of, text_parts
from chainrule.errors import DataError


def rows_of(windows: TokenWindows, seed: int | None, epoch: int, start: int = 0) -> np.ndarray:
    chunks = list(windows.chunks(seed, epoch, start))
    return np.concatenate([chunk.arrays["x"][chunk.order] for chunk in chunks])


def windows(tokens: int = 4001, **more) -> TokenWindows:
    stream = HeldTokens(np.arange(tokens, dtype=np.int32))
    return TokenWindows(stream, 0, tokens, **({"context": 10, "most": 10_000, "chunk_windows": 90} | more))


def test_the_next_tokens_are_the_targets():
    for chunk in windows().chunks(3, 1):
        assert np.array_equal(chunk.arrays["x"][chunk.order] + 1, chunk.arrays["y"][chunk.order])


def test_an_epoch_has_each_window_once_from_another_place_each_time():
    firsts = []
    for epoch in range(3):
        rows = rows_of(windows(), 7, epoch)
        assert rows.shape == (399, 10)
        ordered = rows[np.argsort(rows[:, 0])]
        assert np.array_equal(np.diff(ordered[:, 0]), np.full(398, 10))
        firsts.append(int(ordered[0, 0]))
        assert not np.array_equal(rows, ordered)
    assert len(set(firsts)) > 1
    assert np.array_equal(rows_of(windows(), None, 0)[:, 0], np.arange(399) * 10)


def test_long_streams_are_gone_through_in_several_epochs():
    source = windows(most=100)
    assert source.examples == 100
    seen = [rows_of(source, 1, epoch) // 10 for epoch in range(3)]
    numbers = [set(rows[:, 5].tolist()) for rows in seen]
    assert all(len(each) == 100 for each in numbers)


def test_chunks_are_the_same_by_any_number_of_readers_and_from_any_start():
    one, four = (rows_of(windows(readers=readers), 5, 2) for readers in (1, 4))
    assert np.array_equal(one, four)
    assert np.array_equal(rows_of(windows(), 5, 2, start=2), one[180:])


def test_short_texts_are_named():
    with pytest.raises(DataError, match="a text of 15 tokens has no window of 10 and one more"):
        windows(15)


def test_a_stream_in_a_file_reads_as_one_in_memory():
    random = np.random.default_rng(0)
    parts = [random.integers(0, 300, size) for size in (5, 0, 700, 90)]
    held, filed = stream_of(parts, 300), stream_of(parts, 300, in_memory=100)
    assert isinstance(held, HeldTokens)
    assert isinstance(filed, FiledTokens)
    assert len(held) == len(filed) == 795
    assert held.dtype == filed.dtype == np.uint16
    assert np.array_equal(held.read(3, 790), filed.read(3, 790))
    one, other = (TokenWindows(each, 0, 795, 8, 1000) for each in (held, filed))
    assert one.fingerprint() == other.fingerprint()
    assert np.array_equal(rows_of(one, 1, 1), rows_of(other, 1, 1))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 100])
def test_parts_of_a_text_never_cut_a_character(size: int, tmp_path: Path):
    text = "añ€😀z" * 5
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert "".join(text_parts(tmp_path / "a.txt", size)) == text


def test_a_byte_order_mark_is_no_text(tmp_path: Path):
    (tmp_path / "a.txt").write_bytes("\ufeffone\ufeff".encode())
    assert "".join(text_parts(tmp_path / "a.txt")) == "one\ufeff"


@pytest.mark.parametrize("content", [b"abc\xff", b"ab\xe2\x82", b"\x80abc"])
def test_what_is_not_utf_8_is_named_with_its_byte(content: bytes, tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DataError, match=r"is not UTF-8: the byte at offset [023] doesn't belong"):
        list(text_parts(tmp_path / "a.txt"))
