# task: sum
# limits: cpu_seconds=1 wall_seconds=4 memory_bytes=40000000
# expect: memory_limit|time_limit (the compiler reaches either first)
# append: [["x = 0\n", 1], ["x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, x, x, x, x, x, x, x, x, x, x]\n", 8000]]
# tries: to use up memory or time in the compiler
