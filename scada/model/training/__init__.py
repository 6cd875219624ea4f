"""What a training is: the lessons with their right answers, and how a person's answer is judged. Pure."""
