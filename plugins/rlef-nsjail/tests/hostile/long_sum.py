# task: sum
# limits: cpu_seconds=3 wall_seconds=9 memory_bytes=256000000
# expect: runtime_error|memory_limit (the interpreter calls a full stack of its parser a MemoryError)
# append: [["answer = 1", 1], [" + x", 100000]]
# tries: to break the compiler by an expression as deep as it is long
