"""What the books say of cars, lanes and alarms: traffic, occupancy, who is inside, what stood still."""
