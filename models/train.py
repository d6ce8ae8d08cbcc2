"""Trains the coverage network on exported windows; resumable, seeded, and the same order of data every time.

    farfield export --dataset chengdu DATA --output WINDOWS
    python models/train.py WINDOWS --run RUN [--fold 0]        then: python models/export_onnx.py RUN

`--smoke` trains a few steps on made-up windows: it shows that the code runs, and nothing else.
"""

import argparse
import copy
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from dataset import CROP, GROUPS, Windows, forget, training_crop
from network import ARCHITECTURES, CHANNELS, Correction

BATCH = 8
PEAK_RATE = 4e-3
WARM_UP = 200
DECAY = 1e-2
# Weights are averaged over about this many steps; the average is what is evaluated and shipped.
AVERAGE = 400
SEED = 20260722
# The normal distribution's middle 50 % and 90 % lie within so many standard deviations.
MIDDLE = {"within_50": 0.6745, "within_90": 1.6449}


def loss_of(output: torch.Tensor, target: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Squared error of the mean in (10 dB)², plus the likelihood of the spread around that mean held fixed: the mean is
    fitted as if every cell were equally certain, which is what an RMSE rewards."""
    error, spread = output[:, 0] - target, output[:, 1]
    squared = (error / 10.0).square()
    likelihood = 0.5 * (error.detach().square() * torch.exp(-2.0 * spread)) + spread
    return ((squared + 0.05 * likelihood) * mask).sum() / mask.sum().clamp(min=1.0)


def rate(step: int, steps: int) -> float:
    """Linear warm-up, a plateau for half of the steps, then linearly down to 1 % of the peak. The plateau doesn't depend on
    where the end is, so a run can be prolonged while it lasts."""
    warm = min(1.0, (step + 1) / min(WARM_UP, 1 + steps // 10))
    left = max(0.0, 1.0 - step / steps)
    return PEAK_RATE * warm * max(0.01, min(1.0, 2.0 * left))


@torch.no_grad()
def held_out_error(run: "Run", windows: Windows, sectors: list[np.ndarray], bare: bool) -> dict:
    """Errors over all measured cells of whole windows. `bare`: with nothing but what a city archive knows."""
    run.averaged.eval()
    errors, spreads = [], []
    for window in np.concatenate(sectors):
        features, target, mask = windows.part(window)
        forget(features, rise=bare, cover=bare, unknown=bare)
        output = run.predict(run.averaged, torch.from_numpy(features)[None]).cpu().numpy()[0]
        errors.append((output[0] - target)[mask > 0])
        spreads.append(np.exp(output[1][mask > 0]))
    errors, spreads = np.concatenate(errors), np.concatenate(spreads)
    figures = {"rmse": np.sqrt(np.mean(errors**2)), "mae": np.abs(errors).mean(), "bias": errors.mean()}
    figures |= {name: np.mean(np.abs(errors) < k * spreads) for name, k in MIDDLE.items()}
    return {name: round(float(value), 4) for name, value in figures.items()}


class Run:
    """A network in training, its average, and the folder that it is resumed from."""

    def __init__(self, options: argparse.Namespace):
        torch.manual_seed(SEED)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.net = Correction(options.architecture).to(self.device, memory_format=torch.channels_last)
        if options.start:
            self.net.load_state_dict(torch.load(options.start / "checkpoint.pt", weights_only=True)["averaged"])
        self.averaged = copy.deepcopy(self.net)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=PEAK_RATE, weight_decay=DECAY)
        names = [name for group in options.without for name in GROUPS[group]]
        self.without, self.bf16 = names, options.bf16
        self.folder, self.architecture = options.run, options.architecture
        self.step = self.epoch = 0
        self.folder.mkdir(parents=True, exist_ok=True)
        self.checkpoint = self.folder / "checkpoint.pt"
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, weights_only=True, map_location=self.device)
            assert state["architecture"] == self.architecture
            self.net.load_state_dict(state["net"])
            self.averaged.load_state_dict(state["averaged"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, self.epoch = state["step"], state["epoch"]

    def blind(self, windows: Windows) -> None:
        """From now on the channels of an ablation are nought."""
        self.blinded = [windows.names.index(name) for name in self.without]

    def predict(self, net: torch.nn.Module, features: torch.Tensor) -> torch.Tensor:
        """The network's output in f32. Full convolutions are twice as fast in bf16 where the processor has it, depthwise ones
        are not."""
        features = features.to(self.device, memory_format=torch.channels_last)
        features[:, self.blinded] = 0.0
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            return net(features).float()

    def descend(self, crops: list, share: float) -> float:
        """One step of the optimiser; the loss."""
        features, target, mask = (torch.from_numpy(np.stack(part)) for part in zip(*crops))
        for group in self.optimiser.param_groups:
            group["lr"] = share
        self.optimiser.zero_grad(set_to_none=True)
        loss = loss_of(self.predict(self.net, features), target.to(self.device), mask.to(self.device))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        keep = 1.0 - 1.0 / min(AVERAGE, 1.0 + self.step / 4)
        with torch.no_grad():
            for slow, fast in zip(self.averaged.state_dict().values(), self.net.state_dict().values()):
                if slow.dtype.is_floating_point:
                    slow.lerp_(fast, 1.0 - keep)
        return loss.item()

    def save(self) -> None:
        """Keeps all that resuming needs."""
        state = {"net": self.net.state_dict(), "averaged": self.averaged.state_dict()}
        state |= {"optimiser": self.optimiser.state_dict(), "architecture": self.architecture}
        partial = self.folder / "checkpoint.part"
        torch.save({**state, "step": self.step, "epoch": self.epoch}, partial)
        partial.replace(self.checkpoint)


def train(options: argparse.Namespace) -> None:
    windows = Windows(options.windows)
    assert windows.channels == CHANNELS
    training = windows.of_sectors(options.fold, outside=True)
    held_out = windows.of_sectors(options.fold, outside=False)
    probed = held_out[:: max(1, len(held_out) // options.probe)]
    run = Run(options)
    run.blind(windows)
    per_epoch = len(training) // BATCH
    steps = options.epochs * per_epoch
    print(f"{len(training)} training sectors, {len(held_out)} held out, {steps} steps, {run.device}", flush=True)
    while run.epoch < options.epochs:
        run.net.train()
        order = np.random.default_rng((SEED, run.epoch)).permutation(len(training))
        begun, total = time.time(), 0.0
        for b in range(per_epoch):
            chosen = order[b * BATCH : (b + 1) * BATCH]
            seeds = [(SEED, run.epoch, int(s)) for s in chosen]
            crops = [training_crop(windows, training[s], seed, options.one_frequency) for s, seed in zip(chosen, seeds)]
            total += run.descend(crops, rate(run.step, steps))
            if b % 50 == 0:
                took = time.time() - begun
                print(f"epoch {run.epoch} step {b}/{per_epoch} loss {total / (b + 1):.4f} {took:.0f} s", flush=True)
        run.epoch += 1
        report = {"epoch": run.epoch, "step": run.step, "seconds": round(time.time() - begun, 1)}
        report["loss"] = total / max(1, per_epoch)
        if probed:
            report["all_inputs"] = held_out_error(run, windows, probed, bare=False)
            report["city_inputs"] = held_out_error(run, windows, probed, bare=True)
        print(json.dumps(report), flush=True)
        with (options.run / "log.jsonl").open("a") as log:
            log.write(json.dumps(report) + "\n")
        run.save()


def make_up(folder: Path) -> None:
    """Windows whose residual is a function of two channels, so that learning it lowers the loss."""
    rng = np.random.default_rng(SEED)
    side, sectors, count = CROP, 24, 500
    features = rng.normal(size=(sectors, CHANNELS, side, side)).astype("<f2")
    features.tofile(folder / "features.f16")
    labels = np.zeros((sectors, count), dtype=[("at", "<u4"), ("residual", "<f4")])
    for s in range(sectors):
        labels["at"][s] = rng.permutation(side * side)[:count]
        planes = features[s].reshape(CHANNELS, -1)[:, labels["at"][s]].astype(np.float32)
        labels["residual"][s] = 8.0 * planes[6] - 5.0 * planes[13] + 3.0
    labels.tofile(folder / "labels.bin")
    rows = [f"{s},{s % 5},{s * count},{count}" for s in range(sectors)]
    (folder / "windows.csv").write_text("sector,fold,first,count\n" + "\n".join(rows) + "\n")
    names = ["known", "roof", "rise", "vegetation", "street", "profile", "distance", "direction_east", "direction_north"]
    names += [f"other_{i}" for i in range(len(names), CHANNELS)]
    meta = {"channels": names, "count": CHANNELS, "side": side, "windows": sectors}
    (folder / "meta.json").write_text(json.dumps(meta))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("windows", type=Path, nargs="?")
    parser.add_argument("--run", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--fold", type=int, default=0, help="the fold that is held out; -1: none")
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="narrow")
    parser.add_argument("--without", choices=GROUPS, nargs="*", default=[], help="inputs that are taken away")
    parser.add_argument("--start", type=Path, help="a run whose weights are the first")
    parser.add_argument("--many-frequencies", dest="one_frequency", action="store_false")
    parser.add_argument("--probe", type=int, default=80, help="held-out sectors looked at after each epoch")
    parser.add_argument("--bf16", action="store_true", help="compute in bf16 and keep the weights in f32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.smoke:
        with tempfile.TemporaryDirectory() as scratch:
            options.windows = Path(scratch)
            options.run = options.run or options.windows / "run"
            options.epochs, options.probe = 4, 4
            make_up(options.windows)
            train(options)
        return
    if options.windows is None or options.run is None:
        parser.error("WINDOWS and --run are needed")
    train(options)


if __name__ == "__main__":
    main()
