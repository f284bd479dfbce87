"""The public pledge and its truth."""
