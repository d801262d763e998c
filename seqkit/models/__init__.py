"""Models: each a `Config` of what a person chooses, and a module that also takes what the data decides."""
