// Compiles every ```cpp fence of the documentation against the SDK's headers, so that no page shows what does not build.
//   node tests/docs/snippets.mjs [PAGE.md …]
//
// A fence is a file of its own; <cairn/plugin.hpp> is included when it includes nothing itself. What a fence leaves out is
// said in a comment on the line before it, which readers do not see:
//   <!-- cpp: inside (cairn::Space& space) -->   the fence is the body of a function with these parameters
//   <!-- cpp: after dice_plugin.cpp -->          the fence goes on where the fence whose first line is
//                                                `// file: dice_plugin.cpp`, on the same page, ended
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const compiler = process.env.CXX || "g++";
const flags = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter",
               "-Wno-unused-variable", "-Wno-unused-function", "-Wno-unused-but-set-variable"];
const includes = ["sdk/include", "sdk/testkit/include"].map((folder) => "-I" + join(root, folder));

function pages(folder) {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        if (["node_modules", "build", ".git", "corpora"].includes(entry.name)) return [];
        const path = join(folder, entry.name);
        if (entry.isDirectory()) return pages(path);
        return entry.name.endsWith(".md") ? [path] : [];
    });
}

function fences(page) {
    const lines = readFileSync(page, "utf8").split("\n");
    const found = [];
    for (let i = 0; i < lines.length; i++) {
        const opening = /^(\s*)```cpp\s*$/.exec(lines[i]);
        if (!opening) continue;
        const from = i + 1;
        while (++i < lines.length && lines[i].trim() !== "```");
        const code = lines.slice(from, i).map((line) => line.startsWith(opening[1]) ? line.slice(opening[1].length) : line);
        let before = from - 2;
        while (before >= 0 && lines[before].trim() === "") before--;
        const hint = before >= 0 ? /^\s*<!-- cpp: (.*) -->\s*$/.exec(lines[before]) : null;
        found.push({ page, line: from, code: code.join("\n"), hint: hint ? hint[1] : "",
                     file: /^\/\/ file: (\S+)/.exec(code[0] ?? "")?.[1] });
    }
    return found;
}

/// The fence as a whole file; throws when its hint says nothing.
function whole(fence, files) {
    const place = `#line ${fence.line + 1} "${relative(root, fence.page)}"\n`;
    const prelude = /^\s*#include/m.test(fence.code) ? "" : "#include <cairn/plugin.hpp>\n";
    if (fence.hint === "") return prelude + place + fence.code;
    const inside = /^inside (\(.*\))$/.exec(fence.hint);
    if (inside) return `${prelude}[[maybe_unused]] static void snippet${inside[1]} {\n${place}${fence.code}\n}\n`;
    const after = /^after (\S+)$/.exec(fence.hint);
    if (after && files.has(after[1])) return files.get(after[1]) + "\n" + place + fence.code;
    throw new Error(`${relative(root, fence.page)}:${fence.line - 1}: "${fence.hint}" is neither "inside (…)" nor "after FILE" of a fence above it`);
}

const wanted = process.argv.slice(2);
const jobs = [];
for (const page of wanted.length ? wanted : pages(root)) {
    const files = new Map();
    for (const fence of fences(page)) {
        const source = whole(fence, files).replace(/^#pragma once$/gm, "");  // a header's page stands for itself here
        if (fence.file) files.set(fence.file, source);
        else if (fence.hint.startsWith("after ")) files.set(fence.hint.slice(6), source);
        jobs.push({ fence, source });
    }
}
if (jobs.length === 0) {
    console.error("No ```cpp fence was found: is this the right folder?");
    process.exit(1);
}

const scratch = mkdtempSync(join(tmpdir(), "cairn-snippets-"));
let failed = 0;
async function worker() {
    for (let job = jobs.shift(); job; job = jobs.shift()) {
        const file = join(scratch, `snippet_${jobs.length}.cpp`);
        writeFileSync(file, job.source);
        const place = `${relative(root, job.fence.page)}:${job.fence.line}`;
        await new Promise((resolve) => execFile(compiler, [...flags, ...includes, file], (error, _, errors) => {
            if (error) {
                failed++;
                console.error(`${place}: does not compile\n${errors || error.message}`);
            } else {
                console.log(`${place}: compiles`);
            }
            resolve();
        }));
    }
}
const count = jobs.length;
await Promise.all(Array.from({ length: availableParallelism() }, worker));
rmSync(scratch, { recursive: true });
console.log(`${count - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
