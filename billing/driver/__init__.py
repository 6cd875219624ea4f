"""What a driver sees and does on a phone: the fee of one stay, paying it, and who may ask for it."""
