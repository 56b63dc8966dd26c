"""Whitening of patches: a first layer computed from the data instead of learned."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.nn.initializers import zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_space
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class PatchWhitening(Layer):
    """y[p, q] = b + [W, -W] · patch (p, q) of x, with a fixed W that decorrelates patches.

    The rows of W are the principal axes of the patches of training images, each divided by
    √(variance + epsilon), so that the components have about equal variance (the frozen first layer of Jordan
    2024, arXiv:2404.00498, section 3.2). -W keeps what a ReLU after this layer cuts off of W. b is trained.

    size: side of a patch in pixels, at least 1. filters: the rows of W, each of size · size · channels
    numbers, in the order of row, column and channel of the patch. `PatchWhitening.of(images)` measures them.
    x: float (batch, height, width, channels) -> (batch, height - size + 1, width - size + 1, 2 · rows of W).
    Raises ConfigError for bad settings; while recording ShapeError for other channels or smaller images.
    """

    size: int
    filters: Sequence[Sequence[float]]

    def __post_init__(self) -> None:
        check_whole(self, "size", self.size)
        rows = self.filters
        listed = isinstance(rows, list | tuple) and all(isinstance(row, list | tuple) for row in rows)
        if not listed or not rows:
            raise ConfigError("PatchWhitening: filters are no rows of numbers", remedy="measure them by of()")
        for row in rows:
            for each in row:
                check_number(self, "filters", each)
        if len({len(row) for row in rows}) > 1 or not rows[0] or len(rows[0]) % self.size**2:
            raise ConfigError(
                f"PatchWhitening: filters have {sorted({len(row) for row in rows})} numbers",
                remedy=f"each must have {self.size} · {self.size} · channels",
            )
        object.__setattr__(self, "filters", tuple(tuple(row) for row in rows))

    @classmethod
    def of(cls, x: Any, size: int = 2, epsilon: float = 5e-4) -> "PatchWhitening":
        """The layer that whitens the patches of these images.

        x: (images, height, width, channels), finite numbers, usually standardized; some thousand images
        suffice. size: side of a patch in pixels. epsilon: above 0, added to the variances, so that axes of
        almost no variance are not amplified.
        Raises DataError for arrays of another kind, ConfigError for size or epsilon out of range.
        """
        check_whole("PatchWhitening", "size", size)
        check_number("PatchWhitening", "epsilon", epsilon, above=0)
        x = np.asarray(x, np.float64)
        if x.ndim != 4 or x.size == 0 or min(x.shape[1:3]) < size or not np.isfinite(x).all():
            raise DataError(
                f"PatchWhitening.of got an array of shape {x.shape}",
                remedy=f"give finite images (images, height, width, channels) of at least {size} pixels",
            )
        windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
        length = size * size * x.shape[3]
        products, count = np.zeros((length, length)), 0
        for each in windows:  # image by image, so that all patches are never in memory
            patches = each.transpose(0, 1, 3, 4, 2).reshape(-1, length)
            products, count = products + patches.T @ patches, count + len(patches)
        variances, axes = np.linalg.eigh(products / count)
        order = np.argsort(-variances, kind="stable")
        rows = (axes[:, order] / np.sqrt(np.maximum(variances[order], 0) + epsilon)).T
        # An axis has two directions: that whose largest component is positive, whatever LAPACK found.
        largest = rows[np.arange(length), np.abs(rows).argmax(1)]
        return cls(size, tuple(tuple(row) for row in (rows * np.sign(largest)[:, None]).tolist()))

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        channels = len(self.filters[0]) // self.size**2
        if x.shape[3] != channels or min(x.shape[1:3]) < self.size:
            raise ShapeError(
                f"{x.trace.label} got x of shape {x.shape}; it needs {channels} channels and at least "
                f"{self.size} × {self.size} pixels"
            )
        half = np.array(self.filters).T.reshape(self.size, self.size, channels, len(self.filters))
        weight = x.trace.constant(np.concatenate([half, -half], 3), x.dtype)
        y = f.convolution(x, weight)
        return y + self.param("bias", y.shape[-1:], zeros, x.dtype)

    @property
    def images(self) -> np.ndarray:
        """W as images: (rows of W, size, size, channels) float64."""
        return np.array(self.filters).reshape(len(self.filters), self.size, self.size, -1)
