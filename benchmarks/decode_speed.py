"""Sentences per CPU second of a translator: `OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/decode_speed.py`

Arguments: model (default the shipped one), file of source lines (default Multi30k's test sentences), beam, batch.
"""

import sys
import time
from pathlib import Path

import torch

import seqkit
from seqkit.data.batching import pad
from seqkit.data.files import read_lines
from seqkit.recipes import corpora
from seqkit.search.beam import beam_search
from seqkit.search.decode import longest

model, file, beam, batch = (*sys.argv[1:], *["", "", "5", "64"][len(sys.argv) - 1 :])
translator = seqkit.load(model or None, device="cpu")
path = Path(file) if file else corpora().locate("multi30k", ["test_2016_flickr.en.gz"])[0]
sources = translator.source.encode_all(read_lines(path), eos=True)
order = sorted(range(len(sources)), key=lambda i: -len(sources[i]))
torch.set_num_threads(1)
tokens = 0
for part in (order[:64], order):  # the first to warm up
    began = time.process_time()
    tokens = 0
    for i in range(0, len(part), int(batch)):
        chunk = [sources[j] for j in part[i : i + int(batch)]]
        limits = [longest(len(source), translator.search) for source in chunk]
        found = beam_search(translator.model, pad(chunk), limits, beam=int(beam))
        tokens += sum(len(hypotheses[0].ids) + 1 for hypotheses in found)
    seconds = time.process_time() - began
print(
    f"beam {beam}, batch {batch}: {len(order) / seconds:.1f} sentences, {tokens / seconds:.0f} tokens per CPU second"
)
