"""Make the model that ships with seqkit of a finished run: weights as float16, no trainer state.

seqkit train tatoeba-deu-eng/en-de --out runs/en-de
python benchmarks/ship_model.py runs/en-de seqkit/pretrained/en-de
"""

import json
import shutil
import sys
from pathlib import Path

from safetensors.torch import save_file

from seqkit.training import checkpoint

run, out = Path(sys.argv[1]), Path(sys.argv[2])
step = checkpoint.resolve(run)
out.mkdir(parents=True, exist_ok=True)
tensors = checkpoint.load_tensors(step / checkpoint.MODEL)
save_file({name: tensor.half() for name, tensor in tensors.items()}, out / checkpoint.MODEL)
(out / checkpoint.META).write_text(
    json.dumps(checkpoint.read_meta(step), indent=2) + "\n", encoding="utf-8"
)
for folder in step.glob("*tokenizer"):
    shutil.copytree(folder, out / folder.name, dirs_exist_ok=True)
