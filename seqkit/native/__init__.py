"""Inner loops in C, for those who wait for them. Nothing needs them.

Every function has a twin in NumPy, torch or Python, which gives the same results (those of torch up
to rounding) and is what the C was written after. The library is compiled where seqkit is built, if
there is a C compiler, and left out silently if not; `SEQKIT_NATIVE=off` does without it, and
`seqkit doctor` says what is used.

build.py      compiles the C files; run by pip, or `python -m seqkit.native.build` in a checkout
library.py    finds and opens the library
ngrams.py     words to ids (words.c), scores by back-off models (ngrams.c)
best.py       the best continuations of a beam (best.c), for seqkit.search.compiled
ctc.py        the frames of a CTC search (ctc.c, ctc_settle.c), for seqkit.search.ctc.compiled
recurrent.py  LSTM and GRU layers in training (recurrent.c), for seqkit.nn.recurrence
training.py   passes over activations (training.c), for seqkit.nn.passes
layers.py     the layers of a Transformer (layers.c), for seqkit.nn.compiled
"""
