"""What is good, not what is fast: scripts whose figures stand in RESULTS.md, each with its options.

    python -m benchmarks.quality.engine_equality    # number formats of CTranslate2, our own search
    python -m benchmarks.quality.exported_models    # exported models in other programs
    python -m benchmarks.quality.imported_models    # models of other programs in seqkit
    python -m benchmarks.quality.fusion             # a language model in the search
    python -m benchmarks.quality.house_prices       # scikit-learn on the folds of house-prices
    python -m benchmarks.quality.ngram_mixing       # mixed and pruned n-gram models
    python -m benchmarks.quality.ngram_selection    # what selected training text brings
    python -m benchmarks.quality.number_copying     # numbers that come back as they were
    python -m benchmarks.quality.passthrough        # URLs, tags and times in translations
    python -m benchmarks.quality.sentence_split     # sentence splitters in ten languages
    python -m benchmarks.quality.term_quality       # glossaries: terms placed, BLEU, chrF

Each says in its docstring what it needs and takes.
"""
