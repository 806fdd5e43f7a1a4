// task: sum
// limits: memory_bytes=512000000 cpu_seconds=2 wall_seconds=9
// expect: runtime_error
// tries: to upset whoever shows its exception
throw { get stack() { throw this; }, toString() { throw this; }, [Symbol.toPrimitive]() { throw this; } };
