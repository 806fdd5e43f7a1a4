// task: sum
// limits: memory_bytes=512000000 cpu_seconds=2 wall_seconds=9
// expect: runtime_error
// tries: to recurse without an end
function deeper(n) { return deeper(n + 1) + 1; }
deeper(0);
