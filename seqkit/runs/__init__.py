"""From a config to a run folder, and from a run folder to a predictor."""
