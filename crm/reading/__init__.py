"""Read the files or tables of an export into typed frames, with quarantine and counts."""
