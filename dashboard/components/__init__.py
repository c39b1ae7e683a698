"""What the dashboard's pages are made of."""
