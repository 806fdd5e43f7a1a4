# task: sum
# expect: accepted (it answers only where no frame knows the answer)
# tries: to find the expected output in the variables of its callers and of other threads
import sys

frames = list(sys._current_frames().values())
frame = sys._getframe().f_back
while frame is not None:
    frames.append(frame)
    frame = frame.f_back
known = [repr(one.f_locals) + repr(one.f_code.co_consts) for one in frames if one.f_code.co_filename != __file__]
total = str(sum(map(int, sys.stdin.read().split())))
found = [text for text in known if total in text]
print("found in a frame" if found else total)
