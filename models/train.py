"""Trains the coverage network on exported windows; resumable, seeded, and the same order of data every time.

    farfield export --dataset chengdu DATA --output WINDOWS
    python models/train.py WINDOWS --run RUN [--epochs 10]     then: python models/export_onnx.py RUN

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

from dataset import CROP, Windows, forget, training_crop
from network import CHANNELS, Correction

BATCH = 8
PEAK_RATE = 4e-3
WARM_UP = 200
DECAY = 1e-2
# Weights are averaged over about this many steps; the average is what is evaluated and shipped.
AVERAGE = 400
SEED = 20260722
HELD_OUT = 0


def loss_of(output: torch.Tensor, target: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Squared error of the mean in (10 dB)², plus the likelihood of the spread around that mean held fixed: the mean is
    fitted as if every cell were equally certain, which is what an RMSE rewards."""
    error = output[:, 0] - target
    spread = output[:, 1].clamp(-1.0, 4.0)
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
def held_out_error(net: torch.nn.Module, windows: Windows, sectors: np.ndarray, bare: bool) -> dict:
    """Errors over all measured cells of whole windows. `bare`: with nothing but what a city archive knows."""
    net.eval()
    errors = []
    for sector in sectors:
        features, target, mask = windows.window(sector)
        forget(features, rise=bare, cover=bare, unknown=bare)
        output = net(torch.from_numpy(features)[None])[0, 0].numpy()
        errors.append((output - target)[mask > 0])
    errors = np.concatenate(errors)
    return {"rmse": float(np.sqrt(np.mean(errors**2))), "mae": float(np.abs(errors).mean()), "bias": float(errors.mean())}


def train(folder: Path, run: Path, epochs: int, probe: int) -> None:
    windows = Windows(folder)
    assert windows.channels == CHANNELS
    usable = np.flatnonzero(windows.count >= 100)
    training = usable[windows.fold[usable] != HELD_OUT]
    held_out = usable[windows.fold[usable] == HELD_OUT]
    probed = held_out[:: max(1, len(held_out) // probe)]
    torch.manual_seed(SEED)
    net = Correction().to(memory_format=torch.channels_last)
    averaged = copy.deepcopy(net)
    optimiser = torch.optim.AdamW(net.parameters(), lr=PEAK_RATE, weight_decay=DECAY)
    per_epoch = len(training) // BATCH
    steps, step, epoch = epochs * per_epoch, 0, 0
    run.mkdir(parents=True, exist_ok=True)
    checkpoint = run / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(state["net"])
        averaged.load_state_dict(state["averaged"])
        optimiser.load_state_dict(state["optimiser"])
        step, epoch = state["step"], state["epoch"]
    print(f"{len(training)} training sectors, {len(held_out)} held out, {steps} steps", flush=True)
    while epoch < epochs:
        net.train()
        order = np.random.default_rng((SEED, epoch)).permutation(training)
        begun, total = time.time(), 0.0
        for b in range(per_epoch):
            crops = [training_crop(windows, s, (SEED, epoch, int(s))) for s in order[b * BATCH : (b + 1) * BATCH]]
            features, target, mask = (torch.from_numpy(np.stack(part)) for part in zip(*crops))
            features = features.contiguous(memory_format=torch.channels_last)
            for group in optimiser.param_groups:
                group["lr"] = rate(step, steps)
            optimiser.zero_grad(set_to_none=True)
            loss = loss_of(net(features), target, mask)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            step += 1
            keep = 1.0 - 1.0 / min(AVERAGE, 1.0 + step / 4)
            with torch.no_grad():
                for slow, fast in zip(averaged.state_dict().values(), net.state_dict().values()):
                    if slow.dtype.is_floating_point:
                        slow.lerp_(fast, 1.0 - keep)
            total += loss.item()
            if b % 50 == 0:
                print(f"epoch {epoch} step {b}/{per_epoch} loss {total / (b + 1):.4f} {time.time() - begun:.0f} s", flush=True)
        epoch += 1
        report = {
            "epoch": epoch,
            "step": step,
            "seconds": round(time.time() - begun, 1),
            "loss": total / max(1, per_epoch),
            "all_inputs": held_out_error(averaged, windows, probed, bare=False),
            "city_inputs": held_out_error(averaged, windows, probed, bare=True),
        }
        print(json.dumps(report), flush=True)
        with (run / "log.jsonl").open("a") as log:
            log.write(json.dumps(report) + "\n")
        state = {"net": net.state_dict(), "averaged": averaged.state_dict(), "optimiser": optimiser.state_dict()}
        partial = run / "checkpoint.part"
        torch.save({**state, "step": step, "epoch": epoch}, partial)
        partial.replace(checkpoint)


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
    (folder / "sectors.csv").write_text("cell,fold,first,count\n" + "\n".join(rows) + "\n")
    names = ["known", "roof", "rise", "vegetation", "street", "profile", "distance", "direction_east", "direction_north"]
    names += [f"other_{i}" for i in range(len(names), CHANNELS)]
    meta = {"channels": names, "count": CHANNELS, "side": side, "sectors": sectors}
    (folder / "meta.json").write_text(json.dumps(meta))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("windows", type=Path, nargs="?")
    parser.add_argument("--run", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--probe", type=int, default=80, help="held-out sectors looked at after each epoch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.smoke:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            make_up(folder)
            train(folder, options.run or folder / "run", epochs=4, probe=4)
        return
    if options.windows is None or options.run is None:
        parser.error("WINDOWS and --run are needed")
    train(options.windows, options.run, options.epochs, options.probe)


if __name__ == "__main__":
    main()
