# task: sum
# limits: cpu_seconds=0.3 wall_seconds=2
# expect: time_limit
# tries: to compute for ever in one call, where no signal is looked at
import re

re.match("(a|a)*$", "a" * 64 + "b")
