# task: sum
# expect: runtime_error
# tries: to upset whoever shows its exception
class Silent(Exception):
    def __str__(self):
        raise self

    __repr__ = __str__

    @property
    def __traceback__(self):
        raise self

    @property
    def __cause__(self):
        return self


raise Silent from Silent()
