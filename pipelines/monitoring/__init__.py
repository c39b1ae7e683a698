"""The model in use: drift, and its gain since the training."""
