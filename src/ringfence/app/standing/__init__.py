"""What the policy thinks of everything that was seen, and what of that the ledger did not know yet.

`judging` puts each model, listener, runtime and agent before the policy; `recording` compares what was seen
with what the ledger says was there, and records the difference.
"""
