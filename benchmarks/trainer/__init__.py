"""What the trainer costs and how well it learns, beside the plain way of doing the same."""
