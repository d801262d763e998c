"""Text classification: a text in, its class or classes with probabilities out."""
