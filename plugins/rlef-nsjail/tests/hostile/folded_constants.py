# task: sum
# limits: cpu_seconds=0.3 wall_seconds=2
# expect: time_limit
# tries: to keep the compiler busy with a constant
if True:
    print(len(str(((7**99999) ** 999) ** 9)))
