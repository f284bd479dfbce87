"""Methods: which are in use and still current, who relies on them, and how a method of one's own comes into force."""
