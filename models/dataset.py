"""Windows of features with measured residuals, as `farfield export` writes them, and the crops that training sees."""

import json
from pathlib import Path

import numpy as np

CROP = 128
KNOWN, RISE, VEGETATION, STREET, PROFILE, EAST, NORTH = 0, 2, 3, 4, 5, 7, 8


class Windows:
    """The exported windows, memory-mapped."""

    def __init__(self, folder: Path):
        meta = json.loads((folder / "meta.json").read_text())
        self.side, self.channels, self.names = meta["side"], meta["count"], meta["channels"]
        assert (self.names[KNOWN], self.names[RISE], self.names[PROFILE]) == ("known", "rise", "profile")
        assert (self.names[EAST], self.names[NORTH]) == ("direction_east", "direction_north")
        table = np.genfromtxt(folder / "sectors.csv", delimiter=",", skip_header=1, dtype=np.int64, ndmin=2)
        self.cell, self.fold, self.first, self.count = table.T
        shape = (meta["sectors"], self.channels, self.side, self.side)
        self.features = np.memmap(folder / "features.f16", dtype="<f2", mode="r", shape=shape)
        labels = np.fromfile(folder / "labels.bin", dtype=[("at", "<u4"), ("residual", "<f4")])
        self.at, self.residual = labels["at"].astype(np.int64), labels["residual"]

    def labels(self, sector: int) -> tuple[np.ndarray, np.ndarray]:
        """Cell indices (row * side + column) and residuals in dB of one sector."""
        span = slice(self.first[sector], self.first[sector] + self.count[sector])
        return self.at[span], self.residual[span]

    def window(self, sector: int, row: int = 0, column: int = 0, side: int | None = None):
        """Features, targets and mask of a square part of a sector's window, float32."""
        side = side or self.side
        rows, columns = slice(row, row + side), slice(column, column + side)
        features = np.array(self.features[sector, :, rows, columns], dtype=np.float32)
        target = np.zeros((side, side), np.float32)
        mask = np.zeros((side, side), np.float32)
        at, residual = self.labels(sector)
        y, x = at // self.side - row, at % self.side - column
        inside = (y >= 0) & (x >= 0) & (y < side) & (x < side)
        target[y[inside], x[inside]] = residual[inside]
        mask[y[inside], x[inside]] = 1.0
        return features, target, mask


def forget(features: np.ndarray, rise: bool, cover: bool, unknown: bool) -> None:
    """Takes away what a city archive doesn't know: terrain and land cover; and calls everything known, as it does."""
    if rise:
        features[RISE] = 0.0
    if cover:
        features[[VEGETATION, STREET]] = 0.0
    if unknown:
        features[[KNOWN, PROFILE]] = 1.0


def turn(features: np.ndarray, *planes: np.ndarray, mirror: bool, flip: bool, transpose: bool):
    """One of the eight symmetries of the square, applied to the maps and to the direction channels."""
    arrays = [features, *planes]
    if mirror:
        arrays = [a[..., ::-1] for a in arrays]
        arrays[0] = arrays[0].copy()
        arrays[0][EAST] *= -1
    if flip:
        arrays = [a[..., ::-1, :] for a in arrays]
        arrays[0] = arrays[0].copy()
        arrays[0][NORTH] *= -1
    if transpose:
        arrays = [a.swapaxes(-1, -2) for a in arrays]
        arrays[0] = arrays[0].copy()
        arrays[0][[EAST, NORTH]] = arrays[0][[NORTH, EAST]]
    return [np.ascontiguousarray(a) for a in arrays]


def training_crop(windows: Windows, sector: int, seed: tuple[int, ...]):
    """A crop around a random measured cell, randomly turned, with optional inputs randomly taken away."""
    rng = np.random.default_rng(seed)
    at, _ = windows.labels(sector)
    cell = at[rng.integers(len(at))]
    spot = np.array([cell // windows.side, cell % windows.side]) - rng.integers(CROP // 4, 3 * CROP // 4, size=2)
    row, column = np.clip(spot, 0, windows.side - CROP)
    features, target, mask = windows.window(sector, row, column, CROP)
    chance = rng.random(6)
    forget(features, rise=chance[0] < 0.25, cover=chance[1] < 0.4, unknown=chance[2] < 0.25)
    return turn(features, target, mask, mirror=chance[3] < 0.5, flip=chance[4] < 0.5, transpose=chance[5] < 0.5)
