"""Tagging: a sentence of words in, a tag for each word out."""
