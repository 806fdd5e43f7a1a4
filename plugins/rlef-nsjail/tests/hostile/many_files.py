# task: sum
# expect: runtime_error
# tries: to use up the inodes
number = 0
while True:
    with open(f"file-{number}", "wb"):
        number += 1
