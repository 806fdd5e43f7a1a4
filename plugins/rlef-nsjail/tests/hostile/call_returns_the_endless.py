# task: add
# limits: cpu_seconds=0.3 wall_seconds=2 memory_bytes=64000000
# expect: memory_limit|time_limit (the list of its items grows until one of the two is reached)
# tries: to keep the encoder of values busy for ever
class Endless(list):
    def __iter__(self):
        while True:
            yield 1


def add(a, b):
    return Endless()
