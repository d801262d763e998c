"""Train and run sequence models."""
