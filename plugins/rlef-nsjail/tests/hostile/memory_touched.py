# task: sum
# expect: memory_limit
# tries: to take memory and use it until something gives
blocks = []
while True:
    blocks.append(bytearray(b"x") * (1 << 20))
