"""The voice of customers, with clocks and secrecy."""
