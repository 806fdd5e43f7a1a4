# task: sum
# limits: cpu_seconds=0.5 wall_seconds=4 memory_bytes=40000000
# expect: memory_limit|time_limit (the compiler reaches either first)
# tries: to use up memory in the compiler, at run time
import ast

ast.parse("[" + "[1, x, 'y'], " * 300_000 + "]")
