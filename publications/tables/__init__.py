"""The tables of a publication: written, read and summarized."""
