// task: sum
// limits: memory_bytes=512000000 cpu_seconds=2 wall_seconds=9
// expect: accepted (it answers only where nothing is reached)
// tries: to reach a listener of the host's, and to listen
const net = require("net");
const total = require("fs").readFileSync(0, "utf8").split(/\s+/).filter(Boolean).reduce((a, b) => a + Number(b), 0);
const reached = [];
let left = 4;
function ended(name, yes) {
  if (yes) reached.push(name);
  if (--left === 0) console.log(reached.length ? reached : total), process.exit(0);
}
function once(name, socket, event) {
  socket.once(event, () => ended(name, true));
  socket.once("error", () => ended(name, false));
}
once("loopback", net.connect(18099, "127.0.0.1"), "connect");
once("abstract", net.connect("\0rlef-hostile-18099"), "connect");
once("listener", net.createServer().listen(0), "listening");
require("dns").lookup("localhost.example", (error) => ended("name", !error));
