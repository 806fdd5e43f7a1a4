// task: sum
// limits: memory_bytes=512000000 cpu_seconds=2 wall_seconds=9
// expect: accepted (it answers only where nothing of the host is there)
// tries: to read and write files of the host
const fs = require("fs");
const reached = ["/etc/shadow", "/etc/hostname", "/root", "/home", "/sys/class", "/var/log", "/proc/1/environ", "/bin/sh"].filter((path) => fs.existsSync(path));
for (const folder of ["/", "/usr", "/lib", "/dev", "/etc"]) {
  try { fs.writeFileSync(folder + "/left-by-hostile", "x"); reached.push(folder); } catch {}
}
const total = fs.readFileSync(0, "utf8").split(/\s+/).filter(Boolean).reduce((a, b) => a + Number(b), 0);
console.log(reached.length ? reached : total);
