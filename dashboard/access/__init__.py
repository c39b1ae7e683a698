"""Who may look at what, and the settings that say so."""
