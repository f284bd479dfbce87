"""状态标识: what a label says is read off the live state, and every printed one is on record.

facts.drafts(rows, day)      labels as they would be printed today, not yet saved
printing.print_labels(...)   labels with their numbers, and what could not be labelled with its reasons
printing.void(...)           a label counts for nothing any more
sheets.pdf(...)              labels and device codes on paper
"""
