"""What a box will be, made from what is wanted, the policy and the machine. Nothing here acts."""
