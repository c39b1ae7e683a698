"""The files of a publication and the warnings beside a list."""
