"""What the world sees: the files of a publication, how they are written and read."""
