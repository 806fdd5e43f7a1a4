# task: add
# expect: wrong_answer
# tries: to leave an answer on every descriptor while it is loaded, and end before the call
import os

for descriptor in range(3, 64):
    try:
        os.write(descriptor, b"5")
    except OSError:
        continue
print(5)
os._exit(0)
