"""The network: a small U-Net of depthwise-separable blocks that corrects the urban-macro baseline.

Input  `features`    [1, 16, H, W]  the channels of src/learn/features.rs
Output `correction`  [1,  2, H, W]  dB to add to the baseline; natural logarithm of its standard deviation in dB

Channels are multiples of 8, most work is in 1x1 convolutions, and only the stem and the head touch the full resolution:
what tract's WebAssembly kernels are fast at.
"""

import torch
from torch import nn

CHANNELS = 16
WIDTHS = (32, 64, 96, 128)
DEPTHS = (1, 2, 2, 2)
# The output is in dB while the weights stay of order one.
SCALE_DB = 10.0


def conv(cin: int, cout: int, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution and batch normalisation; the export folds the second into the first."""
    layer = nn.Conv2d(cin, cout, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(cout, momentum=0.02))


class Block(nn.Module):
    """Depthwise 5x5, expansion by two, projection; residual."""

    def __init__(self, width: int):
        super().__init__()
        self.spatial = conv(width, width, 5, groups=width)
        self.expand = conv(width, 2 * width, 1)
        self.project = conv(2 * width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.project(torch.relu(self.expand(self.spatial(x))))


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

    def __init__(self, cin: int, cout: int):
        super().__init__()
        self.mix = conv(cin, cout, 1)
        self.repeat = nn.Upsample(scale_factor=2, mode="nearest")
        self.block = Block(cout)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        return self.block(self.repeat(self.mix(x)) + skip)


class Correction(nn.Module):
    """Features of a window to the correction of its baseline."""

    def __init__(self):
        super().__init__()
        self.stem = conv(CHANNELS, WIDTHS[0], 3, stride=2)
        self.downs = nn.ModuleList(Down(a, b) for a, b in zip(WIDTHS, WIDTHS[1:]))
        self.stages = nn.ModuleList(nn.Sequential(*(Block(w) for _ in range(d))) for w, d in zip(WIDTHS, DEPTHS))
        self.ups = nn.ModuleList(Up(b, a) for a, b in reversed(list(zip(WIDTHS, WIDTHS[1:]))))
        self.repeat = nn.Upsample(scale_factor=2, mode="nearest")
        # Every cell sees its own features again, so that the half-resolution trunk need not carry them.
        self.own = nn.Conv2d(CHANNELS, WIDTHS[0], 1)
        self.trunk = nn.Conv2d(WIDTHS[0], WIDTHS[0], 1)
        self.head = nn.Conv2d(WIDTHS[0], 2, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.stem(features))
        skips = []
        for i, stage in enumerate(self.stages):
            x = stage(self.downs[i - 1](x) if i else x)
            skips.append(x)
        x = skips.pop()
        for up in self.ups:
            x = up(x, skips.pop())
        cell = torch.relu(self.repeat(self.trunk(x)) + self.own(features))
        mean, spread = self.head(cell).split(1, dim=1)
        return torch.cat((SCALE_DB * mean, spread + 2.0), dim=1)
