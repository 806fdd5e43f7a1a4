// task: sum
// limits: memory_bytes=512000000 cpu_seconds=2 wall_seconds=9
// expect: output_limit
// tries: to write for ever
const fs = require("fs");
for (;;) fs.writeSync(1, "x".repeat(65536));
