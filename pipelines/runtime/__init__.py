"""What every run needs: progress, Prefect tasks, alerts, the run log, exit codes."""
