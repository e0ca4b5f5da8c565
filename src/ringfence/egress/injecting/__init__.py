"""How a secret takes its placeholder's place: found, checked, put in; and what is made of secrets outside."""
