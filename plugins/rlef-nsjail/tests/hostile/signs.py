# task: sum
# limits: cpu_seconds=2 wall_seconds=6
# expect: runtime_error|memory_limit (the interpreter calls a full stack of its parser a MemoryError)
# append: [["answer = ", 1], ["-", 200000], ["1", 1]]
# tries: to break the parser by signs
