# task: sum
# expect: runtime_error
# expect(multiprocess): runtime_error
# tries: to end its process group, and whoever is in it besides
import os
import signal
import sys

if os.path.exists("/proc/self"):
    sys.exit("this is no jail: refusing")
os.kill(0, signal.SIGKILL)
