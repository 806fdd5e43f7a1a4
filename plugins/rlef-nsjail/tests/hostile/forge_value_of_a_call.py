# task: add
# expect: wrong_answer
# tries: to leave an answer on every descriptor while it is loaded, and end before the call
import os

for descriptor in range(3, 64):
    try:
        os.write(descriptor, b'{"$accepted": true}')
    except OSError:
        continue
print("accepted")
os._exit(0)
