"""The sections of a policy document: what each may say, and the rules that it comes down to."""
