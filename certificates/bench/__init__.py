"""What the portal costs beside the least it could cost: both measured in turn, in one run, on one machine.

`measure` times and judges, `database` and `laboratory` make what is worked on, `children` are further processes.
The parts `code_page`, `issuing`, `ledger`, `paper` and `throughput` each yield lines. See docs/performance.md.
"""
