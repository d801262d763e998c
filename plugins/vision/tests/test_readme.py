"""What the plugin's page says works, for somebody with a folder of photos."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import paste
from PIL import Image
from seqkit_vision.compat import torchvision

PAGE = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)
SHELL = [
    line.partition("#")[0].strip()
    for kind, body in BLOCKS
    if kind == "bash"
    for line in body.splitlines()
]
QUICK = (
    " --set train.steps=2 --set train.eval_every=2 --set data.batch=8"
    " --set data.limit=30 --set optim.warmup=0"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a reader stands: with photos of two kinds, and with published weights."""
    folder = tmp_path_factory.mktemp("reader")
    noise = np.random.default_rng(0)
    for name in ("bright", "dark"):
        (folder / "photos" / name).mkdir(parents=True)
        for i in range(20):
            pixels = noise.integers(0, 128, (40, 50, 3)) + (127 if name == "bright" else 0)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "photos" / name / f"{i}.png")
    Image.fromarray(pixels.astype(np.uint8)).save(folder / "image.jpg")
    torch.manual_seed(0)
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), folder / "resnet18.pth")
    return folder


@pytest.mark.slow
def test_every_command_and_python_example_of_the_readme_works(folder):
    for line in SHELL:
        if line.startswith("pip") or "--pretrained" in line:  # need a network
            continue
        if "fashion-mnist" in line and not os.environ.get("SEQKIT_CORPORA"):
            continue
        if " train " in line:
            line += QUICK + (
                " --set data.size=32" if "data.size" not in line and "photos" in line else ""
            )
        if " evaluate " in line:
            line += " --data photos"
        result = paste(folder, line)
        assert result.returncode == 0, f"{line}\n{result.stdout}{result.stderr}"
    assert all((folder / name).stat().st_size for name in ("confusion.png", "mistakes.png"))
    assert len(list((folder / "explained").glob("*.png"))) == 3
    for body in (body for kind, body in BLOCKS if kind == "python"):
        result = subprocess.run(
            [sys.executable, "-c", body], cwd=folder, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, body + result.stderr
        assert "bright" in result.stdout


def test_every_option_in_the_readme_exists():
    from seqkit_vision.commands import vision

    known = {
        name for command in vision.commands.values() for p in command.params for name in p.opts
    }
    assert set(re.findall(r"--[a-z-]+", PAGE)) <= known | {"--set", "--layers"}
