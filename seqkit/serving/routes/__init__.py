"""The service's own routes; each module's `router` makes those of a `Kernel`."""
