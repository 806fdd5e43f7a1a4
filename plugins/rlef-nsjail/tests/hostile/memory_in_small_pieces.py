# task: sum
# limits: cpu_seconds=0.5 wall_seconds=4 memory_bytes=40000000
# expect: memory_limit
# tries: to take memory in pieces that no allocator returns
pieces = []
while True:
    pieces.append((pieces[-1:], str(len(pieces))))
