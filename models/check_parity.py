"""Checks that onnxruntime computes from models/coverage.onnx what PyTorch did when it was exported (models/parity.json)."""

import json
from pathlib import Path

import numpy as np
import onnxruntime

from fixed_input import SIDE, fixed_input

TOLERANCE = 1e-3

folder = Path(__file__).parent
parity = json.loads((folder / "parity.json").read_text())
session = onnxruntime.InferenceSession(str(folder / "coverage.onnx"), providers=["CPUExecutionProvider"])
assert SIDE % parity["step"] == 0
found = session.run(None, {"features": fixed_input()})[0][0, :, :: parity["step"], :: parity["step"]]
difference = np.abs(found - np.reshape(parity["correction"], parity["shape"])).max()
assert difference < TOLERANCE, f"differs by {difference}"
print(f"differs by at most {difference:.2e}")
