"""The networks that were compared, and the one that ships (`narrow`). Each corrects the urban-macro baseline.

Input  `features`    [1, 17, H, W]  the channels of src/learn/features.rs
Output `correction`  [1,  2, H, W]  dB to add to the baseline; natural logarithm of its standard deviation in dB

Widths are multiples of 8, and what is computed for every cell of the window at full resolution is linear and narrow: there
a network in a tab would spend most of its time.
"""

import torch
from torch import nn

CHANNELS = 17
# The output is in dB while the weights stay of order one.
SCALE_DB = 10.0
# Natural logarithms of the least and the greatest standard deviation that is told: 0.4 and 20 dB, beyond what levels in a
# city spread around anything. Far from what it has seen a network would tell any number.
SPREADS = (-1.0, 3.0)


def conv(cin: int, cout: int, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution and batch normalisation; the export folds the second into the first. An even size is that of patches."""
    layer = nn.Conv2d(cin, cout, size, stride, size // 2 if size % 2 else 0, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(cout, momentum=0.02))


class Separable(nn.Module):
    """Depthwise convolution, expansion, projection; residual."""

    def __init__(self, width: int, size: int = 5, expansion: int = 2):
        super().__init__()
        self.spatial = conv(width, width, size, groups=width)
        self.expand = conv(width, expansion * width, 1)
        self.project = conv(expansion * width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.project(torch.relu(self.expand(self.spatial(x))))


class Dense(nn.Module):
    """Two full 3x3 convolutions; residual."""

    def __init__(self, width: int):
        super().__init__()
        self.first = conv(width, width, 3)
        self.second = conv(width, width, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.second(torch.relu(self.first(x))))


class Down(nn.Module):
    """Half the resolution, more channels."""

    def __init__(self, cin: int, cout: int):
        super().__init__()
        self.spatial = conv(cin, cin, 3, stride=2, groups=cin)
        self.mix = conv(cin, cout, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.mix(self.spatial(x)))


class Up(nn.Module):
    """Twice the resolution by repetition, joined with the encoder's map of that size."""

    def __init__(self, cin: int, cout: int, block: nn.Module):
        super().__init__()
        self.mix = conv(cin, cout, 1)
        self.repeat = nn.Upsample(scale_factor=2, mode="nearest")
        self.block = block

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        return self.block(self.repeat(self.mix(x)) + skip)


class UNet(nn.Module):
    """Patches of 2x2 cells, then half of that resolution and coarser, with as many blocks at each as `depths` says. Patches
    themselves are only smoothed: blocks at their resolution would take most of the time."""

    def __init__(self, widths: tuple[int, ...], depths: tuple[int, ...], block: type[nn.Module]):
        super().__init__()
        finest, steps = widths[0], list(zip(widths, widths[1:]))
        self.stem = conv(CHANNELS, finest, 2, stride=2)
        stages = zip(steps, depths, strict=True)
        self.downs = nn.ModuleList(nn.Sequential(Down(a, b), *(block(b) for _ in range(d))) for (a, b), d in stages)
        smooth = conv(finest, finest, 3, groups=finest)
        blocks = [smooth] + [block(a) for a in widths[1:-1]]
        self.ups = nn.ModuleList(Up(b, a, last) for (a, b), last in reversed(list(zip(steps, blocks))))
        self.width, self.stride = finest, 2

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.stem(features))
        skips = []
        for down in self.downs:
            skips.append(x)
            x = down(x)
        for up in self.ups:
            x = up(x, skips.pop())
        return x


class Isotropic(nn.Module):
    """ConvNeXt-like: patches of 4x4 cells, then equal blocks with wide depthwise kernels at that resolution."""

    def __init__(self, width: int, depth: int):
        super().__init__()
        self.stem = conv(CHANNELS, width, 4, stride=4)
        self.blocks = nn.Sequential(*(Separable(width, size=9, expansion=3) for _ in range(depth)))
        self.width, self.stride = width, 4

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.blocks(torch.relu(self.stem(features)))


class Pointwise(nn.Module):
    """Every cell by its own features alone: what the surroundings are worth shows beside it."""

    def __init__(self, width: int, depth: int):
        super().__init__()
        widths = [CHANNELS] + [width] * depth
        self.layers = nn.Sequential(*(nn.Sequential(conv(a, b, 1), nn.ReLU()) for a, b in zip(widths, widths[1:])))
        self.width, self.stride = width, 1

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.layers(features)


ARCHITECTURES = {
    "dense": lambda: UNet((32, 48, 64, 96), (1, 2, 2), Dense),
    "separable": lambda: UNet((32, 64, 96, 128), (2, 2, 2), Separable),
    "narrow": lambda: UNet((32, 48, 64, 96), (2, 2, 2), Separable),
    "isotropic": lambda: Isotropic(80, 5),
    "pointwise": lambda: Pointwise(64, 4),
}


class Correction(nn.Module):
    """Features of a window to the correction of its baseline."""

    def __init__(self, architecture: str):
        super().__init__()
        self.body = ARCHITECTURES[architecture]()
        width, stride = self.body.width, self.body.stride
        self.trunk = nn.Conv2d(width, width, 1)
        # A patch of the body tells each of its cells apart; beside that, every cell's own features act linearly.
        self.head = nn.Conv2d(width, 2 * stride**2, 1)
        self.cells = nn.PixelShuffle(stride) if stride > 1 else nn.Identity()
        self.own = nn.Conv2d(CHANNELS, 2, 1)
        for last in (self.head, self.own):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        patches = torch.relu(self.trunk(self.body(features)))
        mean, spread = (self.cells(self.head(patches)) + self.own(features)).split(1, dim=1)
        return torch.cat((SCALE_DB * mean, (spread + 2.0).clamp(*SPREADS)), dim=1)
