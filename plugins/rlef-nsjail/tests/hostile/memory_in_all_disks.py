# task: sum
# limits: cpu_seconds=1 wall_seconds=4 memory_bytes=20000000
# expect: runtime_error
# expect(multiprocess): memory_limit|runtime_error (files in memory count as memory where there are control groups; else they fill their disks)
# tries: to fill more memory by files than its control group has, so that whoever is killed for it is another
import os

for folder in ("/tmp", "/dev/shm"):
    try:
        for number in range(10_000):
            with open(f"{folder}/file-{number}", "wb") as file:
                file.write(b"x" * 60_000)
    except OSError:
        os.stat("/dev/shm")
raise SystemExit("all disks are full")
