"""Drift of inputs and scores, and decay of a model in use."""
