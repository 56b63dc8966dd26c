"""Decoding sound files to waves of one channel, with libsndfile; another rate, with libsoxr."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from chainrule.data.images.places import check_is_file
from chainrule.errors import ConfigError, DataError
from chainrule.paths import printable

MOST_SECONDS = 600
"""Longer files are recordings that are to be cut first."""
_DEPTHS = {"PCM_U8": 8, "PCM_S8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}


@dataclass(frozen=True, eq=False)
class Wave:
    """A sound. samples: (samples,) float32, usually from -1 to 1; the mean of its channels.

    rate: samples a second. channels: of the file. bits: of a sample in the file; 0 where that says nothing,
    as in compressed ones.
    """

    samples: np.ndarray
    rate: int
    channels: int
    bits: int


def read_sound(path: str) -> Wave:
    """The sound in a file: WAV, FLAC, Ogg (Vorbis, Opus), MP3, AIFF or AU.

    Raises DataError, naming the file, if it is missing, damaged, empty, of another format, longer than
    `MOST_SECONDS`, or holds numbers that are not finite; ConfigError if the library soundfile is missing.
    """
    soundfile = library("soundfile")
    try:
        check_is_file(path)
        with soundfile.SoundFile(path) as file:
            frames, rate = file.frames, file.samplerate
            channels = file.read(MOST_SECONDS * rate, dtype="float32", always_2d=True)
            found = Wave(channels.mean(1), rate, file.channels, _DEPTHS.get(file.subtype, 0))
    except OSError as error:
        raise _unreadable(path, f"can't be read: {error.strerror}") from None
    except soundfile.LibsndfileError as error:
        what = error.error_string.strip().rstrip(".")
        raise _unreadable(path, f"is no sound that can be read ({what})") from None
    if frames > MOST_SECONDS * rate:
        raise _unreadable(path, f"lasts {frames / rate:,.0f} s", "cut it into single sounds")
    if len(channels) < frames:
        raise _unreadable(path, "ends before its header says", "copy it again")
    if not np.isfinite(found.samples).all():
        raise _unreadable(path, "holds numbers that are not finite")
    return found


def at_rate(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """A wave at another rate, (samples,) float32, low-passed where that is lower; see `library`."""
    if rate == wanted or not len(samples):
        return samples
    return library("soxr").resample(samples, rate, wanted)


def library(name: str) -> Any:
    """The library soundfile or soxr; raises ConfigError if it is not installed."""
    if find_spec(name) is None:
        raise ConfigError(
            f"sounds need the library {name}, which is not installed", remedy="pip install 'chainrule[sound]'"
        )
    if name == "soxr":
        import soxr

        return soxr
    import soundfile

    return soundfile


def _unreadable(path: str, what: str, remedy: str = "write it again as WAV or FLAC") -> DataError:
    return DataError(f"{printable(path)} {what}", remedy=remedy)
