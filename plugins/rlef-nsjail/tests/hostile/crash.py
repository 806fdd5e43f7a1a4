# task: sum
# expect: runtime_error
# tries: to crash the interpreter
import ctypes

ctypes.string_at(0)
