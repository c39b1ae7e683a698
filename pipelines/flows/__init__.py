"""The order of work as Prefect flows: check, train, score, nightly."""
