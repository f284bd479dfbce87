"""Who works here, what they have shown that they can, what they may do, and what stops them from doing it."""
