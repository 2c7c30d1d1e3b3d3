"""What is missing and what was found → the plan. Nothing happens here."""
