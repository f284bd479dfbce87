"""Finding in the public directory: what is asked, in which words and units, and which institutions answer it.

`asked` reads a search as it was typed, `finding` answers it a page at a time, `places` knows divisions, `standing` what a
pledge is worth on a day, `stretch` the U along a range, and `terms` the names under which lines stand.
"""
