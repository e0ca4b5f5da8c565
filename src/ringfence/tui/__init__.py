"""The terminal view: it shows what `app.watching` tells, and hands an operator's answers to the gate."""
