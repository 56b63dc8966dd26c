"""The gallery of a run: enrolling people, and identifying them on images.

An image is compared with the mean embedding of each person. `gallery.safetensors` holds a row for each
enrolled image, and in its metadata the people, a hash of the network, and the number of the format.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.images import Images, open_images
from chainrule.data.source import digest
from chainrule.data.wording import listed
from chainrule.errors import ConfigError, DataError
from chainrule.tasks.faces.stored import FOLDER, FaceRun, impostors_of
from chainrule.tasks.faces.verification import person_means
from chainrule.tasks.faces.views import embeddings
from chainrule.tasks.task import Predictions, Say
from chainrule.training import write_aside
from chainrule.training.folder import read_safetensors, safetensors_bytes

GALLERY = "gallery.safetensors"
UNKNOWN = "unknown"
FORMAT = "1"


@dataclass(frozen=True, eq=False)
class Gallery:
    """The enrolled images.

    embeddings: (images, features) float32, of unit length. people: the person on each image. network: a hash
    of the network that computed the embeddings.
    """

    embeddings: np.ndarray
    people: tuple[str, ...]
    network: str

    @property
    def names(self) -> tuple[str, ...]:
        """The enrolled people, sorted."""
        return tuple(sorted(set(self.people)))

    def without(self, names: set[str]) -> "Gallery":
        """The gallery without these people."""
        kept = [place for place, name in enumerate(self.people) if name not in names]
        return replace(
            self, embeddings=self.embeddings[kept], people=tuple(self.people[place] for place in kept)
        )

    def scores(self, faces: np.ndarray) -> np.ndarray:
        """(faces, people): the cosine of each face with the mean embedding of each person in `names`."""
        numbers = np.array([self.names.index(name) for name in self.people])
        return faces @ person_means(self.embeddings, numbers).T


def enroll(folder: Path, source: str, options: Mapping[str, Any], say: Say) -> Predictions:
    """Add people to the gallery of a run; people who are in it already are replaced.

    folder: of the run. source: a folder that holds a folder of images for each person; one image suffices.
    Returns a row for each person: 'person', 'images' (their number), 'was' ('added' or 'replaced').
    Raises DataError as `open_images` does, and for a person called 'unknown'.
    """
    import pandas as pd

    face_run = FOLDER.load(folder)
    before = read_gallery(folder, face_run)
    images = open_images(source, shared_classes=False)
    for sentence in images.left_out:
        say(sentence)
    assert images.labels is not None  # looked at just now
    new = replace(before, embeddings=_embedded(face_run, images), people=tuple(images.labels.tolist()))
    if UNKNOWN in new.names:
        raise DataError(
            f"{images.source}: nobody can be enrolled as '{UNKNOWN}'",
            remedy="that is the answer for who is not enrolled: give the folder another name",
        )
    replaced = sorted(set(before.names) & set(new.names))
    kept = before.without(set(new.names))
    rows = [each.embeddings for each in (kept, new) if each.people]
    whole = replace(new, embeddings=np.concatenate(rows), people=(*kept.people, *new.people))
    _write_gallery(folder, whole)
    if replaced:
        say(f"replaced: {listed(replaced, 10)}")
    say(f"people enrolled in {folder / GALLERY}: {len(whole.names):,}")
    counts = {name: new.people.count(name) for name in new.names}
    told = ["replaced" if name in replaced else "added" for name in counts]
    return Predictions(pd.DataFrame({"person": list(counts), "images": list(counts.values()), "was": told}))


def identify(folder: Path, source: str, options: Mapping[str, Any], say: Say) -> Predictions:
    """The person of the gallery on each image, or 'unknown' (open-set identification).

    folder: of the run. source: a folder of images, a file of arrays, or an image. options: 'false_accepts',
    see `threshold_for`. Columns: 'image'; 'person'; 'nearest', the person with the largest cosine; 'score',
    that cosine.
    Raises DataError for an empty gallery and as `open_images` does, ConfigError as `threshold_for` does.
    """
    import pandas as pd

    face_run = FOLDER.load(folder)
    gallery = read_gallery(folder, face_run)
    if not gallery.people:
        raise DataError(f"nobody is enrolled in {folder}", remedy="enroll people first")
    impostors = impostors_of(face_run)
    threshold = threshold_for(impostors, options["false_accepts"])
    images = open_images(source, labelled=False)
    say(
        f"accepted above a cosine of {threshold:.3f}: false accepts of {options['false_accepts']:.3g}, by "
        f"{len(impostors):,} pairs of an image and another person, from "
        f"{len(face_run.evaluation['people']):,} people held out; a stranger is compared with all "
        f"{len(gallery.names):,} enrolled"
    )
    for sentence in images.left_out:
        say(sentence)
    scores = gallery.scores(_embedded(face_run, images))
    best, nearest = scores.max(1), np.array(gallery.names)[scores.argmax(1)]
    named = np.where(best > threshold, nearest, UNKNOWN)
    return Predictions(
        pd.DataFrame({"image": images.names, "person": named, "nearest": nearest, "score": best})
    )


def threshold_for(impostors: np.ndarray, rate: Any) -> float:
    """The threshold: at most this share of the impostor pairs has a score above it.

    impostors: (pairs,) scores of images with other people, in descending order. rate: above 0 and below 1.
    Raises ConfigError for another rate, and for one that is less than a single pair.
    """
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < 1:
        raise ConfigError(
            f"the share of false accepts is {rate!r}", remedy="give a number above 0 and below 1"
        )
    allowed = int(rate * len(impostors) + 1e-9)
    if allowed < 1:
        raise ConfigError(
            f"a rate of {rate:g} false accepts can't be told from {len(impostors):,} impostor pairs",
            remedy=f"give at least {math.ceil(1e4 / max(len(impostors), 2)) / 1e4:g} ({{false_accepts}}), or "
            "train with more people held out",
            settings={"false_accepts": ...},
        )
    return float(impostors[allowed])


def read_gallery(folder: Path, face_run: FaceRun) -> Gallery:
    """The gallery in the folder of a run; an empty one if there is none.

    Raises DataError if it is damaged, has another format, or was made by another network.
    """
    path, network = folder / GALLERY, _network(face_run)
    if not path.exists():
        return Gallery(np.zeros((0, 0), np.float32), (), network)
    arrays, metadata = read_safetensors(path)
    if metadata.get("format") != FORMAT:
        raise DataError(
            f"{path} has format {metadata.get('format', 'none')}, and this chainrule reads format {FORMAT}",
            remedy="install the chainrule that wrote it, or remove it and enroll again",
        )
    try:
        people = tuple(map(str, json.loads(metadata["people"])))
        gallery = Gallery(arrays["embeddings"].reshape(len(people), -1), people, metadata["network"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error!r})", remedy="remove it and enroll again") from None
    if gallery.network != network:
        raise DataError(
            f"the people of {path} were enrolled with another network", remedy="remove it and enroll again"
        )
    return gallery


def _network(face_run: FaceRun) -> str:
    """A hash of the network's parameters."""
    parameters = face_run.run.parameters
    return digest(*(np.ascontiguousarray(parameters[name]).tobytes() for name in sorted(parameters)))


def _write_gallery(folder: Path, gallery: Gallery) -> None:
    metadata = {
        "format": FORMAT,
        "network": gallery.network,
        "people": json.dumps(gallery.people),
    }
    write_aside(folder / GALLERY, safetensors_bytes({"embeddings": gallery.embeddings}, metadata))


def _embedded(face_run: FaceRun, images: Images) -> np.ndarray:
    return embeddings(face_run.run, face_run.shape, images, np.arange(len(images)))
