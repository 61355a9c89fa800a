"""Door: the command line. A command reads arguments, calls verbs in the order of the path, and prints."""
