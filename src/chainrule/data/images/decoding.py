"""Decoding image files to pixels of 8 bits, grey or RGB, with Pillow."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.images.places import check_is_file
from chainrule.data.images.resizing import resized
from chainrule.errors import ConfigError, DataError
from chainrule.paths import printable

if TYPE_CHECKING:
    from PIL import Image

Size = tuple[int, int]
"""(height, width) in pixels."""

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "PPM", "TIFF", "WEBP", "JPEG2000")
"""The formats that are decoded, by Pillow's names. Others, such as PostScript, would start other programs."""
MOST_PIXELS = 100_000_000
"""An image with more pixels counts as a decompression bomb. So many take 300 MB in RGB."""
CHANNELS = (1, 3)

_ORIENTATION = 0x0112  # tag of EXIF
_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")
_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_SIXTEEN_BITS = ("PNG", "PPM")  # whose mode I means 16 bits a pixel


@dataclass(frozen=True)
class Header:
    """What the header of an image file says.

    size: after EXIF's orientation is applied. format, mode: Pillow's names. grey: without colour.
    transparent: with an alpha channel or a transparent colour. deep: 16 bits per channel. animated: of
    several frames. orientation: EXIF's, from 1 to 8; 1 is upright.
    """

    size: Size
    format: str
    mode: str
    grey: bool
    transparent: bool
    deep: bool
    animated: bool
    orientation: int


def read_image(path: str | os.PathLike[str], channels: int) -> np.ndarray:
    """The pixels of an image file, upright.

    channels: 1 for grey, 3 for RGB. Colours become grey by ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B).
    Returns (height, width, channels) uint8. Transparency is blended with white. Of 16 bits per channel the
    upper eight are kept. CMYK, palettes and other colour models become RGB. Of an animation the first frame
    is read. EXIF's orientation is applied; colour profiles are not.
    Raises DataError, naming the file, if it is missing, unreadable, not an image in one of `FORMATS`,
    damaged, truncated, of more than `MOST_PIXELS` pixels, or of 32 bits per channel; ConfigError for other
    channels.
    """
    check_channels(channels)
    with quietly():
        return decoded(os.fspath(path), channels, checked=False)


def read_header(path: str, *, whole: bool = False) -> Header:
    """The header of an image file. Raises DataError as `read_image` does.

    whole: also decode the image, to check that it is not damaged.
    """
    with opened_image(path) as image:
        _check_depth(image, path)
        height, width = image.size[::-1]
        orientation = _orientation(image)
        header = Header(
            size=(width, height) if orientation >= 5 else (height, width),
            format=image.format or "",
            mode=image.mode,
            grey=image.mode in _GREY or _grey_palette(image),
            transparent=_is_transparent(image),
            deep=image.mode in _DEEP,
            animated=bool(getattr(image, "is_animated", False)),  # not every kind of file can be
            orientation=orientation,
        )
        if whole:
            image.load()
        return header


def decoded(path: str, channels: int, size: Size | None = None, *, checked: bool = True) -> np.ndarray:
    """The pixels as `read_image` gives them, `resized` if a size is given. Thread-safe.

    checked: whether `read_header` has read the file before, so that it is none that `opened_image` refuses.
    """
    with opened_image(path, checked=checked) as image:
        if size is not None and image.format == "JPEG" and _orientation(image) < 5:
            height, width = size  # libjpeg halves while it decodes, as long as twice the size is left
            image.draft(image.mode, (2 * width, 2 * height))
        plain = _upright(_plain(image, path, channels), _orientation(image))
        if size is not None:
            plain = resized(plain, size)
        return np.asarray(plain, np.uint8).reshape(plain.height, plain.width, channels)


