# task: sum
# expect: memory_limit
# tries: to make a text longer than all memory
print("ha" * (1 << 40))
