"""What a stay costs and how it is paid."""
