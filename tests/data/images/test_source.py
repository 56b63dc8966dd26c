"""Image sources: in memory or streamed, the same examples in one order; errors name the file."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import chainrule
from chainrule import nn
from chainrule.data import ImageSource, MemorySource, feed, image_source, open_images, read_pixels
from chainrule.errors import ConfigError, DataError


@pytest.fixture
def images(picture, tmp_path):
    for number in range(30):
        picture(f"{'abc'[number // 10]}/{number}.png", (5 + number % 3, 6))
    return open_images(tmp_path / "set")


def streamed(images, size=(4, 4), chunk=7, readers=2) -> ImageSource:
    rows = np.arange(len(images))
    x = size[0] * size[1] * 3
    return ImageSource(images, rows, size, 3, images.class_numbers(), chunk * (x + 8), readers)


def test_small_sets_are_kept_in_memory_and_larger_ones_are_streamed(images):
    rows = np.arange(30)
    assert isinstance(image_source(images, rows, (4, 4), 3), MemorySource)
    assert isinstance(image_source(images, rows, (4, 4), 3, memory_bytes=30 * 48 - 1), ImageSource)
    assert isinstance(image_source(images, rows, (4, 4), 3, memory_bytes=30 * 48), MemorySource)


def test_streamed_and_in_memory_give_the_same_batches(images):
    """So the size of the memory decides nothing but speed."""
    memory = image_source(images, np.arange(30), (4, 4), 3)
    for epoch in (0, 3):
        batches = [
            [
                (part.arrays["x"][rows], part.arrays["y"][rows])
                for part in feed(source, 4, 9, epoch, lambda chunk: chunk.arrays)
                for rows in part.order
            ]
            for source in (memory, streamed(images))
        ]
        assert len(batches[0]) == len(batches[1]) == 8
        for (x, y), (other_x, other_y) in zip(*batches, strict=True):
            assert np.array_equal(x, other_x)
            assert np.array_equal(y, other_y)


def test_a_model_trained_on_either_has_the_same_weights(images):
    memory = image_source(images, np.arange(30), (4, 4), 3)
    weights = []
    for source in (memory, streamed(images, readers=1), streamed(images, readers=3)):
        model = nn.Sequential([nn.Flatten(), nn.Dense(3)])
        run = chainrule.train(model, source, loss="cross_entropy", epochs=3, batch_size=8, progress=False)
        weights.append({name: np.asarray(value) for name, value in run.parameters.items()})
    for other in weights[1:]:
        for name, value in weights[0].items():
            assert np.array_equal(value, other[name])


def test_a_folder_sorted_by_class_gives_mixed_chunks(images):
    for chunk in streamed(images, chunk=10).chunks(1, 0):
        assert len(np.unique(chunk.arrays["y"][chunk.order])) > 1


def test_some_rows_with_the_classes_of_a_run(images):
    source = image_source(images, np.array([29, 0]), (4, 4), 1, classes=("c", "b", "a"))
    chunk = next(iter(source.chunks(None, 0)))
    assert chunk.arrays["y"].tolist() == [0, 2]
    assert np.array_equal(chunk.arrays["x"], read_pixels(images, np.array([29, 0]), (4, 4), 1))
    with pytest.raises(DataError, match="has the unknown label 'c'"):
        image_source(images, np.array([29, 0]), (4, 4), 1, classes=("a", "b"))


def test_arrays_are_resized_like_files(images):
    pixels = read_pixels(images, np.array([0, 3]), (5, 6), 3)
    arrays = open_images((pixels, ["a", "b"]), labelled=False)
    for size, channels in (((5, 6), 3), ((3, 3), 3), ((4, 9), 1)):
        found = read_pixels(arrays, np.arange(2), size, channels)
        assert np.array_equal(found, read_pixels(images, np.array([0, 3]), size, channels))


def test_what_breaks_while_it_streams_is_named_and_ends_it(images):
    """Whoever is first: the error comes in the place of its chunk."""
    rows = [int(chunk.arrays["y"][0]) for chunk in streamed(images).chunks(None, 0)]
    Path(images.paths[8]).write_bytes(b"x")
    Path(images.paths[29]).unlink()
    for readers in (1, 4):
        done = []
        with pytest.raises(DataError, match=r"a/8\.png is not an image"):
            done += [len(done) for _ in streamed(images, readers=readers).chunks(None, 0)]
        chunks = streamed(images, readers=readers).chunks(None, 0)
        assert next(chunks).arrays["y"][0] == rows[0]
        with pytest.raises(DataError, match=r"a/8\.png"):
            next(chunks)
    with pytest.raises(DataError, match=r"29\.png: no such file"):
        list(streamed(images).chunks(None, 0, 4))


def test_memory_is_bounded_by_chunks(picture, tmp_path):
    for number in range(40):
        picture(f"{number % 2}/{number}.png", (2, 2))
    images = open_images(tmp_path / "set")
    source = ImageSource(images, np.arange(40), (64, 64), 3, None, chunk_bytes=2 * 64 * 64 * 3, readers=2)
    next(iter(source.chunks(0, 0)))  # imports what decodes
    tracemalloc.start()
    for _ in source.chunks(0, 0):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * 2 * 64 * 64 * 3  # of 20 chunks, and what decodes


@pytest.mark.parametrize("size", [(0, 4), (4,), (4.0, 4), (True, 4)])
def test_sizes_out_of_range(images, size):
    with pytest.raises(ConfigError, match=r"size is .*; give \(height, width\)"):
        image_source(images, np.arange(3), size, 3)


def test_no_rows_and_other_channels(images):
    with pytest.raises(DataError, match="there are no images to take"):
        image_source(images, np.arange(0), (4, 4), 3)
    with pytest.raises(ConfigError, match="channels is 2"):
        image_source(images, np.arange(3), (4, 4), 2)


def test_targets_of_any_shape_stream_beside_images_that_are_kept_whole(images):
    rows = np.arange(30)
    boxes = np.random.default_rng(0).normal(size=(30, 2, 5)).astype(np.float32)
    memory = image_source(images, rows, (6, 8), 3, y=boxes, fit="frame")
    stream = image_source(images, rows, (6, 8), 3, y=boxes, fit="frame", memory_bytes=1)
    assert isinstance(stream, ImageSource)
    assert stream.fields["y"].shape == (2, 5)
    x = read_pixels(images, rows, (6, 8), 3, "frame")
    for source in (memory, stream):
        (chunk,) = source.chunks(None, 0)
        np.testing.assert_array_equal(chunk.arrays["y"][chunk.order], boxes)
        np.testing.assert_array_equal(chunk.arrays["x"][chunk.order], x)
