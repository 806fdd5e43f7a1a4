// task: sum
// limits: memory_bytes=512000000 cpu_seconds=2 wall_seconds=9
// expect: accepted (it answers only where no other process can be signalled)
// tries: to find other processes to signal
const reached = [1, -1, 0, process.ppid, 2, 3].filter((target) => {
  if (target === process.pid) return false;
  try { process.kill(target, 0); return true; } catch { return false; }
});
const total = require("fs").readFileSync(0, "utf8").split(/\s+/).filter(Boolean).reduce((a, b) => a + Number(b), 0);
console.log(reached.length ? reached : total);
