"""What the ad exchange needs besides its workflows."""
