"""Encoder-decoders, one a file: its `Config`, its module, its paper."""
