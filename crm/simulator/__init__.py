"""A simulated CRM whose true conversion probabilities are known."""
