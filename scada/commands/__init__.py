"""The sub-commands of `daozha`. Each takes its parsed arguments and gives the exit code."""
