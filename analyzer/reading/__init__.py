"""What the readers share: files, text, tables of rows, names, and how they become a Run."""
