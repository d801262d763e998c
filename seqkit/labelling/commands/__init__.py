"""`seqkit classify`, `tag` and `segment`, and what evaluate, compare and explain do for them."""
