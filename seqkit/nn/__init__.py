"""Layers: tensors and numbers only, no vocabulary and no config."""
