// Requests, replies, refusals, and what happens to those that a lost connection leaves unanswered.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { CairnClient, CairnError, isRepeatable } from '../../sdk/client/cairn.js';
import { fakeWebSocket, once } from './fake_socket.mjs';

const open_clients = [];
afterEach(() => {
    for (const client of open_clients.splice(0)) client.close();
});

function connected(options = {}) {
    const fake = fakeWebSocket();
    const client = new CairnClient({
        url: 'ws://test/ws',
        space: 'main',
        WebSocket: fake.WebSocket,
        backoff: { first_ms: 2, most_ms: 8, factor: 2 },
        random: () => 0,
        ...options,
    });
    open_clients.push(client);
    client.connect();
    fake.sockets[0].welcome();
    return { client, socket: fake.sockets[0], ...fake };
}

test('replies find their requests by id, in whatever order they come', async () => {
    const { client, socket } = connected();
    const first = client.request('object.create', { name: 'a' });
    const second = client.request('object.create', { name: 'b' });
    const [a, b] = socket.sent.slice(-2);
    assert.notEqual(a.id, b.id);
    socket.push({ re: b.id, ok: true, d: { id: 'ob' } });
    socket.push({ re: a.id, ok: true, d: { id: 'oa' } });
    assert.deepEqual([await first, await second], [{ id: 'oa' }, { id: 'ob' }]);
});

test('a refusal carries code, message, field, wait and trace', async () => {
    const { client, socket } = connected();
    const answer = client.request('object.create', {});
    const err = { code: 'rate_limited', message: '10 in 60 s.', field: 'd.name', retry_after_ms: 1200, trace: 'k3f9' };
    socket.push({ re: socket.sent.at(-1).id, err });
    await assert.rejects(answer, (error) => {
        assert.ok(error instanceof CairnError);
        const { code, message, field, retry_after_ms, trace, type } = error;
        assert.deepEqual({ code, message, field, retry_after_ms, trace }, err);
        assert.equal(type, 'object.create');
        return true;
    });
});

test('a refusal of something sent without an id is the event `refused`', async () => {
    const { client, socket } = connected();
    assert.equal(client.send('user.move', { p: [9999, 0, 0] }), true);
    assert.equal('id' in socket.sent.at(-1), false);
    const refused = once(client, 'refused');
    socket.push({ t: 'error', d: { code: 'invalid_field', message: 'Too far.', field: 'd.p[0]', re_t: 'user.move' } });
    const { code, field, type } = await refused;
    assert.deepEqual({ code, field, type }, { code: 'invalid_field', field: 'd.p[0]', type: 'user.move' });
});

test('events reach listeners by name and as *', () => {
    const { client, socket } = connected();
    const heard = [];
    const stop = client.on('chat.message', (data) => heard.push(data.message));
    client.on('*', (data, event) => heard.push(event.t));
    socket.push({ t: 'chat.message', s: 1, d: { message: 'hi' } });
    stop();
    socket.push({ t: 'chat.message', s: 2, d: { message: 'not heard' } });
    assert.deepEqual(heard, ['hi', 'chat.message', 'chat.message']);
});

test('no answer in time is an error', async () => {
    const { client } = connected();
    await assert.rejects(client.request('chat.send', { message: 'x' }, { timeout_ms: 10 }), { code: 'timeout' });
});

test('without a connection nothing is sent and the caller is told', async () => {
    const { client, socket } = connected({ backoff: { first_ms: 60000, most_ms: 60000 } });
    socket.drop();
    assert.equal(client.send('user.move', { p: [0, 0, 0] }), false);
    await assert.rejects(client.request('chat.send', { message: 'x' }), { code: 'disconnected' });
});

test('only what may be repeated is repeated', () => {
    const repeatable = [
        ['object.create', { id: 'mine' }],
        ['object.move', { id: 'o' }],
        ['object.delete', { id: 'o' }],
        ['object.update', { id: 'o' }],
        ['chat.edit', { id: 'c' }],
        ['user.update', {}],
    ];
    for (const [type, data] of repeatable) assert.equal(isRepeatable(type, data), true, type);
    for (const [type, data] of [
        ['object.create', {}],
        ['chat.send', { message: 'x' }],
        ['dice.roll', { id: 'x' }],
    ]) {
        assert.equal(isRepeatable(type, data), false, type);
    }
});

