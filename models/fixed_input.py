"""The window that the parity tests of PyTorch, onnxruntime and tract share."""

import numpy as np

CHANNELS = 17
SIDE = 256


def fixed_input() -> np.ndarray:
    """A smooth made-up window that anyone can compute again: channel k is sin(0.37 k + 0.05 x (1 + k/16) + 0.03 y)."""
    k = np.arange(CHANNELS, dtype=np.float64)[:, None, None]
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float64)
    return np.sin(0.37 * k + 0.05 * x * (1 + k / 16) + 0.03 * y).astype(np.float32)[None]