@contextmanager
def quietly() -> Iterator[None]:
    """Within this context Pillow does not warn of faults outside the pixels, such as in EXIF data."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def check_channels(channels: int) -> None:
    """Raises ConfigError for a number of channels other than 1 and 3."""
    if channels not in CHANNELS or isinstance(channels, bool):
        raise ConfigError(f"channels is {channels!r}", remedy="give 1 for grey or 3 for RGB")


@contextmanager
def opened_image(path: str, *, checked: bool = False) -> Iterator["Image.Image"]:
    """The image in a file, its header read; any error within this context becomes a DataError on the file.

    checked: whether the path is known to be that of a file; a pipe would be waited for.
    """
    from PIL import Image

    shown = printable(path)
    try:
        if not checked:
            check_is_file(path)
        with Image.open(path, formats=FORMATS) as image:
            _check_pixels(image, shown)
            yield image
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{shown}: no such file", remedy="check the path") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(shown, f"more than {MOST_PIXELS:,} pixels") from None
    except Exception as error:  # noqa: BLE001 (what decoders raise on damaged files is any error)
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: Exception) -> DataError:
    from PIL import UnidentifiedImageError

    shown, again = printable(path), "copy or download it again, or remove it"
    reason = " ".join((str(error) or type(error).__name__).split())
    if isinstance(error, OSError) and error.strerror:
        return DataError(
            f"{shown} can't be read: {error.strerror}", remedy="check the file and its permissions"
        )
    if isinstance(error, UnidentifiedImageError):
        if not os.path.getsize(path):  # noqa: PTH202 (paths are text here)
            return DataError(f"{shown} is empty (0 bytes)", remedy=again)
        return DataError(
            f"{shown} is not an image of a known kind, or its beginning is damaged",
            remedy=f"save it as one of {', '.join(FORMATS)}, or remove it",
        )
    if "truncated" in reason.lower() or isinstance(error, EOFError):
        return DataError(f"{shown} is truncated: its end is missing", remedy=again)
    return DataError(f"{shown} is damaged: {printable(reason)}", remedy=again)


def _check_pixels(image: "Image.Image", shown: str) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise _too_large(shown, f"{height:,} × {width:,} pixels")


def _too_large(shown: str, what: str) -> DataError:
    return DataError(
        f"{shown} has {what}, which may be a decompression bomb",
        remedy=f"scale it down to at most {MOST_PIXELS:,} pixels, or remove it",
    )


def _orientation(image: "Image.Image") -> int:
    found = image.getexif().get(_ORIENTATION, 1)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _is_transparent(image: "Image.Image") -> bool:
    return image.mode in _ALPHA or "transparency" in image.info


def _grey_palette(image: "Image.Image") -> bool:
    if image.mode not in ("P", "PA") or image.palette is None:
        return False
    kind = image.palette.rawmode or image.palette.mode
    if kind not in ("RGB", "BGR", "RGBA", "RGBX", "BGRX"):
        return False
    stored = np.frombuffer(
        bytes(image.palette.palette), np.uint8
    )  # before it is decoded, hence as in the file
    colours = stored[: len(stored) // len(kind) * len(kind)].reshape(-1, len(kind))[:, :3]
    return bool((colours == colours[:, :1]).all())


def _plain(image: "Image.Image", path: str, channels: int) -> "Image.Image":
    """The image in mode L or RGB."""
    from PIL import Image

    mode = "L" if channels == 1 else "RGB"
    _check_depth(image, path)
    if image.mode in _DEEP:
        upper = np.asarray(image).astype(np.int64) >> 8
        return Image.fromarray(upper.astype(np.uint8)).convert(mode)
    if _is_transparent(image):
        above = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", above.size, "white"), above).convert(mode)
    if image.mode in (mode, "L", "RGB", "1"):
        return image.convert(mode)
    return image.convert("RGB").convert(mode)


def _check_depth(image: "Image.Image", path: str) -> None:
    unknown = {"F": "floating-point numbers", "I": "numbers of 32 bits"}.get(image.mode)
    if unknown and not (image.mode == "I" and image.format in _SIXTEEN_BITS):
        raise DataError(
            f"{printable(path)} holds {unknown}, and where black and white lie is not known",
            remedy="save it with 8 or 16 bits a channel",
        )


def _upright(image: "Image.Image", orientation: int) -> "Image.Image":
    from PIL.Image import Transpose

    ways: dict[int, Any] = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(ways[orientation]) if orientation in ways else image
