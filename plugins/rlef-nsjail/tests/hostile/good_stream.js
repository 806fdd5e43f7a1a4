// task: sum
// limits: memory_bytes=512000000 cpu_seconds=2 wall_seconds=9
// expect: accepted
// tries: nothing: lines as they come
let total = 0;
const lines = require("readline").createInterface({ input: process.stdin });
lines.on("line", (line) => line.split(/\s+/).filter(Boolean).forEach((word) => (total += Number(word))));
lines.on("close", () => setTimeout(() => console.log(total), 10));
