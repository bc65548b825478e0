// What the page believes about the space, event by event.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from '../../plugins/world_page/web/js/model.js';

const user = (n, fields = {}) => ({ n, id: `u${n}`, name: `User ${n}`, p: [n, 0, 0], r: [0, 0, 0], ...fields });
const box = (id, fields = {}) => ({
    id,
    name: 'Box',
    type: 'primitive',
    p: [0, 0.5, 0],
    r: [0, 0, 0],
    s: [1, 1, 1],
    properties: { shape: 'box' },
    ...fields,
});
const line = (id, at, fields = {}) => ({ id, n: 2, user: 'u2', name: 'User 2', message: `said ${id}`, at, ...fields });

function entered() {
    const world = new World();
    world.joined('u1', 1, false);
    world.state({ chunk: 0, chunks: 2, users: [user(1), user(2)], chat: [line('c1', 10)] });
    world.state({ chunk: 1, chunks: 2, objects: [box('a'), box('b')], chat: [line('c2', 20)] });
    return world;
}

const ids = (map) => [...map.keys()].sort();

test('the state comes in parts and is whole after the last', () => {
    const world = new World();
    let resets = 0;
    world.on('reset', () => (resets += 1));
    world.joined('u1', 1, false);
    world.state({ chunk: 0, chunks: 2, users: [user(1)], objects: [box('a')] });
    assert.equal(world.loaded, false);
    world.state({ chunk: 1, chunks: 2, objects: [box('b')], chat: [line('c1', 10)] });
    assert.equal(world.loaded, true);
    assert.equal(resets, 1);
    assert.deepEqual([ids(world.users), ids(world.objects), world.chat.length], [[1], ['a', 'b'], 1]);
});

test('a new state after a reconnect removes what is gone and keeps what came while it was on its way', () => {
    const world = entered();
    world.joined('u1', 7, false);
    world.state({ chunk: 0, chunks: 2, users: [user(7, { id: 'u1' })], objects: [box('b', { p: [5, 1, 5] })] });
    world.putObject(box('fresh'));
    world.say(line('c9', 99));
    world.state({ chunk: 1, chunks: 2, chat: [line('c2', 20)] });
    assert.deepEqual(ids(world.users), [7]);
    assert.deepEqual(ids(world.objects), ['b', 'fresh']);
    assert.deepEqual(world.objects.get('b').p, [5, 1, 5]);
    assert.deepEqual(
        world.chat.map((one) => one.id),
        ['c2', 'c9'],
    );
    assert.equal(world.self.id, 'u1');
});

test('a resumed connection keeps everything', () => {
    const world = entered();
    world.joined('u1', 1, true);
    world.putObject(box('missed'));
    assert.deepEqual(ids(world.objects), ['a', 'b', 'missed']);
    assert.equal(world.users.size, 2);
});

test('a state that leaves oneself out does not leave oneself out', () => {
    const world = new World();
    world.own_name = 'Ada';
    world.joined('u1', 1, false);
    world.state({ chunk: 0, chunks: 1, users: [user(2)] });
    assert.equal(world.self.name, 'Ada');
});

test('people come, move, rename themselves and go', () => {
    const world = entered();
    world.putUser(user(3));
    world.usersMoved(
        [
            [3, 1, 2, 3, 0, 0.5, 0, 100],
            [77, 0, 0, 0, 0, 0, 0, 0],
        ],
        1000,
    );
    assert.deepEqual(
        [world.users.get(3).p, world.users.get(3).r],
        [
            [1, 2, 3],
            [0, 0.5, 0],
        ],
    );
    world.updateUser({ n: 3, name: 'Eve' });
    assert.equal(world.users.get(3).name, 'Eve');
    world.dropUser(3);
    assert.deepEqual(ids(world.users), [1, 2]);
});

test('the own row is ignored: one knows better where one stands', () => {
    const world = entered();
    world.usersMoved([[1, 50, 0, 50, 0, 0, 0, 1]], 1000);
    assert.deepEqual(world.self.p, [1, 0, 0]);
});

test('a number that is given to somebody else is somebody else', () => {
    const world = entered();
    const before = world.users.get(2);
    world.putUser(user(2, { id: 'other' }));
    assert.notEqual(world.users.get(2), before);
    assert.equal(world.users.get(2).id, 'other');
});

test('objects: rows may leave parts out, nonsense does not get in', () => {
    const world = entered();
    world.objectsMoved([
        ['a', [1, 2, 3], null, [2, 2, 2], 2, 5],
        ['b', [1, Infinity, 3]],
        ['b', 'far'],
        ['nobody', [0, 0, 0]],
    ]);
    assert.deepEqual(
        [world.objects.get('a').p, world.objects.get('a').r, world.objects.get('a').s],
        [
            [1, 2, 3],
            [0, 0, 0],
            [2, 2, 2],
        ],
    );
    assert.deepEqual(world.objects.get('b').p, [0, 0.5, 0]);
    assert.equal(world.objects.has('nobody'), false);
});

test('an update changes what it names and nothing else', () => {
    const world = entered();
    world.updateObject({ id: 'a', properties: { shape: 'cone', color: '#112233' } });
    assert.deepEqual(world.objects.get('a').properties, { shape: 'cone', color: '#112233' });
    assert.equal(world.objects.get('a').name, 'Box');
    world.updateObject({ id: 'nobody', name: 'x' });
    assert.equal(world.objects.has('nobody'), false);
});

test('properties that come as JSON text are read', () => {
    const world = entered();
    world.putObject(box('t', { properties: '{"shape":"ring"}' }));
    world.putObject(box('u', { properties: 'not json' }));
    assert.deepEqual([world.objects.get('t').properties, world.objects.get('u').properties], [{ shape: 'ring' }, {}]);
});

test('chat: said, edited, deleted, and never twice', () => {
    const world = entered();
    const heard = [];
    world.on('chat.new', (one) => heard.push(one.id));
    world.say(line('c3', 30));
    world.say(line('c3', 30));
    world.editChat({ id: 'c3', message: 'better' });
    assert.deepEqual(heard, ['c3']);
    assert.deepEqual([world.chat.at(-1).message, world.chat.at(-1).edited], ['better', true]);
    world.dropChat('c3');
    assert.deepEqual(
        world.chat.map((one) => one.id),
        ['c1', 'c2'],
    );
});

test('the page keeps the last 200 lines', () => {
    const world = entered();
    for (let i = 0; i < 300; i++) world.say(line(`x${i}`, 100 + i));
    assert.equal(world.chat.length, 200);
    assert.equal(world.chat.at(-1).id, 'x299');
});
