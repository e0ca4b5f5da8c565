"""Tasks of `ringfence policy` that ask a policy questions: one file for each."""
