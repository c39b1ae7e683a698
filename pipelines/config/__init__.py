"""Settings, the run context, and the registry's address."""
