"""The regulator's eye, computed from everything below."""
