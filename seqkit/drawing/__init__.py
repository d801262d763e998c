"""Pictures: axes and files, learning curves, heat maps."""
