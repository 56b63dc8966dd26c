"""Every layer, loss, optimizer and schedule is compared with PyTorch's, or it is said why not."""

import re
from pathlib import Path

import pytest

from chainrule import nn
from chainrule.nn.losses import Loss

SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
COMPARED = set(re.findall(r"\bnn\.(\w+)", SOURCES))
WITHOUT: dict[str, str] = {
    "MultiOutputLoss": "no such module; tests/nn/losses/test_several.py sums the heads' losses by hand",
    "Activation": "its functions are compared in test_core.py",
    "Concatenate": "no such module; `concatenate` is compared in test_core.py",
    "Add": "no such module; tests/nn/layers/test_merging.py compares with NumPy",
    "Multiply": "as Add",
    "Average": "as Add",
    "Maximum": "as Add",
    "Minimum": "as Add",
    "Masking": "its layer with a mask, as tests/nn/layers/test_masking.py says",
    "Dropout": "PyTorch draws other masks; tests/nn/layers/test_noise.py has the shares",
    "SpatialDropout": "as Dropout",
    "AlphaDropout": "as Dropout; tests/nn/layers/test_noise.py has mean and variance",
    "SpatialAlphaDropout": "as AlphaDropout",
    "GaussianDropout": "no such module; tests/nn/layers/test_noise.py has mean and variance",
    "TimeDistributed": "no such module; tests/contracts/test_layers.py has a convolution of films",
    "StochasticDepth": "in torchvision alone",
    "GaussianNoise": "no such module",
    "RandomAffine": "in torchvision alone; tests/nn/layers/test_augmentation.py compares with SciPy",
    "AlternatingFlip": "no such module; tests/nn/layers/test_augmentation.py has two epochs",
    "Frozen": "its layer in eval(); tests/nn/layers/test_freezing.py compares with the layer's prediction",
    "PatchWhitening": "no such module; tests/nn/layers/test_whitening.py has covariances",
    "RandomCrop": "as RandomAffine",
    "ColorJitter": "as RandomAffine",
    "Cutout": "as RandomAffine",
    "RandomPerspective": "as RandomAffine; tests/nn/layers/test_warp_augmentation.py has NumPy and SciPy",
    "RandomElastic": "as RandomPerspective",
    "RandomGrayscale": "as RandomAffine; tests/nn/layers/test_color_augmentation.py has the weights",
    "RandomHue": "as RandomAffine; tests/nn/layers/test_color_augmentation.py has colorsys",
    "RandomInvert": "as RandomAffine; tests/nn/layers/test_color_augmentation.py compares with Pillow",
    "Solarize": "as RandomInvert",
    "Posterize": "as RandomInvert",
    "AutoContrast": "as RandomInvert",
    "RandomBlur": "as RandomAffine; tests/nn/layers/test_filter_augmentation.py compares with SciPy",
    "RandomSharpness": "as RandomAffine; tests/nn/layers/test_filter_augmentation.py compares with Pillow",
    "LogMel": "in torchaudio alone; tests/nn/layers/test_sound.py compares with SciPy and torch.stft",
    "MFCC": "as LogMel",
    "Spectrogram": "as LogMel",
    "RandomTimeShift": "no such module; tests/nn/layers/test_sound_augmentation.py has the draws",
    "RandomNoise": "as RandomTimeShift",
    "RandomSpeed": "as RandomTimeShift; it is NumPy's interp",
    "RandomEqualizer": "as RandomTimeShift",
    "RandomMasks": "in torchaudio alone, as RandomTimeShift",
    "AttentionPool1D": "no such module; tests/nn/layers/test_sound.py has the equation in NumPy",
    "Padded": "its layers on a filled up image; tests/contracts/test_layers.py compares with those",
    "Impute": "no such module; tests/nn/layers/test_scaling.py compares with scikit-learn's SimpleImputer",
    "Rescale": "x · deviation + mean; tests/nn/layers/test_scaling.py has it undo Standardize",
    "Standardize": "as RandomAffine; tests/nn/layers/test_scaling.py has means and deviations",
    "PositionalEncoding": "no such module; tests/nn/layers/test_attention.py has the equations",
    "Remat": "changes no number: test_transformer_block runs with it and without",
    "Residual": "no such module; a TransformerBlock has two",
    "Sequential": "no numbers of its own",
    "ClassWeighted": "PyTorch divides by the weights; tests/nn/losses/test_contract.py has the formula",
    "HalfSquaredError": "MeanSquaredError times a constant",
    "SoftIoU": "no such loss; tests/nn/losses/test_overlap.py has examples worked by hand",
    "Dice": "no such loss, as SoftIoU",
    "CrossEntropyDice": "as SoftIoU; tests/nn/losses/test_contract.py has the formula",
    "BoxIoU": "in torchvision alone, as SoftIoU",
    "BoxGIoU": "in torchvision alone, as SoftIoU",
    "CenterMap": "no such loss; tests/nn/losses/test_contract.py has the papers' equations in NumPy",
    "Constant": "a number",
    "lion": "no such optimizer; tests/contracts/test_optimizers.py has the paper's recurrence",
    "quickprop": "as lion",
    "lars": "as lion",
    "lamb": "as lion",
    "schedule_free_sgd": "as lion",
    "schedule_free_adamw": "as lion",
    "prodigy": "as lion",
    "muon": "PyTorch's runs in bfloat16: test_muon_points_where_torch_points compares directions",
}


@pytest.mark.parametrize("kind", [nn.Layer, Loss, nn.Schedule], ids=lambda kind: kind.__name__)
def test_no_kind_is_left_out(kind: type):
    every = {each.__name__ for each in nn.KINDS if issubclass(each, kind)}
    assert every <= COMPARED | set(WITHOUT), sorted(every - COMPARED - set(WITHOUT))


def test_no_optimizer_is_left_out():
    assert set(nn.PRESETS) <= COMPARED | set(WITHOUT)


def test_no_reason_is_out_of_date():
    known = {each.__name__ for each in nn.KINDS} | set(nn.PRESETS)
    assert set(WITHOUT) <= known
