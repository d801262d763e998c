"""Make the model that ships with seqkit from a finished run: float16 weights, no trainer state.

seqkit train tatoeba-deu-eng/en-de --out runs/en-de
python benchmarks/ship_model.py runs/en-de seqkit/pretrained/en-de
"""

import json
import shutil
import sys
from pathlib import Path

from safetensors.torch import save_file

from seqkit.training import checkpoint


def main(run, out):
    step = checkpoint.resolve(Path(run))
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)

    tensors = checkpoint.load_tensors(step / checkpoint.MODEL)
    halves = {name: tensor.half() for name, tensor in tensors.items()}
    save_file(halves, folder / checkpoint.MODEL)

    meta = json.dumps(checkpoint.read_meta(step), indent=2)
    (folder / checkpoint.META).write_text(meta + "\n", encoding="utf-8")
    for tokenizer in step.glob("*tokenizer"):
        shutil.copytree(tokenizer, folder / tokenizer.name, dirs_exist_ok=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
