"""Sentences per CPU second of a translator.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/decode_speed.py [MODEL] [FILE] [BEAM] [BATCH]

MODEL is the shipped one by default, FILE Multi30k's English test sentences, BEAM 5, BATCH 64.
"""

import sys
import time
from pathlib import Path

import torch

import seqkit
from seqkit.data.batching import pad
from seqkit.data.files import read_lines
from seqkit.recipes import corpora
from seqkit.search.batches import longest
from seqkit.search.beam import beam_search


def translate(translator, sources, beam, batch):
    """Translate ids of sentences; return how many tokens came out."""
    tokens = 0
    for start in range(0, len(sources), batch):
        chunk = sources[start : start + batch]
        limits = [longest(len(source), translator.search) for source in chunk]
        found = beam_search(translator.model, pad(chunk), limits, beam=beam)
        tokens += sum(len(hypotheses[0].ids) + 1 for hypotheses in found)
    return tokens


def main(model="", file="", beam="5", batch="64"):
    torch.set_num_threads(1)
    translator = seqkit.load(model or None, device="cpu")
    path = Path(file) if file else corpora().locate("multi30k", ["test_2016_flickr.en.gz"])[0]
    sources = translator.source.encode_all(read_lines(path), eos=True)
    sources.sort(key=len, reverse=True)

    translate(translator, sources[:64], int(beam), int(batch))  # to warm up
    began = time.process_time()
    tokens = translate(translator, sources, int(beam), int(batch))
    seconds = time.process_time() - began

    speeds = f"{len(sources) / seconds:.1f} sentences, {tokens / seconds:.0f} tokens"
    print(f"beam {beam}, batch {batch}: {speeds} per CPU second")


if __name__ == "__main__":
    main(*sys.argv[1:])
