"""`seqkit lm`: thin over the library."""
