# task: sum
# expect: memory_limit
# tries: to make a number of a billion bytes
print(1 << (1 << 33))
