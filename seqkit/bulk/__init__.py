"""More text than one process gets through: translate, label, score and select on Ray.

    inputs.py    the files of INPUT, of one kind
    formats.py   text, TSV, JSON lines: read in shards, written with what was found
    parquet.py   Parquet likewise
    verbs.py     what is done with a row: translate, score, predict, select
    output.py    the folder OUTPUT: parts, what is known of them, how a repeated command goes on
    cluster.py   Ray: a cluster on this machine, or one at an address; its worker processes
    pieces.py    hands pieces of shards to workers and outlives their deaths
    job.py       ties them together
    choosing.py  `select`: what the models are, and which rows are chosen in the end

A shard is a few thousand rows of a file that follow each other. It becomes one part of OUTPUT, and
is there whole or not at all. A piece is some rows of a shard, of about the same length, which a
worker answers together. The driver alone reads INPUT and writes OUTPUT.
"""
