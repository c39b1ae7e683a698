"""The dashboard's server: how it starts and who may look."""
