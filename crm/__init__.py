"""What a CRM exports, and whether it can be trusted. No model, no orchestration."""
