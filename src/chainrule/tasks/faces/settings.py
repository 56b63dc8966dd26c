"""The settings of faces, as people write them on the command line and in config.toml."""

from collections.abc import Mapping
from dataclasses import dataclass

from chainrule.nn.settings import check_flag, check_number, check_whole
from chainrule.tasks.settings import AUTO, Auto, check_common, common_help, unless_auto
from chainrule.training.attending import OFF

HELP: Mapping[str, str] = {
    **common_help("degrees", "scale", "learning_rate", "weight_decay", "batch_size", "doctor"),
    "test": "share of the people held out for the final evaluation, if the source has no test part",
    "validation": "share of the images of each training person for validation during training; 0 for none",
    "size": "side in pixels of the square to which images are scaled and cropped; auto: sides of at most "
    "64, in the shape of the images if they have one size",
    "members": "number of networks that are trained side by side; their embeddings are joined, at least 1",
    "features": "length of each member's embedding, at least 2",
    "margin": "by how much the cosine with the true person should exceed those with others, 0 to below 2",
    "sharpness": "factor of the cosines in the loss, above 0",
    "shift": "augmentation: the most pixels by which images are shifted; auto: a twelfth of the shorter side",
    "mirror": "true: training mirrors images at random, and an embedding is the mean of both views",
    "contrast": "augmentation: the most change of brightness and contrast, 0 to 1",
    "epochs": "passes over the training images, at least 1; auto: by their number",
    "seed": "seed of who is held out, the initial weights, the order of the images and augmentation",
}


@dataclass(frozen=True)
class FaceSettings:
    """How people are split, and how a network is trained on their images; HELP describes each setting.

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
        check_common("faces", self)
        unless_auto(check_whole, "faces", self, "size", at_least=16)
        unless_auto(check_whole, "faces", self, "shift", at_least=0)
        unless_auto(check_whole, "faces", self, "epochs")
        for name, least in (("members", 1), ("features", 2), ("batch_size", 2)):
            check_whole("faces", name, getattr(self, name), at_least=least)
        check_number("faces", "margin", self.margin, at_least=0, below=2)
        for name in ("sharpness", "learning_rate"):
            check_number("faces", name, getattr(self, name), above=0)
        check_number("faces", "degrees", self.degrees, at_least=0, at_most=180)
        check_number("faces", "scale", self.scale, at_least=1, at_most=10)
        check_number("faces", "contrast", self.contrast, at_least=0, at_most=1)
        check_number("faces", "weight_decay", self.weight_decay, at_least=0)
        check_flag("faces", "mirror", self.mirror)
