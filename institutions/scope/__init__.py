"""能力范围: how ranges and CMC are written, read and reckoned, and whether a measurement lies inside."""
