"""Philox4x32-10 in NumPy, as the language specifies it."""

import numpy as np

# Multipliers and Weyl constants of Philox4x32 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3,
# 2011).
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


def philox(counter: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Four random words a counter: (n, 4) uint32 and key (2,) uint32 -> (n, 4) uint32."""
    c0, c1, c2, c3 = (counter[:, i].astype(np.uint64) for i in range(4))
    k0, k1 = int(key[0]), int(key[1])
    for _ in range(_ROUNDS):
        p0, p1 = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (
            (p1 >> _HALF) ^ c1 ^ np.uint64(k0),
            p1 & _LOW,
            (p0 >> _HALF) ^ c3 ^ np.uint64(k1),
            p0 & _LOW,
        )
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return np.stack((c0, c1, c2, c3), axis=1).astype(np.uint32)


def random_bits(key: np.ndarray, shape: tuple[int, ...], stream: int) -> np.ndarray:
    """Random bits of the language: word i mod 4 of counter (i div 4, its high half, stream, 0)."""
    size = int(np.prod(shape, dtype=np.int64))
    blocks = np.arange(-(-size // 4), dtype=np.uint64)
    counter = np.zeros((len(blocks), 4), np.uint32)
    counter[:, 0] = blocks & _LOW
    counter[:, 1] = blocks >> _HALF
    counter[:, 2] = stream
    return philox(counter, key).reshape(-1)[:size].reshape(shape)
