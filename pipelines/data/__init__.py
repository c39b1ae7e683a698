"""The checked export, its comparison with earlier lists, and matrices of snapshots."""
