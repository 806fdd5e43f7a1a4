# task: sum
# expect: memory_limit|runtime_error (a MemoryError that is told on standard error cannot be told from a real one)
# tries: to be taken for a program that ran out of memory
raise MemoryError
