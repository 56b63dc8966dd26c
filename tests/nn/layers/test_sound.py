"""Spectra of sound beside SciPy's and PyTorch's; attention pooling beside its equation."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.fft import dct, rfft
from scipy.signal import stft
from scipy.signal.windows import hann
from tests.nn.layers.recording import compiled

from chainrule.errors import ShapeError
from chainrule.executors.native import available, compile_native
from chainrule.nn import MFCC, AttentionPool1D, Layer, LogMel, Spectrogram, building
from chainrule.program import Trace

RANDOM = np.random.default_rng(2)
WAVES = RANDOM.normal(size=(3, 1000)) * [[1.0], [0.1], [0.01]]
LAYERS = [
    LogMel(8000, mels=20, frame=200, hop=80),
    LogMel(8000, mels=20, frame=200, hop=80, fft=256, low=60, high=3500, floor=1e-3),
    LogMel(8000, mels=8, frame=64, hop=100),
]


def outputs(layer: Layer, x: np.ndarray, **tree: np.ndarray) -> np.ndarray:
    return compiled(layer, *x.shape, training=False, dtype=x.dtype.name).run(tree, {"x": x})["y"]


def triangles(rate: float, mels: int, fft: int, low: float, high: float) -> np.ndarray:
    """The filters, each by interpolation between its corners."""
    mel = np.linspace(1127.01048 * np.log(1 + low / 700), 1127.01048 * np.log(1 + high / 700), mels + 2)
    corners = 700 * np.expm1(mel / 1127.01048)
    frequencies = np.fft.rfftfreq(fft, 1 / rate)
    return np.stack([np.interp(frequencies, corners[m : m + 3], (0, 1, 0)) for m in range(mels)], 1)


def mels_of(layer: LogMel | MFCC, power: np.ndarray) -> np.ndarray:
    high = layer.rate / 2 if layer.high is None else layer.high
    filters = triangles(layer.rate, layer.mels, layer.fft or layer.frame, layer.low, high)
    return np.log(power @ filters + layer.floor)


def with_scipy(layer: LogMel | MFCC, x: np.ndarray) -> np.ndarray:
    frames = np.lib.stride_tricks.sliding_window_view(x, layer.frame, axis=1)[:, :: layer.hop]
    spectrum = rfft(frames * hann(layer.frame, sym=False), layer.fft or layer.frame)
    return mels_of(layer, np.abs(np.asarray(spectrum)) ** 2)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_log_mel_is_that_of_scipy(layer):
    np.testing.assert_allclose(outputs(layer, WAVES), with_scipy(layer, WAVES), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("layer", [LAYERS[0], LAYERS[2]], ids=repr)
def test_log_mel_is_that_of_torch(layer):
    window = torch.hann_window(layer.frame, periodic=True, dtype=torch.float64)
    spectrum = torch.stft(
        torch.from_numpy(WAVES), layer.frame, layer.hop, window=window, center=False, return_complex=True
    )
    power = (spectrum.abs() ** 2).numpy().transpose(0, 2, 1)
    np.testing.assert_allclose(outputs(layer, WAVES), mels_of(layer, power), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("fft", [None, 256])
def test_a_spectrogram_is_that_of_scipy_and_of_torch(fft):
    """SciPy divides by the sum of the window."""
    y = outputs(Spectrogram(200, 80, fft), WAVES)
    window = hann(200, sym=False)
    unpadded: Any = None  # its stubs know names alone
    settings = {"boundary": unpadded, "padded": False, "scaling": "spectrum"}
    *_, theirs = stft(WAVES, 1.0, window, 200, 120, fft, **settings)
    energy = np.abs(theirs * window.sum()) ** 2
    np.testing.assert_allclose(y, energy.transpose(0, 2, 1), atol=1e-10)
    frames = torch.from_numpy(WAVES).unfold(1, 200, 80) * torch.from_numpy(window)
    np.testing.assert_allclose(y, torch.fft.rfft(frames, fft).abs().numpy() ** 2, atol=1e-10)


def test_mfcc_is_the_cosine_transform_of_scipy():
    layer = MFCC(8000, coefficients=7, mels=20, frame=200, hop=80)
    wanted = np.asarray(dct(with_scipy(layer, WAVES), type=2, norm="ortho", axis=-1))[..., :7]
    np.testing.assert_allclose(outputs(layer, WAVES), wanted, rtol=1e-6, atol=1e-6)


def test_a_tone_is_loudest_in_the_filter_around_its_frequency():
    tone = np.sin(2 * np.pi * 1000 * np.arange(1000) / 8000)[None]
    filters = triangles(8000, 20, 200, 0, 4000)
    loudest = outputs(LAYERS[0], tone).mean(1).argmax()
    assert loudest == filters[1000 * 200 // 8000].argmax()


def test_whole_numbers_become_floats():
    y = outputs(LAYERS[0], (WAVES * 100).astype(np.int32))
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, with_scipy(LAYERS[0], (WAVES * 100).astype(np.int32)), atol=2e-3)


@pytest.mark.skipif(not available(), reason="the native executor was not built")
def test_the_native_executor_agrees_in_float32():
    """The frames are a product by batches, whose left side is read through slices."""
    x, layer = WAVES.astype(np.float32), LAYERS[1]
    trace = Trace()
    with building(trace, training=False):
        y = layer(trace.input("x", x.shape, "float32"))
    y = compile_native(trace.program({"y": y})).run({}, {"x": x})["y"]
    np.testing.assert_allclose(y, with_scipy(layer, WAVES), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "told"),
    [((3, 199), "waves of 199 samples; a frame has 200"), ((3, 300, 2), r"it needs \(batch, samples\)")],
)
def test_other_inputs_are_refused(shape, told):
    with pytest.raises(ShapeError, match=told):
        outputs(LAYERS[0], np.zeros(shape))


def test_attention_pooling_is_its_equation():
    x, w = RANDOM.normal(size=(3, 5, 4)), RANDOM.normal(size=(4, 1))
    shares = np.exp(x @ w) / np.exp(x @ w).sum(1, keepdims=True)
    y = outputs(AttentionPool1D(), x, **{"attention_pool1d_1.weight": w})
    np.testing.assert_allclose(y, np.einsum("bto,btf->bf", shares, x), rtol=1e-12)
    mean = outputs(AttentionPool1D(), x, **{"attention_pool1d_1.weight": 0 * w})
    np.testing.assert_allclose(mean, x.mean(1), rtol=1e-12)
