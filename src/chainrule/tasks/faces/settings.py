"""The settings of faces, as people write them on the command line and in config.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chainrule.errors import ConfigError
from chainrule.nn.settings import check_choice, check_flag, check_number, check_whole, plain_fields
from chainrule.tasks.build import DOCTOR_HELP
from chainrule.training.attending import MODES, OFF

Auto = Literal["auto"]
AUTO: Auto = "auto"

HELP: Mapping[str, str] = {
    "test": "share of the people held out for the final figures, where the source has no such part",
    "validation": "share of the images of each person trained on that watch the training; 0: none",
    "size": "side in pixels that images are scaled and cropped to; auto: in their shape, at most 64",
    "members": "networks that are trained side by side, and whose embeddings are joined, at least 1",
    "features": "numbers of each member's embedding, at least 2",
    "margin": "by how much the cosine with the own person must exceed others, 0 to below 2",
    "sharpness": "factor of the cosines in the loss, above 0",
    "shift": "most pixels that training shifts images by, at least 0; auto: a twelfth of the side",
    "degrees": "most degrees that training rotates images by, 0 to 180",
    "scale": "largest factor that training scales images by, at least 1",
    "mirror": "true: training mirrors images at random, and an embedding is the mean of both views",
    "contrast": "how much training changes brightness and contrast, 0 to 1",
    "learning_rate": "how far a step goes at most, above 0",
    "weight_decay": "strength of decoupled decay of the weights, at least 0",
    "epochs": "passes over the training images, at least 1; auto: by their number",
    "batch_size": "images a step, at least 2",
    "doctor": DOCTOR_HELP,
    "seed": "decides who is held out, initial weights, order and augmentation of the images",
}


@dataclass(frozen=True)
class FaceSettings:
    """How people are split, and what is trained on them; HELP says what each setting means.

    Raises ConfigError for a value of the wrong type, out of range or unknown.
    """

    test: float = 0.25
    validation: float = 0.0
    size: int | Auto = AUTO
    members: int = 3
    features: int = 128
    margin: float = 0.3
    sharpness: float = 16.0
    shift: int | Auto = AUTO
    degrees: float = 10.0
    scale: float = 1.15
    mirror: bool = True
    contrast: float = 0.3
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    epochs: int | Auto = AUTO
    batch_size: int = 100
    doctor: str = OFF
    seed: int = 0

    def __post_init__(self) -> None:
        plain_fields(self)
        check_choice("faces", "doctor", self.doctor, MODES)
        for name, least in (("size", 16), ("shift", 0), ("epochs", 1)):
            _unless_auto(check_whole, name, getattr(self, name), at_least=least)
        for name, least in (("members", 1), ("features", 2), ("batch_size", 2), ("seed", 0)):
            check_whole("faces", name, getattr(self, name), at_least=least)
        if self.seed >= 2**32:
            raise ConfigError(f"faces: seed is {self.seed}", remedy="it must be below 2**32")
        check_number("faces", "test", self.test, above=0, below=1)
        check_number("faces", "validation", self.validation, at_least=0, below=1)
        check_number("faces", "margin", self.margin, at_least=0, below=2)
        for name in ("sharpness", "learning_rate"):
            check_number("faces", name, getattr(self, name), above=0)
        check_number("faces", "degrees", self.degrees, at_least=0, at_most=180)
        check_number("faces", "scale", self.scale, at_least=1, at_most=10)
        check_number("faces", "contrast", self.contrast, at_least=0, at_most=1)
        check_number("faces", "weight_decay", self.weight_decay, at_least=0)
        check_flag("faces", "mirror", self.mirror)


def _unless_auto(check: Any, name: str, value: Any, **bounds: Any) -> None:
    if value != AUTO:
        check("faces", name, value, **bounds)
