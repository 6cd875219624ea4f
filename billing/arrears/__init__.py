"""What stays still owe after their cars have left: shown, asked for, paid, given up."""
