// task: sum
// limits: memory_bytes=512000000 cpu_seconds=2 wall_seconds=9
// expect: wrong_answer
// tries: to be equal to everything, and right in what others print
Object.prototype.toString = Array.prototype.join = String.prototype.valueOf = () => "accepted";
Object.prototype.equals = () => true;
process.on("exit", () => console.log("accepted"));
