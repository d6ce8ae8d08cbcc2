"""Exports the averaged weights of a run as ONNX, in half precision, and fixed inputs with their outputs for the parity tests.

    python models/export_onnx.py RUN [--output models/coverage.onnx] [--fixture models/parity.json]
    python models/export_onnx.py --random dense --output scratch.onnx      an untrained network, for plumbing
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fixed_input import fixed_input
from network import Correction

# Tensors of fewer numbers stay in single precision.
LEAST_HALVED = 1024
# Cells of the output that the parity fixture keeps: every 16th in both directions.
STEP = 16
TOLERANCE = 1e-3


def fuse(module: nn.Module) -> nn.Module:
    """Takes every normalisation into the convolution before it."""
    for name, child in module.named_children():
        if isinstance(child, nn.Sequential) and [type(m) for m in child] == [nn.Conv2d, nn.BatchNorm2d]:
            setattr(module, name, fuse_conv_bn_eval(*child))
        else:
            fuse(child)
    return module


def halve(net: nn.Module) -> None:
    """Rounds large tensors of weights to half precision, so that what is published computes what is checked here."""
    with torch.no_grad():
        for weights in net.parameters():
            if weights.numel() >= LEAST_HALVED:
                weights.copy_(weights.half().float())


def pack(path: Path) -> None:
    """Writes those tensors in half precision; a cast makes them single again where they are used, once, when it is loaded."""
    model = onnx.load(path)
    casts = []
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= LEAST_HALVED:
            name = tensor.name
            tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "coverage.onnx")
    parser.add_argument("--fixture", type=Path, help="where the parity fixture goes; none without it")
    parser.add_argument("--random", metavar="ARCHITECTURE")
    options = parser.parse_args()
    torch.manual_seed(0)
    if options.random:
        net = Correction(options.random)
        torch.nn.init.normal_(net.head.weight, std=0.1)
    else:
        state = torch.load(options.run / "checkpoint.pt", weights_only=True, map_location="cpu")
        net = Correction(state["architecture"])
        net.load_state_dict(state["averaged"])
    net = fuse(net.eval())
    halve(net)
    features = torch.from_numpy(fixed_input())
    names = {"input_names": ["features"], "output_names": ["correction"]}
    torch.onnx.export(net, (features,), str(options.output), opset_version=17, dynamo=False, **names)
    pack(options.output)
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
