// task: sum
// limits: memory_bytes=256000000 cpu_seconds=4 wall_seconds=12
// expect: memory_limit
// tries: to take memory and use it until something gives
const blocks = [];
for (;;) blocks.push(Buffer.alloc(1 << 20, 1));
