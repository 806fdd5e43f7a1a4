# task: sum
# expect: memory_limit
# tries: to reserve memory, without using it, until something gives
blocks = []
while True:
    blocks.append(bytearray(16 << 20))
