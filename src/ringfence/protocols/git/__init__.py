"""Git over HTTP: what a push changes, and how it is refused in git's own words."""
