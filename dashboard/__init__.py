"""Shows the publication in force; computes nothing of its own."""
