# task: sum
# expect: runtime_error
# tries: to fill the file system by files that are small enough
number = 0
while True:
    with open(f"/tmp/left-by-hostile-{number % 40}", "ab") as file:
        file.write(b"x" * 4096)
    number += 1
