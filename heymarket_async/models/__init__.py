"""What the service answers, as frozen attrs classes. One file for each noun."""
