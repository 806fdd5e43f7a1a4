# task: sum
# limits: cpu_seconds=1 wall_seconds=4 memory_bytes=40000000
# expect: memory_limit|runtime_error (files in memory count as memory where there are control groups; else they fill their disk)
# tries: to fill its memory by files, so that whoever is killed for it is another
number = 0
while True:
    with open(f"file-{number}", "wb") as file:
        file.write(b"x" * 60_000)
    number += 1
