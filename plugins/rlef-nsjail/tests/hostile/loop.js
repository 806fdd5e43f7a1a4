// task: sum
// limits: memory_bytes=512000000 cpu_seconds=0.5 wall_seconds=3
// expect: time_limit
// tries: to compute for ever
for (;;) {}
