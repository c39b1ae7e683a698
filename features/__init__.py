"""What was known about a lead at an instant. No model, no orchestration."""
