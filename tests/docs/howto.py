"""How-to pages, done as they say: on a copy of the project, by the commands that they name.

A page holds, beside its text,

- a list under the heading 'Files', of all files that it writes, each in backticks at the start of its line;
- ```python title="PATH"``` with a whole new file, and ```diff title="PATH"``` with changes to one that there
  is: lines begin with a space, + or -, and those of a space or - must occur in the file exactly once;
- ```python``` without a title: a script of the reader's own, in parts that run in one namespace;
- ```sh```: commands, which must succeed. A ```text``` after them says what they print, '…' for what is left out;
- <!-- without PATH -->: the last command, where that file was forgotten, must fail; the ```text``` after it says
  how.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("src", "tests", "docs", "native", "pyproject.toml", "CHANGELOG.md")
LEFT_OUT = shutil.ignore_patterns(".pytest_cache", ".hypothesis", "*.so")
COMMANDS: Mapping[str, Sequence[str]] = {
    "make docs": ("-W", "error", "docs/make_vocabulary.py"),
    ".venv/bin/python": (),
    "chainrule": ("-W", "error", "-m", "chainrule"),
}
"""How a command of a page begins -> what Python is given in the copy, where there is no .venv."""
TOKEN = re.compile(
    r'^```(?P<kind>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<body>.*?)^```$|^<!-- without (?P<without>\S+) -->$',
    re.DOTALL | re.MULTILINE,
)
# The finder of an editable installation would give chainrule's modules from where it was installed.
FIRST = """import sys

sys.meta_path[:] = [each for each in sys.meta_path if "editable" not in type(each).__module__]
"""


@dataclass(frozen=True)
class Block:
    """A block of a page. kind: its language. title: the path of a file; or "". without: what is forgotten."""

    kind: str
    body: str
    title: str = ""
    without: str = ""


def blocks_of(page: str) -> list[Block]:
    """The blocks of a page, in their order."""
    found, without = [], ""
    for match in TOKEN.finditer(page):
        if match["without"]:
            without = match["without"]
            continue
        found.append(Block(match["kind"], match["body"], match["title"] or "", without))
        without = ""
    return found


def listed_files(page: str) -> list[str]:
    """What the page says it writes."""
    _, heading, rest = page.partition("\n## Files\n")
    section = rest.partition("\n## ")[0] if heading else ""
    return re.findall(r"^- `([^`]+)`", section, flags=re.MULTILINE)


class Copy:
    """A copy of the project in a folder, on which the commands of a page run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=LEFT_OUT)
            else:
                shutil.copy2(ROOT / name, folder / name)
        core = find_spec("chainrule.executors.native._core")
        if core is not None and core.origin is not None:
            for library in Path(core.origin).parent.glob("*.so*"):
                (folder / "src/chainrule/executors/native" / library.name).symlink_to(library)
        (folder / "first").mkdir()
        (folder / "first" / "sitecustomize.py").write_text(FIRST, encoding="utf-8")

    def write(self, blocks: Sequence[Block]) -> None:
        """Write the files of a page."""
        for block in blocks:
            path = self.folder / block.title
            if block.kind == "diff":
                path.write_text(changed(path.read_text(encoding="utf-8"), block), encoding="utf-8")
            else:
                assert not path.exists(), f"{block.title} exists: show a diff"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.body, encoding="utf-8")

    def run(self, command: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of a page, in the copy or another folder."""
        begin = next((each for each in COMMANDS if command == each or command.startswith(f"{each} ")), None)
        assert begin is not None, f"a page runs {', '.join(COMMANDS)}, not: {command}"
        paths = os.pathsep.join(str(self.folder / name) for name in ("first", "src"))
        return subprocess.run(
            [sys.executable, *COMMANDS[begin], *shlex.split(command.removeprefix(begin))],
            cwd=folder or self.folder,
            env=os.environ | {"PYTHONPATH": paths, "COLUMNS": "100"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )

    def differing(self) -> list[str]:
        """The files of chainrule, its tests and documents that are not as they are in the project."""
        return sorted(
            str(path.relative_to(self.folder))
            for name in COPIED
            for path in [self.folder / name, *(self.folder / name).rglob("*")]
            if path.is_file()
            and not {"__pycache__", ".pytest_cache", ".hypothesis"} & set(path.parts)
            and path.suffix != ".so"
            and not _same(path, ROOT / path.relative_to(self.folder))
        )


def _same(path: Path, other: Path) -> bool:
    return path.is_symlink() or (other.is_file() and path.read_bytes() == other.read_bytes())


def changed(text: str, diff: Block) -> str:
    """A text with the changes of a diff, whose parts '@@' divides."""
    for part in re.split(r"^@@.*\n", diff.body, flags=re.MULTILINE):
        lines = part.splitlines(keepends=True)
        assert all(line[0] in " +-\n" for line in lines), (
            f"a line of a diff begins with a space, + or -: {part}"
        )
        old = "".join(line[1:] or "\n" for line in lines if line[0] != "+")
        new = "".join(line[1:] or "\n" for line in lines if line[0] != "-")
        assert text.count(old) == 1, f"{diff.title} has, {text.count(old)} times instead of once:\n{old}"
        text = text.replace(old, new)
    return text


def says(printed: str, expected: str) -> str:
    """What of the expected lines was not printed, in this order; '…' in a line stands for anything."""
    place = 0
    for line in filter(None, map(str.strip, expected.splitlines())):
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        match = re.compile(pattern).search(printed, place)
        if match is None:
            return line
        place = match.end()
    return ""
