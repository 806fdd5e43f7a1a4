# task: sum
# limits: cpu_seconds=0.3 wall_seconds=2
# expect: time_limit
# tries: to compute for long in one call, where no signal is looked at
import sys

sys.set_int_max_str_digits(0)
print(len(str(7 ** (1 << 21))))
