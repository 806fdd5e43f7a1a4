// Take a request from standard input and keep standard output for the answer; the program has neither.
"use strict";
const fs = require("fs");
const vm = require("vm");
const { createRequire } = require("module");

const SOURCE = "solution.js";
const { reallyExit } = process;
const { writeSync, ftruncateSync } = fs;

// Loads the program and writes what `work` makes of the request; then ends at once. A program that ends before has not answered.
async function answer(work) {
  const request = decode(fs.readFileSync(0, "latin1"));
  const told = keepStdout();
  try {
    load();
    writeAll(told, await work(request));
  } catch (error) {
    report(error);
    reallyExit.call(process, 1);
  }
  reallyExit.call(process, 0);
}

// Runs a text as a script of the one global scope, where the program's own names are.
function evaluate(text, filename) {
  return new vm.Script(text, { filename }).runInThisContext({ displayErrors: false });
}

function load() {
  const path = `${process.cwd()}/${SOURCE}`;
  const module = { exports: {}, filename: path, id: path, loaded: false, children: [], paths: [] };
  Object.assign(globalThis, { module, exports: module.exports, require: createRequire(path), __filename: path, __dirname: process.cwd() });
  process.argv[1] = path;
  evaluate(fs.readFileSync(SOURCE, "utf8"), SOURCE);
}

// Prints an error as if there were no driver.
function report(error) {
  const text = String((error && error.stack) || error);
  const lines = text.split("\n");
  const end = lines.findIndex((line) => /^ {4}at .*(node:vm:|driver\.js:)/.test(line));
  fs.writeSync(2, `${lines.slice(0, end < 0 ? undefined : end).join("\n")}\n`);
}

// The number of an open file that only the driver knows; what else is printed is lost. Node cannot duplicate a descriptor, but open it
// again; where there is no /proc it stays where it was.
function keepStdout() {
  let told = 1;
  try {
    told = fs.openSync("/proc/self/fd/1", "a");
    replace(1);
  } catch {
    process.stdout.write = () => true;
  }
  replace(0);
  return told;
}

function replace(descriptor) {
  fs.closeSync(descriptor);
  fs.openSync("/dev/null", "r+"); // takes the lowest number, which is the one just closed
}

function writeAll(descriptor, text) {
  const bytes = Buffer.from(text, "latin1");
  const place = descriptor === 1 && emptied(descriptor) ? (done) => done : () => null;
  for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done, bytes.length - done, place(done));
}

function emptied(descriptor) {
  try {
    ftruncateSync(descriptor, 0);
    return true;
  } catch {
    return false; // it is no file
  }
}
