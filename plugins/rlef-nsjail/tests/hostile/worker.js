// task: sum
// limits: memory_bytes=512000000 cpu_seconds=2 wall_seconds=9
// expect: wrong_answer|runtime_error (a worker may write until the main thread ends; under a low limit of threads it cannot start)
// tries: to write from a worker after the answer
const { Worker, isMainThread } = require("worker_threads");
if (isMainThread) {
  new Worker(__filename);
  const total = require("fs").readFileSync(0, "utf8").split(/\s+/).filter(Boolean).reduce((a, b) => a + Number(b), 0);
  console.log(total);
} else {
  setTimeout(() => console.log("and more"), 50);
}
