"""Looking at oneself and getting better."""
