"""Language models, one a file: its `Config`, its module, its paper."""
