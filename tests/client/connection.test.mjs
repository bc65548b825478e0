// How the client connects, comes back, and when it does not.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { CairnClient, PROTOCOL, reconnectDelay } from '../../sdk/client/cairn.js';
import { fakeWebSocket, memory, once } from './fake_socket.mjs';

const open_clients = [];
afterEach(() => {
    for (const client of open_clients.splice(0)) client.close();
});

function start(options = {}) {
    const fake = fakeWebSocket();
    const client = new CairnClient({
        url: 'ws://test/ws',
        space: 'main',
        name: 'Ada',
        WebSocket: fake.WebSocket,
        backoff: { first_ms: 2, most_ms: 8, factor: 2 },
        random: () => 0,
        ...options,
    });
    open_clients.push(client);
    return { client, ...fake };
}

test('hello is the first frame, with the subprotocol, the name and the space', () => {
    const { client, sockets } = start();
    client.connect();
    assert.deepEqual(sockets[0].protocols, [PROTOCOL]);
    sockets[0].accept();
    assert.equal(sockets[0].sent.length, 1);
    assert.equal(sockets[0].sent[0].t, 'hello');
    const { client: program, ...said } = sockets[0].sent[0].d;
    assert.match(program, /^cairn\.js\//);
    assert.deepEqual(said, { name: 'Ada', space: 'main' });
});

test('welcome with a space means connected and joined', async () => {
    const { client, sockets } = start();
    const states = [];
    client.on('state', (now) => states.push(now.state));
    client.connect();
    const joined = client.joined();
    sockets[0].welcome();
    await joined;
    assert.deepEqual(states, ['connecting', 'connected']);
    assert.equal(client.player, 'p1');
    assert.equal(client.n, 4);
    assert.equal(client.in_space, true);
});

test('a first start sends the kept token without `last`: it holds no state to continue from', () => {
    const storage = memory();
    storage.save({ token: 'kept' });
    const { client, sockets } = start({ storage });
    client.connect();
    assert.deepEqual(sockets[0].welcome().d.resume, { token: 'kept' });
});

test('a reconnect resumes with the newest token and the number of the last event heard', async () => {
    const storage = memory();
    const { client, sockets, opened } = start({ storage });
    client.connect();
    sockets[0].welcome();
    assert.equal(storage.load().token, 'token-1');
    sockets[0].push({ t: 'chat.message', s: 41, d: { id: 'c' } });
    sockets[0].push({ t: 'user.moved', d: [] });
    const again = opened();
    sockets[0].drop();
    assert.equal(client.state.state, 'waiting');
    assert.deepEqual((await again) && sockets[1].welcome({ resumed: true }).d.resume, { token: 'token-1', last: 41 });
});

test('after a restart that could not resume, the old number is forgotten', async () => {
    const { client, sockets, opened } = start();
    client.connect();
    sockets[0].welcome();
    sockets[0].push({ t: 'chat.message', s: 41, d: { id: 'c' } });
    let again = opened();
    sockets[0].drop();
    await again;
    sockets[1].welcome({ resumed: false });
    again = opened();
    sockets[1].drop();
    await again;
    assert.deepEqual(sockets[2].welcome().d.resume, { token: 'token-1' });
});

test('bye sets the earliest time of the reconnect and gives the reason', async () => {
    const { client, sockets } = start();
    client.connect();
    sockets[0].welcome();
    sockets[0].push({ t: 'bye', d: { code: 1001, reason: 'The server is restarting.', reconnect_after_ms: 60000 } });
    sockets[0].drop(1001);
    assert.equal(client.state.state, 'waiting');
    assert.equal(client.state.reason, 'The server is restarting.');
    assert.ok(client.state.retry_in_ms >= 60000, `waits ${client.state.retry_in_ms} ms`);
});

test('connect() ends the wait at once', () => {
    const { client, sockets } = start({ backoff: { first_ms: 60000, most_ms: 60000 } });
    client.connect();
    sockets[0].welcome();
    sockets[0].drop();
    assert.equal(sockets.length, 1);
    client.connect();
    assert.equal(sockets.length, 2);
});

test('a server that is not there is tried again, each time later', async () => {
    const { client, sockets, opened } = start();
    const waits = [];
    client.on('state', (now) => now.state === 'waiting' && waits.push(now.retry_in_ms));
    client.connect();
    for (let i = 0; i < 4; i++) {
        const again = opened();
        sockets[i].drop();
        await again;
    }
    assert.deepEqual(waits, [1, 2, 4, 4]);
});

test("delays: exponential, upper half random, the server's wish is a floor", () => {
    const backoff = { first_ms: 100, most_ms: 1000, factor: 2 };
    assert.equal(
        reconnectDelay(0, backoff, 0, () => 0),
        50,
    );
    assert.equal(
        reconnectDelay(0, backoff, 0, () => 0.999999),
        100,
    );
    assert.equal(
        reconnectDelay(3, backoff, 0, () => 0),
        400,
    );
    assert.equal(
        reconnectDelay(99, backoff, 0, () => 0),
        500,
    );
    assert.equal(
        reconnectDelay(0, backoff, 3000, () => 0),
        3000,
    );
    assert.equal(
        reconnectDelay(0, backoff, 3000, () => 1),
        3750,
    );
});

for (const [code, why] of [
    [4403, 'forbidden'],
    [4409, 'replaced by a newer login'],
]) {
    test(`close ${code} (${why}) is final`, () => {
        const { client, sockets } = start();
        client.connect();
        sockets[0].welcome();
        sockets[0].push({ t: 'bye', d: { code, reason: why } });
        sockets[0].drop(code);
        assert.equal(client.state.state, 'refused');
        assert.equal(client.state.code, code);
        assert.equal(client.state.reason, why);
        client.connect();
        assert.equal(sockets.length, 2, 'a person may ask again');
    });
}

test('a token that is not taken any more is dropped once, then it is final', () => {
    const storage = memory();
    storage.save({ token: 'old' });
    const { client, sockets } = start({ storage });
    client.connect();
    sockets[0].accept();
    sockets[0].push({ t: 'bye', d: { code: 4401, reason: 'The token has expired.' } });
    sockets[0].drop(4401);
    assert.equal(sockets.length, 2);
    sockets[1].accept();
    assert.equal(sockets[1].sent[0].d.resume, undefined);
    sockets[1].push({ t: 'bye', d: { code: 4401, reason: 'Log in first.' } });
    sockets[1].drop(4401);
    assert.equal(client.state.state, 'refused');
    assert.equal(client.state.reason, 'Log in first.');
});

test('a hello that is refused for its name ends in `refused` with the field', () => {
    const { client, sockets } = start();
    client.connect();
    sockets[0].accept();
    sockets[0].push({
        t: 'error',
        d: { code: 'invalid_field', message: 'Use letters.', field: 'd.name', re_t: 'hello' },
    });
    sockets[0].drop(1008);
    assert.equal(client.state.state, 'refused');
    assert.equal(client.state.error.field, 'd.name');
    assert.equal(client.state.reason, 'Use letters.');
});

test('a full space is waited for and then joined', async () => {
    const { client, sockets } = start();
    client.connect();
    sockets[0].welcome({ space: undefined, n: undefined });
    sockets[0].push({
        t: 'error',
        d: { code: 'full', message: 'The space is full.', retry_after_ms: 5, re_t: 'hello' },
    });
    assert.equal(client.state.state, 'waiting');
    const request = await sockets[0].next();
    assert.equal(request.t, 'space.join');
    const joined = client.joined();
    sockets[0].push({ re: request.id, ok: true, d: { space: 'main', n: 9 } });
    await joined;
    assert.equal(client.n, 9);
    assert.equal(client.state.state, 'connected');
});

test('a space that does not exist is final', () => {
    const { client, sockets } = start();
    client.connect();
    sockets[0].welcome({ space: undefined, n: undefined });
    sockets[0].push({ t: 'error', d: { code: 'not_found', message: 'No such space.', re_t: 'space.join' } });
    assert.equal(client.state.state, 'refused');
    assert.equal(client.state.error.code, 'not_found');
});

test('silence after a heartbeat ends the connection; any frame keeps it', async () => {
    const { client, sockets, opened } = start({ ping_timeout_ms: 40 });
    client.connect();
    sockets[0].welcome();
    client.probe();
    assert.equal(sockets[0].sent.at(-1).t, 'ping');
    sockets[0].push({ t: 'user.moved', d: [] });
    await new Promise((resolve) => setTimeout(resolve, 120));
    assert.equal(client.state.state, 'connected');
    const again = opened();
    client.probe();
    await again;
    assert.equal(sockets[0].readyState, 3);
});

test("an answered heartbeat measures the round trip and the server's clock", async () => {
    const { client, sockets } = start();
    client.connect();
    sockets[0].welcome();
    client.probe();
    const ping = sockets[0].sent.at(-1);
    const measured = once(client, 'rtt');
    sockets[0].push({ re: ping.id, ok: true, d: { ts: ping.d.ts, server_time: Date.now() + 5000 } });
    assert.ok((await measured) >= 0);
    assert.ok(Math.abs(client.serverTime() - Date.now() - 5000) < 1000);
});

test('a frame that is not JSON ends the connection, not the program', async () => {
    const { client, sockets, opened } = start();
    client.connect();
    sockets[0].welcome();
    const again = opened();
    sockets[0].push('{"t":');
    assert.equal(client.state.code, 1007);
    await again;
});

test('close is for good', async () => {
    const { client, sockets } = start();
    client.connect();
    sockets[0].welcome();
    const answer = client.request('chat.send', { message: 'x' });
    client.close();
    await assert.rejects(answer, { code: 'closed' });
    assert.equal(client.state.state, 'closed');
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(sockets.length, 1);
});
