"""The on-disk formats that this project owns: the trainer writes them, the analyzer reads them."""
