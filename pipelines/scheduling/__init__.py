"""`leadgain serve`: schedules, missed runs and outages of Prefect's server."""
