"""Who is measured. One file a peer; each is loaded in a process of its own and nowhere else.

A new peer is a file with `build` and `version` (see `contract`) and an entry here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

OURS = "chainrule"
BEFORE = "before"
WATCHED = "watched"


@dataclass(frozen=True)
class Entry:
    """A row of the table.

    module: the file in this folder. library: what it imports. variants: ways to do it, given to `build`; the
    fastest is measured. for_images: further ones, where the data are images. lacks: what it has not, of
    `Network.needs`. rival: counts for 'the best peer'.
    usual: measured where no names are given.
    """

    module: str
    meaning: str
    library: str
    variants: tuple[str, ...]
    for_images: tuple[str, ...] = ()
    lacks: frozenset[str] = frozenset()
    rival: bool = True
    usual: bool = True

    @property
    def installed(self) -> bool:
        """Whether its library is there; it is not loaded."""
        return find_spec(self.library) is not None


PEERS: Mapping[str, Entry] = {
    OURS: Entry(
        "ours",
        "this project, by --executor; always measured",
        "chainrule",
        ("native",),
        rival=False,
    ),
    "chainrule-numpy": Entry(
        "ours",
        "our reference executor; only where named",
        "chainrule",
        ("numpy",),
        rival=False,
        usual=False,
    ),
    WATCHED: Entry(
        "ours",
        "this project, and what the doctor measures at every step",
        "chainrule",
        ("native, watched",),
        rival=False,
    ),
    BEFORE: Entry(
        "ours",
        "this project in another checkout, which --before names",
        "chainrule",
        ("native",),
        rival=False,
        usual=False,
    ),
    "pytorch": Entry(
        "pytorch_eager",
        "PyTorch, eager, its fastest form of optimizer",
        "torch",
        ("fused", "foreach", "one by one"),
        for_images=("fused, channels last",),
    ),
    "pytorch-compiled": Entry(
        "pytorch_compiled",
        "torch.compile: with or without the optimizer, the faster",
        "torch",
        ("whole step", "fused optimizer apart"),
        for_images=("fused optimizer apart, channels last",),
    ),
    "jax": Entry(
        "jax_scan",
        "a whole epoch under one jitted lax.scan",
        "jax",
        ("gathered in the scan", "gathered before"),
    ),
    "scikit-learn": Entry(
        "scikit_learn",
        "MLPClassifier, one partial_fit per epoch",
        "sklearn",
        ("partial_fit",),
        lacks=frozenset({"dropout", "convolution", "attention", "recurrence", "embedding"}),
    ),
}
"""Every row by name."""

MATRIX_PRODUCT = Entry(
    "matrix_product", "a 2048³ float32 matrix product by NumPy", "numpy", ("matmul",), rival=False
)
