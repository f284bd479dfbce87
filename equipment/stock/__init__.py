"""盘点: what should be there is written down when it opens, everybody counts with a phone, and a signed report closes it.

verbs.open_check / count / close / attach_report
counting.understood(...)   what a scanned or typed text stands for
report.pdf(content)        the report as a PDF
"""
