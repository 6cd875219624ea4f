"""What past stays would have cost under a draft: reckoned beside the plant, in a process of its own."""
