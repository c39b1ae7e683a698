"""The home folder, its lock, and publications as immutable folders."""