test('unanswered requests: the repeatable one is sent again after the join, the other fails', async () => {
    const { client, socket, sockets, opened } = connected();
    const made = client.request('object.create', { id: 'mine', name: 'box' });
    const said = client.request('dice.roll', { faces: 6 });
    const sent = socket.sent.find((frame) => frame.t === 'object.create');
    const again = opened();
    socket.drop();
    await assert.rejects(said, { code: 'disconnected' });
    await again;
    sockets[1].welcome();
    assert.deepEqual(
        sockets[1].sent.map((frame) => frame.t),
        ['hello', 'object.create'],
    );
    assert.deepEqual(sockets[1].sent[1], sent);
    sockets[1].push({ re: sent.id, ok: true, d: { id: 'mine' } });
    assert.deepEqual(await made, { id: 'mine' });
});

test('what the server does once per operation is sent again with the same operation', async () => {
    const { client, socket, sockets, opened } = connected();
    const said = client.request('chat.send', { message: 'once' });
    const other = client.request('chat.send', { message: 'once' });
    const [first, second] = socket.sent.slice(-2);
    assert.equal(typeof first.d.op, 'string');
    assert.notEqual(first.d.op, second.d.op);
    const again = opened();
    socket.drop();
    await again;
    sockets[1].welcome();
    assert.deepEqual(sockets[1].sent.slice(1), [first, second]);
    for (const { id } of [first, second]) sockets[1].push({ re: id, ok: true, d: { id: 'm' } });
    assert.deepEqual(await Promise.all([said, other]), [{ id: 'm' }, { id: 'm' }]);
});

test('somebody new does not do again what he did as another', async () => {
    const { client, socket, sockets, opened } = connected();
    const said = client.request('chat.send', { message: 'once' });
    const moved = client.request('object.move', { id: 'o', final: true });
    const again = opened();
    socket.drop();
    await again;
    sockets[1].welcome({ player: 'somebody-new' });
    await assert.rejects(said, { code: 'disconnected' });
    assert.deepEqual(
        sockets[1].sent.map((frame) => frame.t),
        ['hello', 'object.move'],
    );
    sockets[1].push({ re: sockets[1].sent[1].id, ok: true });
    await moved;
});

test('an operation of the caller is left as it is, and reading has none', () => {
    const { client, socket } = connected();
    client.request('chat.send', { message: 'x', op: 'mine' }).catch(() => {});
    assert.equal(socket.sent.at(-1).d.op, 'mine');
    client.request('object.move', { id: 'o', p: [0, 0, 0] }).catch(() => {});
    assert.equal('op' in socket.sent.at(-1).d, false);
    client.request('object.list', {}).catch(() => {});
    assert.equal('op' in socket.sent.at(-1).d, false);
});

test('a resend is not sent before the space is joined', async () => {
    const { client, socket, sockets, opened } = connected();
    const moved = client.request('object.move', { id: 'o', p: [1, 2, 3], final: true });
    const again = opened();
    socket.drop();
    await again;
    sockets[1].welcome({ space: undefined, n: undefined });
    assert.deepEqual(
        sockets[1].sent.map((frame) => frame.t),
        ['hello'],
    );
    sockets[1].push({ t: 'space.state', d: { space: 'main', chunk: 0, chunks: 1 } });
    assert.deepEqual(
        sockets[1].sent.map((frame) => frame.t),
        ['hello', 'object.move'],
    );
    sockets[1].push({ re: sockets[1].sent[1].id, ok: true });
    await moved;
});

for (const [type, data, code, result] of [
    ['object.create', { id: 'mine' }, 'conflict', { id: 'mine' }],
    ['object.delete', { id: 'mine' }, 'not_found', {}],
]) {
    test(`${type} sent twice: ${code} says that the first one arrived`, async () => {
        const { client, socket, sockets, opened } = connected();
        const answer = client.request(type, data);
        const again = opened();
        socket.drop();
        await again;
        sockets[1].welcome();
        sockets[1].push({ re: sockets[1].sent[1].id, err: { code, message: 'no' } });
        assert.deepEqual(await answer, result);
    });

    test(`${type} sent once: ${code} is a refusal`, async () => {
        const { client, socket } = connected();
        const answer = client.request(type, data);
        socket.push({ re: socket.sent.at(-1).id, err: { code, message: 'no' } });
        await assert.rejects(answer, { code });
    });
}

test('join goes to another space, and a reconnect comes back to it', async () => {
    const { client, socket, sockets, opened } = connected();
    const done = client.join('garden');
    socket.push({ re: socket.sent.at(-1).id, ok: true, d: { space: 'garden', n: 2 } });
    await done;
    assert.equal(client.n, 2);
    const again = opened();
    socket.drop();
    await again;
    assert.equal(sockets[1].welcome({ space: 'garden' }).d.space, 'garden');
});
