"""What may stand where in a policy document: each shape reads, says what it is, and gives its JSON Schema."""
