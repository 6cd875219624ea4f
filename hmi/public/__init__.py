"""What drivers' phones see, and where WeChat's notices arrive. It knows no tag, no lane and no operator."""
