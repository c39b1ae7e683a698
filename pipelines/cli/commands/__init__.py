"""The commands of ``leadgain``, by group; each imports what it needs when it runs."""
