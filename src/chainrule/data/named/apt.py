"""Fetching a package of Debian with apt-get; it is not installed, and nothing of it runs."""

import shutil
from pathlib import Path

from chainrule.data.named.catalogue import Release
from chainrule.data.named.running import Watch, reason_of, run_client
from chainrule.errors import DataError


def apt_download(release: Release, folder: Path, watch: Watch) -> Path:
    """Fetch the file of a package into a folder with `apt-get download`, which needs no rights of root.

    Raises DataError where there is no apt-get (it is part of Debian and its relatives), or it fails.
    """
    files = folder / "files"
    files.mkdir()
    package = f"{release.package}={release.version}"
    client = shutil.which("apt-get")
    if client is None:
        raise DataError(
            f"{release} could not be fetched: there is no apt-get, which Debian and Ubuntu have",
            remedy=f"fetch it where there is one: apt-get download {package}",
        )
    code, said = run_client([client, "download", "--quiet", package], folder, watch, files)
    found = list(files.glob("*.deb"))
    if code == 0 and len(found) == 1:
        return found[0]
    raise DataError(
        f"{release} could not be fetched: {reason_of(said, 'apt-get')}",
        remedy=f"update the list of packages (apt-get update); apt-get download {package} shows more",
    )
