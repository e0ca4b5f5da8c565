"""The one door: finds the policy, decides an action, records it, hands out the receipt."""
