"""The pledge on paper: the pledge itself in two languages, and a poster for the counter.

contents.pledge / contents.poster   what they say, as texts
drawing.pledge / drawing.poster     the same as PDF
tasks.draw_pledge, draw_poster      drawn by a worker in its sandbox, kept as documents
"""
