"""器具码: a code that is stuck on a thing for as long as it lives, and the public page behind it.

cards.refresh(rows, at)     the public pages of the rows' codes say what is so now
verbs.make_blank(...)       codes to print before anybody knows what they will stick on
verbs.make_for(...)         a code for each piece of equipment that has none
verbs.link / relink / retire
"""
