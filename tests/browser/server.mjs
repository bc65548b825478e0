// The real server, started and killed by the test.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_MS = 30000;

function freePort() {
    return new Promise((resolve, reject) => {
        const probe = createServer();
        probe.on('error', reject);
        probe.listen(0, '127.0.0.1', () => {
            const { port } = probe.address();
            probe.close(() => resolve(port));
        });
    });
}

/** One data folder and one port for its whole life; the process beneath may die and come back. */
export class Server {
    static async create() {
        for (const name of ['CAIRN_BIN', 'CAIRN_CONFIG']) {
            if (!process.env[name])
                throw new Error(`set ${name}: CAIRN_BIN is the built server, CAIRN_CONFIG its YAML file`);
        }
        const server = new Server();
        server.folder = mkdtempSync(join(tmpdir(), 'cairn-browser-'));
        server.log = join(server.folder, 'server.log');
        server.port = await freePort();
        server.url = `http://127.0.0.1:${server.port}/`;
        await server.start();
        return server;
    }

    async start() {
        const args = [
            'run',
            process.env.CAIRN_CONFIG,
            '--set',
            `data_dir=${join(this.folder, 'data')}`,
            '--set',
            `plugins.gateway.listen=127.0.0.1:${this.port}`,
        ];
        this.process = spawn(process.env.CAIRN_BIN, args, { stdio: ['ignore', 'pipe', 'pipe'] });
        this.ended = new Promise((resolve) => this.process.on('exit', (code, signal) => resolve(signal ?? code)));
        for (const stream of [this.process.stdout, this.process.stderr])
            stream.on('data', (text) => appendFileSync(this.log, text));
        let early = null;
        this.ended.then((how) => (early = how));
        for (const give_up = Date.now() + START_MS; Date.now() < give_up;) {
            if (early !== null) throw new Error(`the server ended (${early}) while starting:\n${this.tail()}`);
            const answer = await fetch(`${this.url}health`).catch(() => null);
            if (answer?.ok) return;
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
        throw new Error(`the server did not answer GET /health within ${START_MS} ms:\n${this.tail()}`);
    }

    /** As if somebody had pulled the plug. */
    async kill() {
        this.process.kill('SIGKILL');
        await this.ended;
    }

    async remove() {
        if (this.process.exitCode === null && this.process.signalCode === null) {
            this.process.kill('SIGTERM');
            const patience = setTimeout(() => this.process.kill('SIGKILL'), 15000);
            await this.ended;
            clearTimeout(patience);
        }
        rmSync(this.folder, { recursive: true, force: true });
    }

    tail() {
        try {
            return readFileSync(this.log, 'utf8').split('\n').slice(-40).join('\n');
        } catch {
            return '(it printed nothing)';
        }
    }
}
