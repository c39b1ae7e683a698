"""The scorer: fit, calibrate, explain, save and load."""
