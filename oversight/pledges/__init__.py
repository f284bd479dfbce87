"""承诺监管: the pledges of a region, what a regulator does about one of them, and the wording they are made by."""
