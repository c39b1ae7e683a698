"""The order of work: settings, flows and the command."""
