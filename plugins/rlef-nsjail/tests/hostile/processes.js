// task: sum
// limits: memory_bytes=512000000 cpu_seconds=2 wall_seconds=9
// expect: accepted (it answers only where no process can be started)
// tries: to start processes
const { spawnSync, execFileSync, fork } = require("child_process");
const reached = [];
for (const name of ["sh", "/bin/sh", "node", process.execPath, "true"]) {
  const result = spawnSync(name, ["-e", ""]);
  if (!result.error) reached.push(name);
  try { execFileSync(name); reached.push("exec " + name); } catch {}
}
try { const child = fork(__filename); child.on("error", () => {}); if (child.pid) reached.push("fork"); } catch {}
const total = require("fs").readFileSync(0, "utf8").split(/\s+/).filter(Boolean).reduce((a, b) => a + Number(b), 0);
console.log(reached.length ? reached : total);
