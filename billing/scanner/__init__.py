"""Code pay at an exit lane: a scanner reads the payer's code off a phone, and WeChat takes the quote from it."""
