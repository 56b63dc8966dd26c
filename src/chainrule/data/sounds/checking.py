"""Sound files, checked before training: those that can't be used are left out and listed."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from chainrule.data.images.checking import threads
from chainrule.data.images.findings import left_out
from chainrule.data.images.folders import FileKind
from chainrule.data.sounds.decoding import read_sound
from chainrule.data.sounds.trimming import is_silent, loud_span
from chainrule.data.wording import counted
from chainrule.errors import DataError
from chainrule.paths import printable

SOUNDS = FileKind(
    "sound",
    (".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au"),
)
"""Files of sound, by their suffixes."""
SHORTEST = 0.02
"""Seconds. A shorter file is no sound that anybody could tell from another."""


@dataclass(frozen=True, eq=False)
class Checked:
    """Files whose sounds can be used.

    rows: (rows,) int64, their indices among the paths that were checked. rates: (rows,) int32, samples a
    second. spans: (rows, 2) int64, first sample and end of what is not silence. findings: sentences on what
    they are and what was left out. broken: for each file that was left out, what is wrong with it.
    """

    rows: np.ndarray
    rates: np.ndarray
    spans: np.ndarray
    findings: tuple[str, ...]
    broken: tuple[DataError, ...]


@dataclass(frozen=True)
class _Heard:
    rate: int
    channels: int
    bits: int
    samples: int
    span: tuple[int, int]

    @property
    def kept(self) -> float:
        """Seconds without the silence at the ends."""
        return (self.span[1] - self.span[0]) / self.rate


def check_sounds(paths: Sequence[str], trim: float) -> Checked:
    """Decode each file, and find where in it there is sound. trim: see `loud_span`.

    Raises ConfigError if the library for sounds is missing.
    """
    with ThreadPoolExecutor(threads()) as pool:
        found = list(pool.map(lambda path: _check(path, trim), paths))
    rows = [row for row, each in enumerate(found) if isinstance(each, _Heard)]
    heard = [each for each in found if isinstance(each, _Heard)]
    broken = tuple(each for each in found if isinstance(each, DataError))
    findings = _told(heard) if heard else []
    if broken:
        findings.append(left_out("sound", "that can't be used", [each.what for each in broken]))
    return Checked(
        np.array(rows, np.int64),
        np.array([each.rate for each in heard], np.int32),
        np.array([each.span for each in heard], np.int64).reshape(-1, 2),
        tuple(findings),
        broken,
    )


def _check(path: str, trim: float) -> _Heard | DataError:
    """What is known of a file, or what is wrong with it."""
    try:
        wave = read_sound(path)
    except DataError as error:
        return error
    count = len(wave.samples)
    if count < SHORTEST * wave.rate:
        return DataError(
            f"{printable(path)} has {counted(count, 'sample')}",
            remedy=f"give sounds of at least {SHORTEST:g} s",
        )
    if is_silent(wave.samples):
        return DataError(f"{printable(path)} is silent", remedy="record it again, or remove it")
    span = loud_span(wave.samples, wave.rate, trim)
    return _Heard(wave.rate, wave.channels, wave.bits, count, span)


def _told(heard: Sequence[_Heard]) -> list[str]:
    """Sentences on lengths and rates, and on what decoding changes."""
    lengths = sorted(each.kept for each in heard)
    rates = Counter(each.rate for each in heard)
    told = [
        f"{counted(len(heard), 'sound')} from {lengths[0]:.2f} to {lengths[-1]:.2f} s long "
        f"(median {lengths[len(lengths) // 2]:.2f} s), "
        + (f"{heard[0].rate:,} samples a second." if len(rates) == 1 else f"of {len(rates)} rates.")
    ]
    cut = [each for each in heard if each.span[1] - each.span[0] < each.samples]
    if cut:
        gone = sum(each.samples / each.rate - each.kept for each in cut) / len(cut)
        told.append(
            f"Silence is cut off at the ends of {counted(len(cut), 'sound')}, on average {gone:.2f} s."
        )
    if len(rates) > 1:
        most = ", ".join(f"{counted(count, 'sound')} of {rate:,}" for rate, count in rates.most_common(3))
        told.append(f"Samples a second differ ({most}{', …' if len(rates) > 3 else ''}).")
    several = sum(each.channels > 1 for each in heard)
    if several:
        told.append(f"{counted(several, 'sound')} of several channels: their mean is taken.")
    coarse = sum(each.bits == 8 for each in heard)
    if coarse:
        told.append(f"{counted(coarse, 'sound')} of 8 bits a sample, which may hiss.")
    return told
