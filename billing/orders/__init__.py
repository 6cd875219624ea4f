"""Orders at WeChat: made, asked for, closed and settled; notices of their payment."""
