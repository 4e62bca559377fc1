"""How faults are planted: one file = one operator, named by `PLANT.operator` of a fault file.

Each file holds `plant(seed, **severity) -> Trial`: it makes a healthy run of a made-up language,
plants the fault, and says by a check of its own whether the fault is really there.
"""
