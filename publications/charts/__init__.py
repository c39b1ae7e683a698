"""Charts that dashboard, report and PNG files share."""
