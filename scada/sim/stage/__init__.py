"""What a scenario plays on: the stage, what is known after it, and the verdict in words."""
