"""A package, so that its tests share one browser and no other test does."""
