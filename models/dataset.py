"""Windows of features with measured residuals, as `farfield export` writes them, and the crops that training sees."""

import json
from pathlib import Path

import numpy as np

CROP = 128
KNOWN, ROOF, RISE, VEGETATION, STREET, PROFILE, EAST, NORTH, FREQUENCY = 0, 1, 2, 3, 4, 5, 7, 8, 16
# What an ablation takes away, in training and in the test.
GROUPS = {
    "roofs": ("roof",),
    "terrain": ("rise",),
    "cover": ("vegetation", "street"),
    "knowledge": ("known", "profile"),
    "distance": ("distance", "path_gain"),
    "direction": ("direction_east", "direction_north"),
    "antenna": ("azimuth", "gain", "depression"),
    "height": ("base",),
    "profile": ("sight", "rooftops"),
}


class Windows:
    """The exported windows, memory-mapped: all that a folder has, or those with measurements."""

    def __init__(self, folder: Path):
        meta = json.loads((folder / "meta.json").read_text())
        self.side, self.channels, self.names = meta["side"], meta["count"], meta["channels"]
        assert (self.names[KNOWN], self.names[RISE], self.names[PROFILE]) == ("known", "rise", "profile")
        assert (self.names[EAST], self.names[NORTH]) == ("direction_east", "direction_north")
        table = np.genfromtxt(folder / "windows.csv", delimiter=",", skip_header=1, dtype=np.int64, ndmin=2)
        self.sector, self.fold, self.first, self.count = table.T
        shape = (meta["windows"], self.channels, self.side, self.side)
        self.features = np.memmap(folder / "features.f16", dtype="<f2", mode="r", shape=shape)
        labels = np.fromfile(folder / "labels.bin", dtype=[("at", "<u4"), ("residual", "<f4")])
        self.at, self.residual = labels["at"].astype(np.int64), labels["residual"]

    def of_sectors(self, fold: int, outside: bool) -> list[np.ndarray]:
        """The windows of each sector with measurements, of all folds but one (`outside`) or of that one."""
        chosen = np.flatnonzero((self.count > 0) & ((self.fold != fold) if outside else (self.fold == fold)))
        sectors, start = np.unique(self.sector[chosen], return_index=True)
        if len(chosen) == 0:
            return []
        groups = np.split(chosen, np.sort(start)[1:])
        assert len(groups) == len(sectors)
        return [group for group in groups if self.count[group].sum() >= 100]

    def labels(self, window: int) -> tuple[np.ndarray, np.ndarray]:
        """Cell indices (row * side + column) and residuals in dB of one window."""
        span = slice(self.first[window], self.first[window] + self.count[window])
        return self.at[span], self.residual[span]

    def part(self, window: int, row: int = 0, column: int = 0, side: int | None = None):
        """Features, targets and mask of a square part of a window, float32."""
        side = side or self.side
        rows, columns = slice(row, row + side), slice(column, column + side)
        features = np.array(self.features[window, :, rows, columns], dtype=np.float32)
        target = np.zeros((side, side), np.float32)
        mask = np.zeros((side, side), np.float32)
        at, residual = self.labels(window)
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


def training_crop(windows: Windows, sector: np.ndarray, seed: tuple[int, ...], one_frequency: bool):
    """A crop around a random measured cell of a sector, randomly turned, with optional inputs randomly taken away. Where
    all was measured at one frequency, the frequency is random too: what can't be learned is not to matter."""
    rng = np.random.default_rng(seed)
    counts = windows.count[sector]
    window = rng.choice(sector, p=counts / counts.sum())
    at, _ = windows.labels(window)
    cell = at[rng.integers(len(at))]
    spot = np.array([cell // windows.side, cell % windows.side]) - rng.integers(CROP // 4, 3 * CROP // 4, size=2)
    row, column = np.clip(spot, 0, windows.side - CROP)
    features, target, mask = windows.part(window, row, column, CROP)
    chance = rng.random(6)
    forget(features, rise=chance[0] < 0.25, cover=chance[1] < 0.4, unknown=chance[2] < 0.25)
    if one_frequency:
        features[FREQUENCY] = rng.uniform(-1.1, 1.0)
    return turn(features, target, mask, mirror=chance[3] < 0.5, flip=chance[4] < 0.5, transpose=chance[5] < 0.5)
