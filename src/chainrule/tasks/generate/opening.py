"""Opening a text to learn to write: a file, a folder of text files, or a named text."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chainrule.data import NAMED_TEXTS, fetch_named
from chainrule.data.source import digest
from chainrule.data.text.folders import SUFFIX
from chainrule.data.text.streams import text_parts
from chainrule.errors import ConfigError, DataError
from chainrule.paths import printable
from chainrule.tasks.task import Say, say_nothing

TARGET = "next token"


@dataclass(frozen=True, eq=False)
class Text:
    """Files of text, read one after the other. source: their name in messages."""

    source: str
    files: tuple[Path, ...]
    target: str = TARGET

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(file.stat().st_size for file in self.files)

    def parts(self) -> Iterator[str]:
        """The text, part by part. Raises DataError for a file that is not UTF-8."""
        for file in self.files:
            yield from text_parts(file)

    def fingerprint(self) -> str:
        """The number of bytes, and a hash of some of them."""
        parts = []
        for path in self.files:
            size = path.stat().st_size
            with path.open("rb") as file:
                for place in sorted({0, size // 2, max(0, size - 65536)}):
                    file.seek(place)
                    parts.append(file.read(65536))
        return f"{self.size:,} bytes, {digest(*parts)}"


def open_text(source: str, target: str | None, say: Say = say_nothing) -> Text:
    """The text of a file, of all .txt files of a folder in the order of their names, or of a named text.

    say: called with a sentence before a named text is downloaded.
    Raises DataError for a source that is missing or empty, and as `fetch_named`; ConfigError for a target.
    """
    if target not in (None, TARGET):
        raise ConfigError(f"a text has no column {target!r}", remedy="leave the target out")
    path = fetch_named(source, say=say) if takes(source) else Path(source)
    if not path.exists():
        raise DataError(f"{source}: no such file or folder", remedy="check the path")
    files = tuple(sorted(path.rglob(f"*{SUFFIX}"))) if path.is_dir() else (path,)
    found = Text(source, files)
    if not files or not found.size:
        what = f"holds no {SUFFIX} files" if path.is_dir() else "is empty"
        raise DataError(
            f"{printable(source)} {what}", remedy="give a text of at least a few thousand letters"
        )
    return found


def takes(source: str) -> bool:
    """Whether a source is a named text: for files of text the task must be named."""
    return source in NAMED_TEXTS and not Path(source).exists()
