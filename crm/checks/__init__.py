"""Judge whole tables of an export, and look for columns written after the outcome."""
