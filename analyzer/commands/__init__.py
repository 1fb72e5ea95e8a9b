"""One module per subcommand; each holds its own options. Heavy imports wait until it runs."""
