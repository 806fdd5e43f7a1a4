// task: sum
// limits: memory_bytes=512000000 cpu_seconds=2 wall_seconds=9
// expect: wrong_answer
// tries: to end well without a word
process.exit(0);
