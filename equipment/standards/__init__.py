"""计量标准: what each kind may be used for on a day, and the verbs of its life from building to withdrawal.

facts.py           what a standard is and has on a day, found by one statement for as many standards as are asked for
rules.py           why a standard may not be used on a day for a piece of work
files.py, people.py  the file set and how complete it is; who is entitled to work with it
gates*.py          what must hold before a verb
workflow.py, parts.py  the verbs
"""
