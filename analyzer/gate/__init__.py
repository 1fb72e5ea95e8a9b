"""What decides whether a check passes: chosen rules, requirements, and what is known already."""
