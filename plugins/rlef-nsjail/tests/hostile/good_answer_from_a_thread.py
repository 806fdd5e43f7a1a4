# task: sum
# expect: accepted
# tries: nothing: the main thread ends before the one that answers
import sys
import threading
import time


def answer():
    time.sleep(0.05)
    print(sum(map(int, sys.stdin.read().split())))


threading.Thread(target=answer).start()
