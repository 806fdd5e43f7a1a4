# task: sum
# expect: accepted (it answers only where no planted file runs in its place)
# tries: to leave files that the next case's interpreter might import or run
import os
import sys

PLANTED = "print('planted'); import os; os._exit(0)\n"
NAMES = ("solution.py", "driver.py", "sitecustomize.py", "usercustomize.py", "_json.py", "json.py", "os.py", "re.py", "_sitebuiltins.py", "x.pth")
answer = sum(map(int, sys.stdin.read().split()))
home = os.environ.get("HOME", "/tmp")
for folder in (".", "..", "/tmp", home, f"{home}/.local/lib/python3.11/site-packages", *sys.path):
    for name in NAMES:
        try:
            os.makedirs(folder or ".", exist_ok=True)
            with open(os.path.join(folder, name), "w") as file:
                file.write(PLANTED)
        except OSError:
            continue
print(answer)
