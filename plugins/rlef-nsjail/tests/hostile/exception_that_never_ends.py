# task: sum
# limits: cpu_seconds=0.3 wall_seconds=2
# expect: time_limit
# tries: to keep whoever shows its exception busy for ever
class Endless(Exception):
    def __str__(self):
        while True:
            pass


raise Endless
