"""The text detector: labels, decode and metrics need no torch; model, loss and dataset do."""
