"""Exports the averaged weights of a run as ONNX of fixed shape, and fixed inputs with their outputs for the parity tests.

    python models/export_onnx.py RUN [--output models/coverage.onnx]
    python models/export_onnx.py --random --output scratch.onnx      an untrained network, for plumbing
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from fixed_input import fixed_input
from network import Correction

# Cells of the output that the parity fixture keeps: every 16th in both directions.
STEP = 16
TOLERANCE = 1e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "coverage.onnx")
    parser.add_argument("--fixture", type=Path, help="where the parity fixture goes; none without it")
    parser.add_argument("--random", action="store_true")
    options = parser.parse_args()
    torch.manual_seed(0)
    net = Correction()
    if options.random:
        torch.nn.init.normal_(net.head.weight, std=0.1)
    else:
        net.load_state_dict(torch.load(options.run / "checkpoint.pt", weights_only=True)["averaged"])
    net.eval()
    features = torch.from_numpy(fixed_input())
    names = {"input_names": ["features"], "output_names": ["correction"]}
    torch.onnx.export(net, (features,), str(options.output), opset_version=17, dynamo=False, **names)
    onnx.checker.check_model(onnx.load(options.output), full_check=True)
    with torch.no_grad():
        expected = net(features).numpy()
    session = onnxruntime.InferenceSession(str(options.output), providers=["CPUExecutionProvider"])
    difference = np.abs(session.run(None, {"features": features.numpy()})[0] - expected).max()
    print(f"{options.output}: {options.output.stat().st_size} bytes; onnxruntime differs by at most {difference:.2e}")
    assert difference < TOLERANCE
    if options.fixture:
        kept = expected[0, :, ::STEP, ::STEP]
        fixture = {"step": STEP, "shape": kept.shape, "correction": [round(float(v), 6) for v in kept.flatten()]}
        options.fixture.write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
