# task: sum
# expect: wrong_answer
# tries: to run code after its end by hooks: the collector's, imports', audits', exits'
import atexit
import gc
import sys
import weakref


class Forger:
    def find_spec(self, name, path=None, target=None):
        return None

    def __del__(self):
        print("accepted")


sys.meta_path.insert(0, Forger())
sys.path_hooks.insert(0, lambda path: Forger())
gc.callbacks.append(lambda phase, info: None)
sys.unraisablehook = lambda unraisable: None
atexit.register(weakref.finalize(Forger(), print, "accepted"))
ring = [Forger()]
ring.append(ring)
