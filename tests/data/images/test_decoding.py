"""Every kind of image becomes upright pixels of 8 bits; what is no image gets one line with its path."""

import os
import re
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chainrule.data import read_image
from chainrule.data.images.decoding import decoded, quietly, read_header
from chainrule.errors import ConfigError, DataError


def test_colours_and_grey_as_they_are(tmp_path, draw):
    colours = draw.integers(0, 256, (4, 5, 3)).astype(np.uint8)
    Image.fromarray(colours).save(tmp_path / "a.png")
    Image.fromarray(colours[..., 0]).save(tmp_path / "b.png")
    assert np.array_equal(read_image(tmp_path / "a.png", 3), colours)
    assert np.array_equal(read_image(tmp_path / "b.png", 1), colours[..., :1])
    assert np.array_equal(read_image(tmp_path / "b.png", 3), np.repeat(colours[..., :1], 3, axis=2))
    luma = colours @ [0.299, 0.587, 0.114]
    assert np.abs(read_image(tmp_path / "a.png", 1)[..., 0] - luma).max() <= 1


def test_transparent_pixels_lie_on_white(tmp_path):
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, 0], pixels[0, :, 3] = 200, (0, 255, 51)  # a fifth of 200 and four fifths of 255: 244
    Image.fromarray(pixels).save(tmp_path / "a.png")
    found = read_image(tmp_path / "a.png", 3)
    assert found[0, :2].tolist() == [[255, 255, 255], [200, 0, 0]]
    assert np.abs(found[0, 2].astype(int) - [244, 204, 204]).max() <= 1
    grey = Image.fromarray(np.array([[7, 90]], np.uint8))
    grey.save(tmp_path / "key.png", transparency=7)
    assert read_image(tmp_path / "key.png", 1).ravel().tolist() == [255, 90]
    assert read_header(str(tmp_path / "key.png")).transparent


def test_of_sixteen_bits_the_upper_eight_are_kept(tmp_path):
    deep = np.array([[0, 255, 256, 65535, 0x1234]], np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.png")
    Image.fromarray(deep).save(tmp_path / "a.tif")
    (tmp_path / "a.pgm").write_bytes(b"P5 5 1 65535\n" + deep.astype(">u2").tobytes())
    for name in ("a.png", "a.tif", "a.pgm"):
        assert read_image(tmp_path / name, 1).ravel().tolist() == [0, 0, 1, 255, 0x12]
        assert read_header(str(tmp_path / name)).deep


@pytest.mark.parametrize("values", [np.ones((2, 2), np.float32), np.ones((2, 2), np.int32)])
def test_numbers_of_unknown_range_are_refused(tmp_path, values):
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match=r"a\.tif holds .* where black and white lie is not known"):
        read_image(tmp_path / "a.tif", 1)


def test_palettes_cmyk_and_one_bit(tmp_path, draw):
    image = Image.fromarray(draw.integers(0, 256, (4, 4, 3)).astype(np.uint8))
    palette = image.quantize(16)
    palette.save(tmp_path / "a.gif")
    assert np.array_equal(read_image(tmp_path / "a.gif", 3), np.asarray(palette.convert("RGB")))
    assert not read_header(str(tmp_path / "a.gif")).grey
    image.convert("L").convert("P").save(tmp_path / "grey.png")
    assert read_header(str(tmp_path / "grey.png")).grey
    image.convert("CMYK").save(tmp_path / "a.tif")
    assert np.abs(read_image(tmp_path / "a.tif", 3).astype(int) - np.asarray(image)).max() <= 1
    Image.fromarray(np.eye(3, dtype=bool)).save(tmp_path / "bit.png")
    assert np.array_equal(read_image(tmp_path / "bit.png", 1)[..., 0], 255 * np.eye(3))


def test_of_an_animation_the_first_frame(tmp_path):
    frames = [Image.new("RGB", (3, 3), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_image(tmp_path / "a.gif", 3)[0, 0].tolist() == [255, 0, 0]
    assert read_header(str(tmp_path / "a.gif")).animated


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_as_exif_says(tmp_path, orientation):
    """The rows and columns of the stored pixels that are the top and left of the image: EXIF 2.3, 4.6.4."""
    upright = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: upright.T[::-1],
        7: upright.T[::-1, ::-1],
        8: upright.T[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_image(tmp_path / "a.png", 1)[..., 0], upright)
    assert read_header(str(tmp_path / "a.png")).size == (2, 3)


def test_scaled_and_cropped_while_it_is_decoded(tmp_path, draw):
    """As Pillow scales the whole; large JPEG files are halved by their decoder first, and look the same."""
    image = Image.fromarray(draw.integers(0, 256, (6, 6, 3)).astype(np.uint8)).resize((1280, 800))
    image.save(tmp_path / "a.png")
    image.save(tmp_path / "a.jpg", quality=95)
    oracle = np.asarray(image.resize((80, 50), Image.Resampling.BILINEAR))[:, 15:65]
    for name, most in (("a.png", 0), ("a.jpg", 6)):
        found = decoded(str(tmp_path / name), 3, (50, 50))
        assert found.shape == (50, 50, 3)
        assert np.abs(found.astype(int) - oracle).max() <= most
    assert decoded(str(tmp_path / "a.png"), 1, (2, 9)).shape == (2, 9, 1)


def png(width: int, height: int, rest: bytes = b"") -> bytes:
    """A PNG file whose header says this size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + zlib.crc32(kind + content).to_bytes(4)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + (rest or chunk(b"IDAT", zlib.compress(b"")))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"<html>not found</html>", "is not an image of a known kind"),
        (png(100_000, 100_000), "has .* pixels, which may be a decompression bomb"),
        (png(12_000, 9_000), "has .* pixels, which may be a decompression bomb"),
        (png(4, 4)[:30], "is (damaged|truncated|not an image)"),
        (png(4, 4), "is (damaged|truncated)"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not an image of a known kind"),
    ],
)
def test_what_is_no_image_is_told_in_one_line(tmp_path, content, message):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"^{re.escape(str(path))} {message}") as caught:
        read_image(path, 3)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "bmp", "webp", "tif", "ppm"])
def test_truncated_files_and_damaged_bytes_end_in_an_error_or_in_pixels(suffix, picture, draw):
    """Whatever a decoder does with them, nothing but DataError comes out."""
    path = Path(picture(f"a.{suffix}", (40, 40)))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=rf"a\.{suffix} is (truncated|damaged|not an image)"), quietly():
        read_header(str(path), whole=True)
    for _ in range(60):
        content = bytearray(whole)
        for place in draw.integers(0, min(len(content), 400), 4):
            content[place] = draw.integers(0, 256)
        path.write_bytes(content)
        with suppress(DataError):
            assert read_image(path, 3).dtype == np.uint8


def test_missing_and_unreadable_files(tmp_path):
    with pytest.raises(DataError, match=r"gone\.png: no such file"):
        read_image(tmp_path / "gone.png", 3)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(DataError, match=r"folder\.png can't be read: Is a directory"):
        read_image(tmp_path / "folder.png", 3)
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(DataError, match=r"pipe\.png is a pipe, a socket or a device, and no file"):
        read_image(tmp_path / "pipe.png", 3)


def test_names_that_are_not_utf_8(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")
    Path(path).write_bytes(b"x")
    with pytest.raises(DataError, match=r"caf\\udce9\.png is not an image") as caught:
        read_image(path, 3)
    str(caught.value).encode("utf-8")


def test_other_channels_are_refused(picture):
    with pytest.raises(ConfigError, match="channels is 4; give 1 for grey or 3 for RGB"):
        read_image(picture("a.png"), 4)
